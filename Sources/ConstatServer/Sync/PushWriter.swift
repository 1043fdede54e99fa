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

  /// Writes the rows that were decided, or returns the statements that do where nothing has to follow them: they travel
  /// with COMMIT.
  func carryOut(_ decision: PushDecision) async throws -> [SQL] {
    var updates = RowUpdates()
    var pending: [SQL] = []
    for (key, effect) in decision.writes {
      guard let id = UUID(uuidString: key.id) else { continue }
      if case .update(let changes) = effect {
        updates.add(key.type, .init(id: id, expected: before.rowVersions[key], values: changes))
        continue
      }
      pending += updates.taken(organization)
      switch effect {
      case .none, .update: break
      case .insert(let values) where key.type == .payment:
        try await FieldPayment(writing: writing).record(id, values)
      case .insert(let values) where key.type == .signature:
        pending += SignatureStore.insert(organization, id: id, values)
      case .insert(let values), .restore(let values):
        let row = DerivedFields.inserted(key.type, values)
        pending.append(RowStore.newRow(key.type.rawValue, organization: organization, id: id, row))
      case .delete:
        pending.append(RowStore.deletion(key.type.rawValue, id: id, expected: before.rowVersions[key]))
      }
    }
    pending += updates.taken(organization)
    pending += decision.conflicts.map { ConflictStore.upsert(organization, device: device, $0) }
    let (payers, diagnosed) = Self.followed(decision)
    guard !payers.isEmpty || !diagnosed.isEmpty else { return pending }
    _ = try await writing.transaction.pipeline(pending)
    try await followUp(decision, payers, diagnosed)
    return []
  }

  /// The dossiers from whose new values more follows in other rows: a payer chosen on site gets the payer's rights
  /// (DOS-64), and validities follow what the technician found (DIA-03).
  private static func followed(_ decision: PushDecision) -> (payers: [EntityKey], diagnosed: Set<UUID>) {
    var payers: [EntityKey] = []
    var diagnosed: Set<UUID> = []
    for (key, effect) in decision.writes {
      guard let values = effect.values else { continue }
      if key.type == .dossier, values["payer_id"] != nil { payers.append(key) }
      if key.type == .dossierDiagnostic, values["outcome"] != nil || values["visited_on"] != nil,
        let id = decision.states[key]?.values["dossier_id"]?.string.flatMap(UUID.init(uuidString:))
      {
        diagnosed.insert(id)
      }
    }
    return (payers.sorted(), diagnosed)
  }

  private func followUp(_ decision: PushDecision, _ payers: [EntityKey], _ diagnosed: Set<UUID>) async throws
  {
    let contacts = AlignContacts(
      transaction: writing.transaction, organization: organization, newID: writing.call.clock.newID)
    for key in payers {
      guard let id = UUID(uuidString: key.id) else { continue }
      try await contacts.run(
        id, before: before.states[key]?.values ?? [:], after: decision.states[key]?.values ?? [:])
    }
    let diagnostics = DiagnosticStore(writing.transaction, organization)
    for id in diagnosed.sorted(by: { $0.wire < $1.wire }) {
      try await diagnostics.refreshValidities(of: id)
    }
  }

  /// Stores the results and the parked edits, seals, commits. Returns the version that the push made, or the
  /// present one where it changed nothing.
  func settle(
    _ items: [PushRequest.Item], _ outcomes: [MergeOutcome], after writes: [SQL], version: Int64
  ) async throws -> Int64 {
    var statements = writes
    for (item, outcome) in zip(items, outcomes) {
      guard let reason = outcome.parked else { continue }
      statements.append(
        ParkedStore.insert(
          organization, id: writing.call.clock.newID(), device: device, sequence: item.seq,
          dossier: item.payload["dossier"]?.string.flatMap(UUID.init(uuidString:)), reason: reason,
          mutation: item.payload))
    }
    statements.append("SET CONSTRAINTS ALL IMMEDIATE")
    statements.append(
      PushStore(organization: organization).settlement(
        zip(items, outcomes).map { item, outcome in
          [
            "sequence": .integer(item.seq), "hash": .string(item.payloadHash.hexadecimal),
            "mutation": item.payload,
            "result": outcome.result(seq: item.seq, version: 0).json,
          ]
        }, of: device, upTo: items.last?.seq ?? 0, version: version))
    let results = try await writing.transaction.commit(with: statements)
    return try results[results.count - 1].value(Int64.self) ?? version
  }
}

/// Updates in the order in which they were decided, those of the same columns together.
private struct RowUpdates {
  private var groups: [(type: EntityType, columns: [String], rows: [RowStore.Change])] = []

  mutating func add(_ type: EntityType, _ row: RowStore.Change) {
    let columns = row.values.keys.sorted()
    if let place = groups.firstIndex(where: { $0.type == type && $0.columns == columns }) {
      groups[place].rows.append(row)
    } else if !columns.isEmpty {
      groups.append((type, columns, [row]))
    }
  }

  mutating func taken(_ organization: UUID) -> [SQL] {
    defer { groups = [] }
    return groups.map { RowStore.update($0.type.rawValue, $0.columns, of: organization, $0.rows) }
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
