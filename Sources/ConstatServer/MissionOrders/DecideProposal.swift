import ConstatCore
import Foundation
import Postgres

/// Decides what the office proposed to change of a signed order: accepted, the value is written; refused or withdrawn,
/// what was signed stands. The proposal stays on record.
struct DecideProposal {
  let transaction: Transaction
  let organization: UUID
  let actor: String

  /// Throws `Problem` where there is no such proposal, or it is decided already; `isFirst` false: whatever was decided.
  func decide(_ id: UUID, as state: FieldProposal.State, isFirst: Bool = true) async throws {
    let locked = try await transaction.query(ProposalStore.locked(organization, id))
    guard let row = locked.first else { throw Problem.notFound }
    let standing: String = try row.get("state")
    guard !isFirst || standing == FieldProposal.State.open.rawValue else {
      throw Problem.conflict(
        "proposal-decided", "Proposition déjà tranchée", members: ["state": .string(standing)])
    }
    _ = try await transaction.query(ProposalStore.decide(organization, id, as: state, by: actor))
    if state == .accepted { try await write(row) }
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
