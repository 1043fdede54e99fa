public import ConstatCore
public import Foundation
import HTTPTypes
public import Postgres

/// The plain life of a noun: list, create, read, change, and delete where the domain deletes. What is
/// particular to it comes in as closures; what is not stands here once.
public struct Resource: Sendable {
  let path: String
  let table: String
  let fields: FieldSet
  let read: Access
  let write: Access
  /// The resource by id, its columns named as its members.
  let one: @Sendable (UUID, UUID) -> SQL
  /// A page of them; the second argument reads the filters.
  let list: @Sendable (UUID, QueryParameters, Page) throws -> SQL
  let filters: [String]
  let deletable: Bool
  /// Completes or refuses the column values before they are written; `id` is the row's.
  let prepare: @Sendable (WriteCall, UUID, Use, inout [String: JSONValue]) async throws -> Void
  /// Follows up in the same transaction.
  let then: @Sendable (WriteCall, UUID, Use) async throws -> Void

  public enum Use: Sendable { case creation, change, deletion }

  public init(
    _ path: String, table: String, fields: FieldSet, read: Access, write: Access, filters: [String] = [],
    deletable: Bool = false, one: @escaping @Sendable (UUID, UUID) -> SQL,
    list: @escaping @Sendable (UUID, QueryParameters, Page) throws -> SQL,
    prepare: @escaping @Sendable (WriteCall, UUID, Use, inout [String: JSONValue]) async throws -> Void = {
      _, _, _, _ in
    },
    then: @escaping @Sendable (WriteCall, UUID, Use) async throws -> Void = { _, _, _ in }
  ) {
    self.path = path
    self.table = table
    self.fields = fields
    self.read = read
    self.write = write
    self.filters = filters
    self.deletable = deletable
    self.one = one
    self.list = list
    self.prepare = prepare
    self.then = then
  }

  public func register(in routes: inout Routes) {
    registerReads(in: &routes)
    routes.post(path, write) { writing in
      var values = try writing.call.fields(fields, as: .creation)
      let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
      let given = values
      try await prepare(writing, id, .creation, &values)
      let rows = RowStore(transaction: writing.transaction)
      if try await rows.insert(table, organization: writing.organization, id: id, values) {
        try await then(writing, id, .creation)
        return try .resource(
          await writing.transaction.query(one(writing.organization, id)), status: .created,
          location: "\(path)/\(id.uuidString.lowercased())")
      }
      guard try await rows.matches(table, id: id, given) else {
        throw Problem.idTaken
      }
      return try .resource(await writing.transaction.query(one(writing.organization, id)))
    }
    routes.patch("\(path)/{id}", write) { writing in
      let id = try writing.call.id()
      let expected = try writing.call.ifMatch()
      var values = try writing.call.fields(fields, as: .patch)
      try await prepare(writing, id, .change, &values)
      try await RowStore(transaction: writing.transaction).update(table, id: id, expected: expected, values)
      try await then(writing, id, .change)
      return try .resource(await writing.transaction.query(one(writing.organization, id)))
    }
    if deletable { registerDeletion(in: &routes) }
  }

  private func registerReads(in routes: inout Routes) {
    routes.get(path, read) { reading in
      let page = try Page(reading.call, filters: filters)
      return try .list(
        await reading.query(list(reading.call.organization, reading.call.query, page)), page: page)
    }
    routes.get("\(path)/{id}", read) { reading in
      try .resource(await reading.query(one(reading.call.organization, reading.call.id())))
    }
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
}
