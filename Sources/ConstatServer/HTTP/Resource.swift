import ConstatCore
import Foundation
import Postgres

/// The plain life of a noun: list, create, read, change, and delete where the domain deletes. What is
/// particular to it comes in as closures; what is not stands here once.
struct Resource: Sendable {
  typealias Use = ResourceRow.Use

  let row: ResourceRow
  /// A page of them; the second argument reads the filters.
  let list: @Sendable (UUID, QueryParameters, Page) throws -> SQL
  let filters: [String]
  /// What `q` searches, where the list takes it.
  let search: SearchStore.Noun?

  init(
    _ path: String, table: String, fields: FieldSet, read: Access, write: Access, filters: [String] = [],
    search: SearchStore.Noun? = nil, deletable: Bool = false, one: @escaping ResourceRow.Query,
    list: @escaping @Sendable (UUID, QueryParameters, Page) throws -> SQL,
    prepare: @escaping ResourceRow.Preparation = { _, _, _, _ in },
    then: @escaping ResourceRow.FollowUp = { _, _, _ in }
  ) {
    row = ResourceRow(
      path: path, table: table, fields: fields, read: read, write: write, deletable: deletable, one: one,
      shown: nil, prepare: prepare, then: then)
    self.list = list
    self.filters = filters
    self.search = search
  }

  func register(in routes: inout Routes) {
    routes.get(row.path, row.read) { reading in
      let page =
        if let search { try await Page(reading, filters: filters, searching: search) } else {
          try Page(reading.call, filters: filters)
        }
      return try .list(
        await reading.query(list(reading.call.organization, reading.call.query, page)), page: page)
    }
    routes.post(row.path, row.write) { try await row.create($0, $0.call.fields(row.fields, as: .creation)) }
    row.register(in: &routes)
  }
}
