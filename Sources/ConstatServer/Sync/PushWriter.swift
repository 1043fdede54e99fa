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

  /// What carrying out a decision leaves to do.
  struct Carried {
    /// Statements to travel with COMMIT.
    var writes: [SQL] = []
    /// Conflicts that only carrying it out brought up, by the row that raised them.
    var contested: [EntityKey: ConflictRecord] = [:]
  }

  /// Writes the rows that were decided, or leaves the statements that do where nothing has to follow them.
  func carryOut(_ decision: PushDecision) async throws -> Carried {
    var updates = RowUpdates()
    var carried = Carried()
    var extras: [SQL] = []
    for (key, whole) in decision.writes {
      guard let id = UUID(wire: key.id) else { continue }
      let (effect, extra) = whole.divided(decision.states[key]?.extraFields ?? [])
      if !extra.isEmpty {
        // A shared row belongs to none, whatever the fields that are not known are called.
        let dossier: String? =
          switch (key.type, key.type.rule.scope) {
          case (.dossier, _): key.id
          case (_, .mission): decision.states[key]?.values["dossier_id"]?.string
          default: nil
          }
        extras.append(EntityStore.keep(extra, of: key, id, in: dossier.flatMap(UUID.init(uuidString:))))
      }
      if case .update(let changes) = effect {
        // What becomes of a proposal follows the rows.
        if key.type == .fieldProposal { continue }
        updates.add(key.type, .init(id: id, expected: before.rowVersions[key], values: changes))
        continue
      }
      carried.writes += updates.taken(organization)
      switch effect {
      case .none, .update: break
      case .insert(let values) where key.type == .payment:
        let payment = FieldPayment(writing: writing, device: device)
        try await payment.record(id, values)
        guard let origin = decision.origins[key] else { break }
        carried.contested[key] = try await payment.contest(
          id, from: origin, known: decision.server.known(of: origin.base) ?? 0)
      case .insert(let values) where key.type == .signature:
        carried.writes += SignatureStore.insert(organization, id: id, values)
      case .insert(let values), .restore(let values):
        let row = DerivedFields.inserted(key.type, values)
        carried.writes.append(RowStore.newRow(key.type.rawValue, organization: organization, id: id, row))
      case .delete:
        carried.writes.append(RowStore.deletion(key.type.rawValue, id: id, expected: before.rowVersions[key]))
      }
    }
    carried.writes += updates.taken(organization) + extras
    let conflicts = decision.conflicts + carried.contested.values.sorted { $0.key < $1.key }
    carried.writes += conflicts.map { ConflictStore.upsert(organization, device: device, $0) }
    let consequences = PushConsequences(of: decision, before: before)
    guard !consequences.isEmpty else { return carried }
    _ = try await writing.transaction.pipeline(carried.writes)
    try await consequences.carryOut(writing)
    carried.writes = []
    return carried
  }

  /// Stores the results and the parked edits, seals, commits. Returns the version that the push made, or the
  /// present one where it changed nothing.
  func settle(
    _ items: [PushRequest.Item], _ outcomes: [MergeOutcome], of request: PushRequest, after writes: [SQL],
    version: Int64
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
        zip(items, outcomes).map { item, outcome in (item, outcome.result(seq: item.seq, version: 0)) },
        moving: DeviceJournalStore(organization: organization).settled(
          device, items, request, skew: request.skewSeconds(at: writing.call.clock.now())), of: device,
        version: version))
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
    return groups.map {
      RowStore.update(
        $0.type.rawValue, $0.columns, typedBy: $0.type.writableFields, of: organization, $0.rows)
    }
  }
}

extension Effect {
  /// The effect on the row's own columns, and the values that it writes beside them.
  func divided(_ extraFields: Set<String>) -> (Effect, extra: [String: JSONValue]) {
    guard !extraFields.isEmpty, let values else { return (self, [:]) }
    let extra = values.filter { extraFields.contains($0.key) }
    let own = values.filter { !extraFields.contains($0.key) }
    return switch self {
    case .insert: (.insert(own), extra)
    case .restore: (.restore(own), extra)
    default: (.update(own), extra)
    }
  }

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
