import ConstatCore
import ConstatSync
import GRDB

/// The inbox's rows. Each piece of news has a source, so that news told twice is one item; what a restored server answers
/// otherwise than before is news again.
struct InboxStore {
  let db: Database

  /// Notes the answers that the technician should know of.
  func note(_ entries: [JournalEntry], device: String, at now: Instant) throws {
    for entry in entries {
      guard let result = entry.result else { continue }
      let source = "\(device)/\(entry.mutation.seq)"
      guard result.status != .applied, result.status != .merged else {
        // A server that was restored may take what it had refused before.
        try db.execute(literal: "DELETE FROM inbox WHERE source = \(source)")
        continue
      }
      var detail = result.json.object ?? [:]
      detail["mutation"] = entry.mutation.json
      try add(
        source: source, kind: result.status.rawValue,
        dossier: entry.mutation.dossier,
        detail: .object(detail), at: now)
    }
  }

  func noteLeft(_ mission: String, label: String, reason: LeaveReason, version: Int64, at now: Instant) throws
  {
    let waiting = try JournalStore(db: db).waitingCount(inMission: mission)
    try add(
      source: "leave/\(mission)/\(version)", kind: "left", dossier: mission, label: label,
      detail: ["reason": .string(reason.rawValue), "waiting": .integer(Int64(waiting))], at: now)
  }

  func noteDiffering(_ types: [String], version: Int64, at now: Instant) throws {
    try add(
      source: "differed/\(version)/\(now.microseconds)", kind: "differed", dossier: nil, label: "",
      detail: ["types": .array(types.map { .string($0) })], at: now)
  }

  func items() throws -> [InboxItem] {
    try SQLRequest<Row>(
      "SELECT id, at, kind, dossier, label, detail FROM inbox WHERE NOT dismissed ORDER BY id"
    ).fetchAll(db).compactMap(Self.item)
  }

  func dismiss(_ id: Int64) throws {
    try db.execute(literal: "UPDATE inbox SET dismissed = true WHERE id = \(id)")
  }

  private func add(
    source: String, kind: String, dossier: String?, label: String? = nil, detail: JSONValue, at now: Instant
  ) throws {
    let label = try label ?? dossier.map { dossier in try self.label(of: dossier) } ?? ""
    try db.execute(
      literal: """
        INSERT INTO inbox (source, at, kind, dossier, label, detail)
        VALUES (\(source), \(now.microseconds), \(kind), \(dossier), \(label), \(detail.description))
        ON CONFLICT (source) DO UPDATE SET kind = excluded.kind, detail = excluded.detail,
          dismissed = dismissed AND inbox.kind = excluded.kind
        """)
  }

  /// Of a mission that is gone, the label that earlier news of it had.
  private func label(of mission: String) throws -> String {
    if let row = try CheckpointStore(db: db).entity(EntityKey(.dossier, mission)) {
      return Self.label(of: row.fields)
    }
    return try SQLRequest<String>(
      "SELECT label FROM inbox WHERE dossier = \(mission) AND label <> '' ORDER BY id DESC LIMIT 1"
    ).fetchOne(db) ?? ""
  }

  static func label(of dossier: [String: JSONValue]?) -> String {
    [dossier?["number"]?.integer.map { String($0) }, dossier?["street"]?.string, dossier?["city"]?.string]
      .compactMap { $0 }.joined(separator: ", ")
  }

  private static func item(_ row: Row) -> InboxItem? {
    guard let detail = try? JSONValue.parse(row[5] as String), let kind = kind(row[2], detail) else {
      return nil
    }
    return InboxItem(
      id: row[0], at: Instant(microseconds: row[1]), kind: kind, mission: row[3], missionLabel: row[4],
      mutation: detail["mutation"].flatMap { try? Mutation(json: $0) })
  }

  private static func kind(_ name: String, _ detail: JSONValue) -> InboxItem.Kind? {
    if name == "left" {
      return .missionLeft(
        LeaveReason(rawValue: detail["reason"]?.string ?? ""), waiting: Int(detail["waiting"]?.integer ?? 0))
    }
    if name == "differed" {
      return .stateDiffered((detail["types"]?.array ?? []).compactMap(\.string))
    }
    guard let result = try? MutationResult(json: detail) else { return nil }
    switch result.status {
    case .rejected: return .rejected(result.rejection ?? Rejection(.malformed))
    case .parked: return .parked(result.parked ?? ParkReason(rawValue: ""))
    case .conflicted: return .conflicted(result.conflicts)
    case .applied, .merged: return nil
    }
  }
}
