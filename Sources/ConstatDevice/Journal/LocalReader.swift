import ConstatCore
import ConstatSync
import GRDB

/// Reads rows as the technician sees them: checkpoint ⊕ pending edits, at one moment of the file.
struct LocalReader {
  let base: Mutation.Base
  private let store: CheckpointStore
  private let pending: [EntityKey: [Mutation]]
  private let ownVersions: Set<Int64>

  init(_ db: Database) throws {
    let base = try MetaStore(db: db).base()
    self.base = base
    store = CheckpointStore(db: db)
    let journal = JournalStore(db: db)
    let mutations = try journal.pending(over: base)
    pending = Dictionary(grouping: mutations, by: \.key)
    let oldest = mutations.lazy.filter { $0.base.epoch == base.epoch }.map(\.base.version).min()
    ownVersions = try oldest.map { try journal.ownVersions(in: base.epoch, after: $0) } ?? []
  }

  func entity(_ key: EntityKey) throws -> LocalEntity? {
    try view(key, of: store.entity(key))
  }

  /// Every row that shows.
  func all() throws -> [EntityKey: LocalEntity] {
    let checkpoint = try store.load()
    return LocalView.entities(in: checkpoint, pending: pending.values.flatMap { $0 }, ownVersions: ownVersions)
  }

  /// The rows that a mission is made of, shared ones and the catalogue included.
  func rows(ofMission dossier: String) throws -> [EntityKey: LocalEntity] {
    var rows: [EntityKey: LocalEntity] = [:]
    for row in try store.entities(ofMission: dossier) { rows[row.key] = view(row.key, of: row) }
    for (key, edits) in pending where rows[key] == nil && edits.contains(where: { $0.dossier == dossier }) {
      rows[key] = try entity(key)
    }
    for type in [EntityType.leadAnalyserBooking, .diagnosticType] {
      for row in try store.entities(of: type) { rows[row.key] = view(row.key, of: row) }
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

  private func view(_ key: EntityKey, of row: Entity?) -> LocalEntity? {
    var checkpoint = Checkpoint(base: base)
    checkpoint.entities[key] = row
    return LocalView.entity(key, in: checkpoint, pending: pending[key] ?? [], ownVersions: ownVersions)
  }
}
