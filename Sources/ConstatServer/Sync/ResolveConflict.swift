import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Carries out what the office decided of a conflict. `mine` is the device's value, `theirs` what stood against it,
/// `value` any other; a conflict between an edit and a deletion is settled with `keep` or `delete`. Of money, `keep`
/// says that both were received and the surplus is the payer's; `mine` and `theirs` say which of the two entries is
/// right, and the other is undone. A proposal that was decided stands, or is accepted after all.
struct ResolveConflict {
  let writing: WriteCall
  /// As ``ConflictStore/locked(_:_:)`` reads it.
  let conflict: Row
  let choice: String
  let given: JSONValue?

  func run() async throws {
    let (field, table): (String, String) = (try conflict.get("field"), try conflict.get("entity_type"))
    let id: UUID = try conflict.get("entity_id")
    guard let type = EntityType(rawValue: table) else { throw Problem.notFound }
    let rows = RowStore(transaction: writing.transaction)
    if field == ConflictRecord.surplus {
      try await settle(payment: id)
    } else if type == .fieldProposal {
      try await settle(proposal: id)
    } else if field == ConflictRecord.deletion {
      guard choice == "keep" || choice == "delete" else { throw notInChoice("keep ou delete") }
      guard choice == "delete", try await rows.exists(table, id: id) else { return }
      if try await ProposeChange(writing).proposesDeletion(of: type, id) { return }
      try await rows.delete(table, id: id, expected: nil)
    } else if let rule = type.rule(of: field) {
      try await settle(rule, of: type, id)
    } else {
      // Of a newer schema: kept beside the row.
      let dossier: UUID? = type.rule.scope == .shared ? nil : try conflict.get("dossier_id")
      let extra = [field: try value]
      _ = try await writing.transaction.query(
        EntityStore.keep(extra, of: EntityKey(type, id.wire), id, in: dossier))
    }
  }

  /// Writes the value that is to stand, under the rules that hold whoever else writes the field. What stands already, or
  /// stood in a row that is gone, is not written: the conflict is closed.
  private func settle(_ rule: FieldRule, of type: EntityType, _ id: UUID) async throws {
    let value = try value
    let rows = try await writing.transaction.query(
      PushStore(organization: writing.organization).entities([.init(type: type, id: id)]))
    guard let state = try rows.first.flatMap(PushStore.state), !state.isDeleted,
      !state.holds(value, in: rule.field)
    else { return }
    guard rule.writable != .creation else {
      throw notApplicable("ce champ ne change plus une fois la fiche créée")
    }
    var checked: [String: JSONValue]
    do { checked = try ValueCheck.fieldSets(type, .patch, [rule.field: value]) } catch {
      throw Problem(error)
    }
    if type == .dossier, let status = checked["status"]?.string.flatMap(DossierStatus.init(rawValue:)) {
      return try await MoveDossier(writing: writing, id: id).to(status, because: nil)
    }
    if type == .missionOrder { try await refuseOffTheWalk(checked, on: state, id) }
    if let dossier = try conflict.get("dossier_id", as: UUID?.self) {
      try await ProposeChange(writing).divide(&checked, of: type, id, in: dossier)
    }
    if !checked.isEmpty { try await write(checked, to: type, id) }
  }

  /// A mission order stays one that the ten steps can lead to.
  private func refuseOffTheWalk(_ values: [String: JSONValue], on state: EntityState, _ id: UUID) async throws
  {
    let signers = try await writing.transaction.query(MissionOrderStore.signatures(writing.organization, id))
    let fault = WalkCheck.fault(
      .update(values), on: state,
      signedBy: Set(try signers.compactMap { Signature.Signer(rawValue: try $0.get("signer")) }),
      onlineCard: true
    )
    if let fault { throw notApplicable(fault.code) }
  }

  private func notApplicable(_ reason: String) -> Problem {
    Problem.conflict("decision-not-applicable", "Décision inapplicable", detail: reason)
  }

  /// What stood in the field and is on neither side of the conflict: someone typed it after the conflict was opened, and
  /// the decision took its place.
  func replaced() async throws -> JSONValue? {
    if try conflict.get("field", as: String.self) == ConflictRecord.deletion { return try await removed() }
    let displaced = try await writing.transaction.query(
      ConflictStore.displaced(writing.organization, try conflict.get("entity_id"), try conflict.get("field")))
    guard let row = displaced.first else { return nil }
    let value = try PushStore.json(row, "value")
    let sides = [
      try PushStore.json(conflict, "mine")["value"], try PushStore.json(conflict, "theirs")["value"],
    ]
    return value == .null || sides.contains(value) ? nil : value
  }

  /// What a row that the decision deleted had held, as far as devices see it.
  private func removed() async throws -> JSONValue? {
    guard let type = EntityType(rawValue: try conflict.get("entity_type")) else { return nil }
    let removed = try await writing.transaction.query(
      ConflictStore.removed(writing.organization, try conflict.get("entity_id")))
    let shown = Set(type.rules.lazy.filter(\.isVisible).map(\.field))
      .subtracting(WithheldInformation.all.fields(of: type))
    let values = try removed.first.flatMap { try PushStore.json($0, "fields").object }?
      .filter { shown.contains($0.key) && !$0.value.isNull }
    return values.map(JSONValue.object)
  }

  /// The value that stands, and what follows from it in other rows, as after a push: who may see the dossier (DOS-64),
  /// how long a diagnostic is valid (DIA-03).
  private func write(_ values: [String: JSONValue], to type: EntityType, _ id: UUID) async throws {
    let (transaction, organization) = (writing.transaction, writing.organization)
    let before = type == .dossier ? try await DossierStore(transaction, organization).current(id) : nil
    try await RowStore(transaction: transaction).update(type.rawValue, id: id, expected: nil, values)
    if let before {
      try await AlignContacts(
        transaction: transaction, organization: organization, newID: writing.call.clock.newID
      ).run(id, before: before, after: before.merging(values) { $1 })
    }
    if type == .dossierDiagnostic, let dossier = try conflict.get("dossier_id", as: UUID?.self) {
      try await DiagnosticStore(transaction, organization).refreshValidities(of: dossier)
    }
  }

  private var value: JSONValue {
    get throws {
      switch choice {
      case "mine": try PushStore.json(conflict, "mine")["value"] ?? .null
      case "theirs": try PushStore.json(conflict, "theirs")["value"] ?? .null
      case "value": given ?? .null
      default: throw notInChoice("mine, theirs ou value")
      }
    }
  }

  private func settle(payment: UUID) async throws {
    let double = SettleDoublePayment(
      transaction: writing.transaction, organization: writing.organization, clock: writing.call.clock)
    switch choice {
    case "keep": return
    case "theirs": try await double.undo([payment])
    case "mine":
      let rivals = try PushStore.json(conflict, "theirs")["value"]?.array ?? []
      try await double.undo(rivals.compactMap { $0["id"]?.string.flatMap(UUID.init(uuidString:)) })
      try await double.lay(payment)
    default: throw notInChoice("keep, mine ou theirs")
    }
  }

  /// A value that was written is not unwritten by refusing it: the office changes the field anew.
  private func settle(proposal: UUID) async throws {
    if choice == "theirs" { return }
    guard choice == "mine", try value == .string(FieldProposal.State.accepted.rawValue) else {
      throw notInChoice("theirs, ou mine pour accepter")
    }
    try await DecideProposal(
      transaction: writing.transaction, organization: writing.organization, actor: writing.principal.actor
    ).acceptAfterAll(proposal)
  }

  private func notInChoice(_ choices: String) -> Problem {
    Problem.field("/choice", "not-in-choice", choices)
  }
}
