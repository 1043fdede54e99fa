import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Carries out what was decided of a push: rows, conflicts, parked edits, stored results, in the round trip
/// that carries COMMIT. Money and signatures go through their own capabilities.
struct PushWriter {
  let writing: WriteCall
  let device: UUID
  /// The rows as they were before.
  let before: PushStore.Loaded

  private var organization: UUID { writing.organization }

  func carryOut(_ decision: PushDecision) async throws {
    var statements: [SQL] = []
    var guarded: [Int] = []
    for (key, effect) in decision.writes {
      guard let id = UUID(uuidString: key.id) else { continue }
      switch effect {
      case .none: break
      case .insert(let values) where key.type == .payment:
        try await FieldPayment(writing: writing).record(id, values)
      case .insert(let values) where key.type == .signature:
        statements += SignatureStore.insert(organization, id: id, values)
      case .insert(let values), .restore(let values):
        let row = DerivedFields.inserted(key.type, values)
        statements.append(RowStore.insertion(key.type.rawValue, organization: organization, id: id, row))
      case .update(let changes):
        guarded.append(statements.count)
        statements.append(
          RowStore.update(key.type.rawValue, id: id, expected: before.rowVersions[key], changes))
      case .delete:
        statements.append(
          "SELECT system.delete_row(\(key.type.rawValue), \(id), \(before.rowVersions[key])) AS version")
      }
    }
    statements += decision.conflicts.map { ConflictStore.upsert(organization, device: device, $0) }
    guard !statements.isEmpty else { return }
    let results = try await writing.transaction.pipeline(statements)
    for index in guarded where try results[index].value(Int64.self) == nil { throw RowMoved() }
    try await followUp(decision)
  }

  /// What follows from a device's values in other rows: a payer chosen on site gets the payer's rights
  /// (DOS-64), and validities follow what the technician found (DIA-03).
  private func followUp(_ decision: PushDecision) async throws {
    var withPayer: Set<EntityKey> = []
    var withDiagnostic: Set<UUID> = []
    for (key, effect) in decision.writes {
      guard let values = effect.values else { continue }
      if key.type == .dossier, values["payer_id"] != nil { withPayer.insert(key) }
      if key.type == .dossierDiagnostic,
        let id = decision.states[key]?.values["dossier_id"]?.string.flatMap(UUID.init(uuidString:))
      {
        withDiagnostic.insert(id)
      }
    }
    let contacts = AlignContacts(
      transaction: writing.transaction, organization: organization, newID: writing.call.clock.newID)
    for key in withPayer.sorted() {
      guard let id = UUID(uuidString: key.id) else { continue }
      try await contacts.run(
        id, before: before.states[key]?.values ?? [:], after: decision.states[key]?.values ?? [:])
    }
    let diagnostics = DiagnosticStore(writing.transaction, organization)
    for id in withDiagnostic.sorted(by: { $0.wire < $1.wire }) {
      try await diagnostics.refreshValidities(of: id)
    }
  }

  /// Stores the results and the parked edits, seals, commits. Returns the version that the push made, or the
  /// present one where it changed nothing.
  func settle(_ items: [PushRequest.Item], _ outcomes: [MergeOutcome], version: Int64) async throws -> Int64 {
    var statements: [SQL] = []
    for (item, outcome) in zip(items, outcomes) {
      guard let reason = outcome.parked else { continue }
      statements.append(
        ParkedStore.insert(
          organization, id: writing.call.clock.newID(), device: device, sequence: item.seq,
          dossier: item.payload["dossier"]?.string.flatMap(UUID.init(uuidString:)), reason: reason,
          mutation: item.payload))
    }
    statements.append("SET CONSTRAINTS ALL IMMEDIATE")
    let rows = zip(items, outcomes).map { item, outcome -> JSONValue in
      [
        "sequence": .integer(item.seq), "hash": .string(item.payloadHash.hexadecimal),
        "mutation": item.payload,
        "result": outcome.result(seq: item.seq, version: 0).json,
      ]
    }
    statements.append(
      """
      WITH sealed AS (
        SELECT coalesce(nullif(split_part(current_setting('app.sealed', true), ':', 2), '')::bigint, \(version)) AS version
      ), stored AS (
        INSERT INTO system.device_result (organization_id, device_id, sequence, payload_hash, mutation, result)
        SELECT \(organization), \(device), r.sequence, decode(r.hash, 'hex'), r.mutation,
          r.result || jsonb_build_object('v', sealed.version)
        FROM sealed CROSS JOIN jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(rows).serialized())))
          AS r (sequence bigint, hash text, mutation jsonb, result jsonb)
      ), moved AS (
        UPDATE system.device_journal SET last_sequence = \(items.last?.seq ?? 0), last_seen_at = now()
        WHERE organization_id = \(organization) AND device_id = \(device)
      )
      SELECT version FROM sealed
      """)
    let results = try await writing.transaction.commit(with: statements)
    return try results[results.count - 1].value(Int64.self) ?? version
  }
}

extension Effect {
  /// The values that it writes.
  var values: [String: JSONValue]? {
    switch self {
    case .insert(let values), .update(let values), .restore(let values): values
    case .none, .delete: nil
    }
  }
}

/// What the server computes from a device's values.
enum DerivedFields {
  static func inserted(_ type: EntityType, _ values: [String: JSONValue]) -> [String: JSONValue] {
    var row = values
    if type == .dossierDiagnostic { row["source"] = "field" }
    return row
  }
}

extension [UInt8] {
  var hexadecimal: String {
    let digits = Array<UInt8>("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
