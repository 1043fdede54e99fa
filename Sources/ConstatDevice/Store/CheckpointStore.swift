import ConstatCore
import ConstatSync
import GRDB

/// The checkpoint's rows, and the pages of the next one.
struct CheckpointStore {
  let db: Database

  func entity(_ key: EntityKey) throws -> Entity? {
    try SQLRequest<Row>(
      """
      SELECT type, id, version, born, fields, field_versions FROM entity
      WHERE type = \(key.type.rawValue) AND id = \(key.id)
      """
    ).fetchOne(db).flatMap(Self.entity)
  }

  /// The rows of one mission, its dossier among them.
  func entities(ofMission dossier: String) throws -> [Entity] {
    try SQLRequest<Row>(
      "SELECT type, id, version, born, fields, field_versions FROM entity WHERE dossier = \(dossier)"
    ).fetchAll(db).compactMap(Self.entity)
  }

  func entities(of type: EntityType) throws -> [Entity] {
    try SQLRequest<Row>(
      "SELECT type, id, version, born, fields, field_versions FROM entity WHERE type = \(type.rawValue)"
    ).fetchAll(db).compactMap(Self.entity)
  }

  /// What the company lets its technicians do and see.
  func settings() throws -> FieldSettings {
    FieldSettings(try entities(of: .organization).first?.fields ?? [:])
  }

  func load() throws -> Checkpoint {
    let rows = try SQLRequest<Row>("SELECT type, id, version, born, fields, field_versions FROM entity")
      .fetchAll(db).compactMap(Self.entity)
    let meta = MetaStore(db: db)
    return Checkpoint(
      base: try meta.base(), cursor: try meta[.cursor],
      entities: Dictionary(uniqueKeysWithValues: rows.map { ($0.key, $0) }))
  }

  /// Writes what differs between the two, whose first is what the file holds.
  func replace(_ old: Checkpoint, by new: Checkpoint) throws {
    for key in old.entities.keys where new.entities[key] == nil {
      try db.execute(literal: "DELETE FROM entity WHERE type = \(key.type.rawValue) AND id = \(key.id)")
    }
    for (key, entity) in new.entities where old.entities[key] != entity {
      try put(entity)
    }
    try advance(to: new.base, cursor: new.cursor)
  }

  /// Nothing has changed up to a later version.
  func advance(to base: Mutation.Base, cursor: String?) throws {
    let meta = MetaStore(db: db)
    try meta.set(.epoch, base.epoch)
    try meta.set(.version, String(base.version))
    try meta.set(.cursor, cursor)
  }

  private func put(_ entity: Entity) throws {
    let key = entity.key
    let dossier = key.type == .dossier ? key.id : key.type.dossierField.flatMap { entity.fields[$0]?.string }
    let versions = JSONValue.object(entity.fieldVersions.mapValues { .integer($0) })
    try db.execute(
      literal: """
        INSERT INTO entity (type, id, dossier, version, born, fields, field_versions)
        VALUES (\(key.type.rawValue), \(key.id), \(dossier), \(entity.version), \(entity.born),
          \(JSONValue.object(entity.fields).description), \(versions.description))
        ON CONFLICT (type, id) DO UPDATE SET dossier = excluded.dossier, version = excluded.version,
          born = excluded.born, fields = excluded.fields, field_versions = excluded.field_versions
        """)
  }

  /// Nil for a type that an older version of the SDK wrote and this one does not know.
  private static func entity(_ row: Row) -> Entity? {
    guard let type = EntityType(rawValue: row[0]) else { return nil }
    let fields = (try? JSONValue.parse(row[4] as String))?.object ?? [:]
    let versions = (try? JSONValue.parse(row[5] as String))?.object ?? [:]
    return Entity(
      key: EntityKey(type, row[1]), version: row[2], born: row[3], fields: fields,
      fieldVersions: versions.compactMapValues(\.integer))
  }

  /// The pull that is under way; nil where none is.
  func staging() throws -> Staging? {
    let pages = try SQLRequest<String>("SELECT response FROM staging ORDER BY page").fetchAll(db)
    var staging: Staging?
    for text in pages {
      let page = try PullResponse(json: JSONValue.parse(text))
      if staging == nil { staging = Staging(first: page) } else { staging?.append(page) }
    }
    return staging
  }

  /// Where the pull that is under way goes on; nil where none is.
  func stagedCursor() throws -> String? {
    try SQLRequest<String>("SELECT cursor FROM staging ORDER BY page DESC LIMIT 1").fetchOne(db)
  }

  func stage(_ page: PullResponse) throws {
    try db.execute(
      literal: "INSERT INTO staging (cursor, response) VALUES (\(page.cursor), \(page.json.description))")
  }

  func clearStaging() throws {
    try db.execute(literal: "DELETE FROM staging")
  }
}
