import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Divides an office's change of a dossier's rows once both parties have signed the mission order: what was seen on
/// site waits as a proposal, all else is written. A row that the dossier got since is none of what they signed, and the
/// office's to change and delete. Buildings and modules outlive the dossier and stay the office's.
struct ProposeChange {
  let transaction: Transaction
  let organization: UUID
  let newID: @Sendable () -> UUID
  let actor: String

  init(_ writing: WriteCall) {
    transaction = writing.transaction
    organization = writing.organization
    newID = writing.call.clock.newID
    actor = writing.principal.actor
  }

  /// Takes out of `values` what becomes a proposal. A value that the row holds already withdraws a proposal for its
  /// field: the office has thought better of it.
  func divide(_ values: inout [String: JSONValue], of type: EntityType, _ id: UUID, in dossier: UUID)
    async throws
  {
    let observed = SignedOrder.divide(values, of: type, isFinalised: true).proposed
    guard !observed.isEmpty else { return }
    let table = type.rawValue
    guard try await isSigned(table, id, in: dossier) else { return }
    let differing = try await transaction.query(ProposalStore.differing(table, id, from: observed))
    var statements = [
      ProposalStore.withdraw(organization, table, id, fields: observed.keys.sorted(), by: actor)
    ]
    for row in differing {
      statements.append(
        ProposalStore.insert(
          organization, id: newID(), dossier: dossier, table, id, field: try row.get("field"),
          held: try PushStore.json(row, "held"), proposed: try PushStore.json(row, "given"), by: actor))
    }
    _ = try await transaction.pipeline(statements)
    values = values.filter { observed[$0.key] == nil }
  }

  /// The same for a row of which only its id is known.
  func divide(_ values: inout [String: JSONValue], of type: EntityType, _ id: UUID) async throws {
    guard let dossier = try await dossier(of: type, id) else { return }
    try await divide(&values, of: type, id, in: dossier)
  }

  /// Proposes that a row be deleted which both parties have signed; false where they have not: the office may delete it.
  func proposesDeletion(of type: EntityType, _ id: UUID) async throws -> Bool {
    let table = type.rawValue
    guard let dossier = try await dossier(of: type, id), try await isSigned(table, id, in: dossier) else {
      return false
    }
    _ = try await transaction.query(
      ProposalStore.insert(
        organization, id: newID(), dossier: dossier, table, id, field: FieldProposal.deletion,
        held: .bool(false), proposed: .bool(true), by: actor))
    return true
  }

  private func isSigned(_ table: String, _ id: UUID, in dossier: UUID) async throws -> Bool {
    let signed = try await transaction.pipeline(
      ProposalStore.signed(organization, dossier: dossier, table, id))
    return try signed[1].value(Bool.self) == true
  }

  private func dossier(of type: EntityType, _ id: UUID) async throws -> UUID? {
    let owner: SQL? =
      switch type {
      case .outbuilding: ProposalStore.dossier(organization, ofOutbuilding: id)
      case .dossierDiagnostic: ProposalStore.dossier(organization, ofDiagnostic: id)
      default: nil
      }
    guard let owner else { return nil }
    return try await transaction.value(owner)
  }
}
