import ConstatCore
import ConstatSync
import Foundation

/// What follows in other rows from what a device wrote: a payer chosen on site gets the payer's rights (DOS-64),
/// validities follow what the technician found (DIA-03), what the technician said of proposals is noted, and what was signed
/// becomes files, noted where they are owed by mail (MIS-22, MIS-23, MIS-27).
struct PushConsequences {
  private let decision: PushDecision
  private let before: PushStore.Loaded
  private var payers: [EntityKey] = []
  private var diagnosed: Set<UUID> = []
  private var proposals: [(id: UUID, state: FieldProposal.State)] = []
  private var orders: [UUID] = []

  init(of decision: PushDecision, before: PushStore.Loaded) {
    self.decision = decision
    self.before = before
    for (key, effect) in decision.writes {
      guard let values = effect.values, let id = UUID(wire: key.id) else { continue }
      switch key.type {
      case .dossier where values["payer_id"] != nil: payers.append(key)
      case .dossierDiagnostic where values["outcome"] != nil || values["visited_on"] != nil:
        if let dossier = state(key, "dossier_id").flatMap(UUID.init(uuidString:)) {
          diagnosed.insert(dossier)
        }
      case .fieldProposal:
        if let state = values["state"]?.string.flatMap(FieldProposal.State.init(rawValue:)) {
          proposals.append((id, state))
        }
      case .missionOrder
      where state(key, "finalised_at") != nil
        && values.keys.contains(where: ["finalised_at", "receipt_requested", "copy_requested"].contains):
        orders.append(id)
      default: break
      }
    }
  }

  var isEmpty: Bool { payers.isEmpty && diagnosed.isEmpty && proposals.isEmpty && orders.isEmpty }

  func carryOut(_ writing: WriteCall) async throws {
    let (transaction, organization) = (writing.transaction, writing.organization)
    let newID = writing.call.clock.newID
    if !proposals.isEmpty { try await decideProposals(writing) }
    for id in orders {
      try await RequestDeliveries(
        transaction: transaction, organization: organization, newID: newID, actor: writing.principal.actor
      ).run(dossier: id)
    }
    let contacts = AlignContacts(transaction: transaction, organization: organization, newID: newID)
    for key in payers.sorted() {
      guard let id = UUID(wire: key.id) else { continue }
      try await contacts.run(
        id, before: before.states[key]?.values ?? [:], after: decision.states[key]?.values ?? [:])
    }
    let diagnostics = DiagnosticStore(transaction, organization)
    for id in diagnosed.sorted(by: { $0.wire < $1.wire }) {
      try await diagnostics.refreshValidities(of: id)
    }
  }

  /// The technician's word on what the office proposed.
  private func decideProposals(_ writing: WriteCall) async throws {
    do {
      try await DecideProposal(
        transaction: writing.transaction, organization: writing.organization, actor: writing.principal.actor
      ).note(proposals)
    } catch let problem as Problem {
      // Decided between being read and being locked: the push starts again, and is merged with that. Otherwise the row
      // that it is about is gone.
      if problem.code == "proposal-decided" {
        try await RowStore(transaction: writing.transaction).startAgain()
      }
      throw MutationRefused()
    }
  }

  private func state(_ key: EntityKey, _ field: String) -> String? {
    decision.states[key]?.values[field]?.string
  }
}
