import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Carries out what was decided of a push: rows, conflicts, parked edits, stored results, in the round trip that
/// carries COMMIT. Money and signatures go through their own capabilities.
struct PushWriter {
  let writing: WriteCall
  let device: UUID
  let rowVersions: [EntityKey: Int64]

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
        let row = DerivedFields.updated(key.type, changes, decision.states[key]?.values ?? [:])
        statements.append(RowStore.update(key.type.rawValue, id: id, expected: rowVersions[key], row))
      case .delete:
        statements.append("SELECT system.delete_row(\(key.type.rawValue), \(id), \(rowVersions[key])) AS version")
      }
    }
    statements += decision.conflicts.map { ConflictStore.upsert(organization, device: device, $0) }
    guard !statements.isEmpty else { return }
    let results = try await writing.transaction.pipeline(statements)
    for index in guarded where try results[index].value(Int64.self) == nil { throw RowMoved() }
  }

  /// Stores the results and the parked edits, seals, commits. Returns the version that the push made, or the present
  /// one where it changed nothing.
  func settle(_ items: [PushRequest.Item], _ outcomes: [MergeOutcome], version: Int64) async throws -> Int64 {
    var statements: [SQL] = []
    for (item, outcome) in zip(items, outcomes) {
      guard let reason = outcome.parked else { continue }
      statements.append(
        ParkedStore.insert(
          organization, id: writing.call.clock.newID(), device: device, sequence: item.seq,
          dossier: item.payload["dossier"]?.string.flatMap(UUID.init(uuidString:)), reason: reason, mutation: item.payload))
    }
    statements.append("SET CONSTRAINTS ALL IMMEDIATE")
    let rows = zip(items, outcomes).map { item, outcome -> JSONValue in
      [
        "sequence": .integer(item.seq), "hash": .string(item.payloadHash.hexadecimal), "mutation": item.payload,
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

/// What the server computes from a device's values.
enum DerivedFields {
  static func inserted(_ type: EntityType, _ values: [String: JSONValue]) -> [String: JSONValue] {
    var row = values
    if type == .dossierDiagnostic { row["source"] = "field" }
    return row
  }

  /// `row` is the whole row after the change.
  static func updated(
    _ type: EntityType, _ changes: [String: JSONValue], _ row: [String: JSONValue]
  ) -> [String: JSONValue] {
    changes
  }
}

extension [UInt8] {
  var hexadecimal: String {
    let digits = Array<UInt8>("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
