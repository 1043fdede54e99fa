import ConstatCore
import Foundation
import Postgres

/// The plain life of a noun that belongs to another: listed and created under its parent
/// (`/v1/buildings/{id}/modules`), read, changed and deleted by its own id (`/v1/modules/{id}`). A parent's
/// children are few, so the list has them all.
struct ChildResource: Sendable {
  /// The parent's path, `/v1/buildings`, and table.
  let parent: (path: String, table: String)
  /// The last step of the collection's path.
  let collection: String
  /// The column that names the parent; the path gives it, so bodies do not have it.
  let link: String
  private(set) var row: ResourceRow
  /// All children of a parent.
  let list: ResourceRow.Query

  /// `shown`: what rows become on the wire, where something has to be computed of them.
  init(
    of parent: (path: String, table: String), collection: String, path: String, table: String, link: String,
    fields: FieldSet, read: Access, write: Access, deletable: Bool = false,
    one: @escaping ResourceRow.Query, list: @escaping ResourceRow.Query,
    shown: (@Sendable (JSONValue) -> JSONValue)? = nil,
    prepare: @escaping ResourceRow.Preparation = { _, _, _, _ in },
    then: @escaping ResourceRow.FollowUp = { _, _, _ in },
    proposesDeletion: @escaping ResourceRow.DeletionProposal = { _, _ in false }
  ) {
    self.parent = parent
    self.collection = collection
    self.link = link
    row = ResourceRow(
      path: path, table: table, fields: fields.without(link), read: read, write: write, deletable: deletable,
      one: one, shown: shown, prepare: prepare, then: then)
    row.proposesDeletion = proposesDeletion
    self.list = list
  }

  func register(in routes: inout Routes) {
    let collectionPath = "\(parent.path)/{id}/\(collection)"
    routes.get(collectionPath, row.read) { reading in
      let (organization, id) = (try reading.call.organization, try reading.call.id())
      try reading.call.query.only()
      let results = try await reading.query([RowStore.version(parent.table, id: id), list(organization, id)])
      guard try results[0].value(Int64?.self) ?? nil != nil else { throw Problem.notFound }
      return if let shown = row.shown { try .items(results[1], shown: shown) } else { .items(results[1]) }
    }
    routes.post(collectionPath, row.write) { try await create($0) }
    row.register(in: &routes)
  }

  private func create(_ writing: WriteCall) async throws -> Reply {
    let id = try writing.call.id()
    var values = try writing.call.fields(row.fields, as: .creation)
    guard try await RowStore(transaction: writing.transaction).exists(parent.table, id: id) else {
      throw Problem.notFound
    }
    values[link] = .string(id.uuidString.lowercased())
    return try await row.create(writing, values)
  }
}
