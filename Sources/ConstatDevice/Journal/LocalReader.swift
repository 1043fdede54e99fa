import ConstatCore
import ConstatSync
import GRDB

/// Reads rows as the technician sees them: checkpoint ⊕ pending edits, at one moment of the file.
struct LocalReader {
  let base: Mutation.Base
  private let checkpoint: CheckpointStore
  private let journal: JournalStore

  init(_ db: Database) throws {
    base = try MetaStore(db: db).base()
    checkpoint = CheckpointStore(db: db)
    journal = JournalStore(db: db)
  }

  func entity(_ key: EntityKey) throws -> LocalEntity? {
    try view(key, of: checkpoint.entity(key))
  }

  /// Every row that shows.
  func all() throws -> [EntityKey: LocalEntity] {
    let pending = try journal.pending(over: base)
    return LocalView.entities(
      in: try checkpoint.load(), pending: pending, ownVersions: try ownVersions(since: pending))
  }

  /// The rows that a mission is made of, shared ones and the catalogue included.
  func rows(ofMission dossier: String) throws -> [EntityKey: LocalEntity] {
    var rows: [EntityKey: LocalEntity] = [:]
    for row in try checkpoint.entities(ofMission: dossier) { rows[row.key] = try view(row.key, of: row) }
    for key in Set(try journal.pending(over: base, inMission: dossier).map(\.key)) where rows[key] == nil {
      rows[key] = try entity(key)
    }
    for type in [EntityType.leadAnalyserBooking, .diagnosticType, .organization] {
      for row in try checkpoint.entities(of: type) { rows[row.key] = try view(row.key, of: row) }
    }
    for link in Reachability.links {
      for row in Array(rows.values) where row.key.type == link.type {
        guard let id = row.values[link.field]?.string else { continue }
        let key = EntityKey(link.target, id)
        if rows[key] == nil { rows[key] = try entity(key) }
      }
    }
    return rows
  }

  private func view(_ key: EntityKey, of row: Entity?) throws -> LocalEntity? {
    var checkpoint = Checkpoint(base: base)
    checkpoint.entities[key] = row
    let pending = try journal.pending(over: base, of: key)
    return LocalView.entity(
      key, in: checkpoint, pending: pending, ownVersions: try ownVersions(since: pending))
  }

  /// Those that could otherwise be taken for somebody else's.
  private func ownVersions(since pending: [Mutation]) throws -> Set<Int64> {
    let oldest = pending.lazy.filter { $0.base.epoch == base.epoch }.map(\.base.version).min()
    return try oldest.map { try journal.ownVersions(in: base.epoch, after: $0) } ?? []
  }
}
