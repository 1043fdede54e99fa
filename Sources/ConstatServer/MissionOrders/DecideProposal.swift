import ConstatCore
import Foundation
import Postgres

/// Decides what the office proposed to change of a signed order: accepted, the value is written; refused or withdrawn,
/// what was signed stands. The proposal stays on record.
struct DecideProposal {
  let transaction: Transaction
  let organization: UUID
  let actor: String

  /// The office's word. Throws `Problem` where there is no such proposal, where it is decided already, and where the field
  /// holds another value by now than the one that the proposal is about: whoever accepts has not seen that.
  func decide(_ id: UUID, as state: FieldProposal.State) async throws {
    let row = try await mark(id, as: state, isFirst: true)
    guard state == .accepted else { return }
    try await refuseMoved(row)
    try await write(row)
  }

  /// Accepts it whatever was decided before, and whatever the field holds: a conflict has shown both.
  func acceptAfterAll(_ id: UUID) async throws {
    try await write(mark(id, as: .accepted, isFirst: false))
  }

  /// The technician's word on proposals, once what follows from it in the rows is written. What else is proposed of a row
  /// that is gone with it is withdrawn last: a word on that may be among these.
  func note(_ words: [(id: UUID, state: FieldProposal.State)]) async throws {
    var rows: [Row] = []
    for word in words { rows.append(try await mark(word.id, as: word.state, isFirst: true)) }
    for (row, word) in zip(rows, words) where word.state == .accepted {
      guard try row.get("field", as: String.self) == FieldProposal.deletion else { continue }
      try await withdrawIfGone(try row.get("entity_type"), try row.get("entity_id"))
    }
  }

  private func withdrawIfGone(_ table: String, _ id: UUID) async throws {
    guard try await !RowStore(transaction: transaction).exists(table, id: id) else { return }
    _ = try await transaction.query(ProposalStore.withdraw(organization, table, id, by: actor))
  }

  private func mark(_ id: UUID, as state: FieldProposal.State, isFirst: Bool) async throws -> Row {
    let locked = try await transaction.pipeline([
      PushStore(organization: organization).lock(dossierOf: "field_proposal", id),
      ProposalStore.locked(organization, id),
    ])
    guard let row = locked[1].first else { throw Problem.notFound }
    let standing: String = try row.get("state")
    guard !isFirst || standing == FieldProposal.State.open.rawValue else {
      throw Problem.conflict(
        "proposal-decided", "Proposition déjà tranchée", members: ["state": .string(standing)])
    }
    _ = try await transaction.query(ProposalStore.decide(organization, id, as: state, by: actor))
    return row
  }

  private func refuseMoved(_ row: Row) async throws {
    let (table, field): (String, String) = (try row.get("entity_type"), try row.get("field"))
    guard field != FieldProposal.deletion else { return }
    let moved = try await transaction.query(
      ProposalStore.differing(
        table, try row.get("entity_id"), from: [field: try PushStore.json(row, "signed_value")]))
    guard let now = moved.first else { return }
    throw Problem.conflict(
      "proposal-outdated", "Valeur changée depuis la proposition",
      members: ["value": try PushStore.json(now, "held")])
  }

  private func write(_ row: Row) async throws {
    let (table, field): (String, String) = (try row.get("entity_type"), try row.get("field"))
    if field == FieldProposal.deletion { return try await delete(table, try row.get("entity_id")) }
    let value = try PushStore.json(row, "proposed_value")
    try await RowStore(transaction: transaction).update(
      table, id: try row.get("entity_id"), expected: nil, [field: value])
    if table == "dossier_diagnostic" {
      try await DiagnosticStore(transaction, organization).refreshValidities(of: try row.get("dossier_id"))
    }
  }

  /// What else is proposed of the row goes with it. One that is gone already needs no more.
  private func delete(_ table: String, _ id: UUID) async throws {
    let rows = RowStore(transaction: transaction)
    if try await rows.exists(table, id: id) { try await rows.delete(table, id: id, expected: nil) }
    _ = try await transaction.query(ProposalStore.withdraw(organization, table, id, by: actor))
  }
}
