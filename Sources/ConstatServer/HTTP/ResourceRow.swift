import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// What a row goes through under its own id, `{path}/{id}`, wherever its noun is listed: read, changed, and deleted
/// where the domain deletes. ``Resource`` and ``ChildResource`` add their collections to it.
struct ResourceRow: Sendable {
  enum Use: Sendable { case creation, change, deletion }

  /// The statement that reads a row, or a parent's rows: the organization, then the id.
  typealias Query = @Sendable (UUID, UUID) -> SQL
  /// Completes or refuses the column values before they are written; the second argument is the row's id.
  typealias Preparation =
    @Sendable (WriteCall, UUID, Use, inout [String: JSONValue]) async throws -> Void
  /// Proposes to somebody that the row be deleted, where that is not the caller's to do any more; false: it is.
  typealias DeletionProposal = @Sendable (WriteCall, UUID) async throws -> Bool
  /// Follows up in the same transaction.
  typealias FollowUp = @Sendable (WriteCall, UUID, Use) async throws -> Void

  let path: String
  let table: String
  let fields: FieldSet
  let read: Access
  let write: Access
  let deletable: Bool
  /// The resource by id, its columns named as its members.
  let one: Query
  /// What a row becomes on the wire; nil: the row as it is.
  let shown: (@Sendable (JSONValue) -> JSONValue)?
  let prepare: Preparation
  let then: FollowUp
  var proposesDeletion: DeletionProposal = { _, _ in false }

  func register(in routes: inout Routes) {
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
    guard deletable else { return }
    routes.delete("\(path)/{id}", write) { writing in
      let id = try writing.call.id()
      let expected = try writing.call.ifMatch()
      var none: [String: JSONValue] = [:]
      try await prepare(writing, id, .deletion, &none)
      let rows = RowStore(transaction: writing.transaction)
      if try await proposesDeletion(writing, id) {
        try await rows.update(table, id: id, expected: expected, none)
        return try reply(await writing.transaction.query(one(writing.organization, id)), status: .accepted)
      }
      try await rows.delete(table, id: id, expected: expected)
      try await then(writing, id, .deletion)
      return .noContent
    }
  }

  /// Creates a row from checked column values. The same values under the same id again answer what exists.
  func create(_ writing: WriteCall, _ given: [String: JSONValue]) async throws -> Reply {
    var values = given
    let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
    try await prepare(writing, id, .creation, &values)
    let rows = RowStore(transaction: writing.transaction)
    if try await rows.insert(table, organization: writing.organization, id: id, values) {
      try await then(writing, id, .creation)
      return try reply(
        await writing.transaction.query(one(writing.organization, id)), status: .created,
        location: "\(path)/\(id.uuidString.lowercased())")
    }
    guard try await rows.matches(table, id: id, given) else { throw Problem.idTaken }
    return try reply(await writing.transaction.query(one(writing.organization, id)))
  }

  private func reply(_ result: QueryResult, status: HTTPResponse.Status = .ok, location: String? = nil) throws
    -> Reply
  {
    var reply = try Reply.resource(result, status: status, location: location)
    if let shown { try reply.rewrite(shown) }
    return reply
  }
}
