public import ConstatCore
public import Foundation
import HTTPTypes
public import Postgres

/// The plain life of a noun that belongs to another: listed and created under its parent
/// (`/v1/buildings/{id}/modules`), read, changed and deleted by its own id (`/v1/modules/{id}`). A parent's
/// children are few, so the list has them all.
public struct ChildResource: Sendable {
  /// The parent's path, `/v1/buildings`, and table.
  let parent: (path: String, table: String)
  /// The last step of the collection's path.
  let collection: String
  let path: String
  let table: String
  /// The column that names the parent; the path gives it, so bodies do not have it.
  let link: String
  let fields: FieldSet
  let read: Access
  let write: Access
  let deletable: Bool
  let one: @Sendable (UUID, UUID) -> SQL
  /// All children of a parent.
  let list: @Sendable (UUID, UUID) -> SQL
  /// What rows become on the wire; the row as it is, unless something has to be computed of it.
  let shown: (@Sendable (JSONValue) -> JSONValue)?
  /// Completes or refuses the column values; the second argument is the row's id.
  let prepare: @Sendable (WriteCall, UUID, Resource.Use, inout [String: JSONValue]) async throws -> Void
  /// Follows up in the same transaction.
  let then: @Sendable (WriteCall, UUID, Resource.Use) async throws -> Void

  public init(
    of parent: (path: String, table: String), collection: String, path: String, table: String, link: String,
    fields: FieldSet, read: Access, write: Access, deletable: Bool = false,
    one: @escaping @Sendable (UUID, UUID) -> SQL, list: @escaping @Sendable (UUID, UUID) -> SQL,
    shown: (@Sendable (JSONValue) -> JSONValue)? = nil,
    prepare:
      @escaping @Sendable (WriteCall, UUID, Resource.Use, inout [String: JSONValue]) async throws -> Void =
      { _, _, _, _ in },
    then: @escaping @Sendable (WriteCall, UUID, Resource.Use) async throws -> Void = { _, _, _ in }
  ) {
    self.parent = parent
    self.collection = collection
    self.path = path
    self.table = table
    self.link = link
    self.fields = fields.without(link)
    self.read = read
    self.write = write
    self.deletable = deletable
    self.one = one
    self.list = list
    self.shown = shown
    self.prepare = prepare
    self.then = then
  }

  public func register(in routes: inout Routes) {
    let collectionPath = "\(parent.path)/{id}/\(collection)"
    routes.get(collectionPath, read) { reading in
      let (organization, id) = (try reading.call.organization, try reading.call.id())
      try reading.call.query.only()
      let results = try await reading.query([RowStore.version(parent.table, id: id), list(organization, id)])
      guard try results[0].value(Int64?.self) ?? nil != nil else { throw Problem.notFound }
      return if let shown { try .items(results[1], shown: shown) } else { .items(results[1]) }
    }
    routes.post(collectionPath, write) { try await create($0) }
    routes.get("\(path)/{id}", read) { reading in
      try reply(await reading.query(one(reading.call.organization, reading.call.id())))
    }
    routes.patch("\(path)/{id}", write) { writing in
      let id = try writing.call.id()
      let expected = try writing.call.ifMatch()
      var values = try writing.call.fields(fields, as: .patch)
      try await prepare(writing, id, .change, &values)
      try await RowStore(transaction: writing.transaction).update(table, id: id, expected: expected, values)
      try await then(writing, id, .change)
      return try reply(await writing.transaction.query(one(writing.organization, id)))
    }
    if deletable { registerDeletion(in: &routes) }
  }

  private func create(_ writing: WriteCall) async throws -> Reply {
    let parentID = try writing.call.id()
    var values = try writing.call.fields(fields, as: .creation)
    let rows = RowStore(transaction: writing.transaction)
    guard try await rows.exists(parent.table, id: parentID) else { throw Problem.notFound }
    values[link] = .string(parentID.uuidString.lowercased())
    let given = values
    let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
    try await prepare(writing, id, .creation, &values)
    if try await rows.insert(table, organization: writing.organization, id: id, values) {
      try await then(writing, id, .creation)
      return try reply(
        await writing.transaction.query(one(writing.organization, id)), status: .created,
        location: "\(path)/\(id.uuidString.lowercased())")
    }
    guard try await rows.matches(table, id: id, given) else { throw Problem.idTaken }
    return try reply(await writing.transaction.query(one(writing.organization, id)))
  }

  private func registerDeletion(in routes: inout Routes) {
    routes.delete("\(path)/{id}", write) { writing in
      let id = try writing.call.id()
      let expected = try writing.call.ifMatch()
      var none: [String: JSONValue] = [:]
      try await prepare(writing, id, .deletion, &none)
      try await RowStore(transaction: writing.transaction).delete(table, id: id, expected: expected)
      try await then(writing, id, .deletion)
      return .noContent
    }
  }

  private func reply(_ result: QueryResult, status: HTTPResponse.Status = .ok, location: String? = nil) throws
    -> Reply
  {
    var reply = try Reply.resource(result, status: status, location: location)
    if let shown { reply.body = shown(try JSONValue.parse(reply.body)).serialized() }
    return reply
  }
}
