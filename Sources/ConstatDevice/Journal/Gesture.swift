import ConstatCore
import ConstatSync
import GRDB

/// What one gesture of the technician changes: one edit, or several that stand or fall together. It is checked and
/// written in one transaction, with what the rows showed before.
struct Gesture {
  let mission: String
  let enrolment: Enrolment
  let environment: DeviceEnvironment
  let now: Instant
  private let db: Database
  private let reader: LocalReader
  /// Rows as the gesture leaves them so far.
  private var rows: [EntityKey: [String: JSONValue]] = [:]
  private var drafts: [Draft] = []

  private struct Draft {
    let key: EntityKey
    let operation: Mutation.Operation
    let set: [String: JSONValue]
    let was: [String: JSONValue]
  }

  init(_ db: Database, mission: String, environment: DeviceEnvironment) throws {
    guard let enrolment = try MetaStore(db: db).enrolment() else { throw DeviceError.notEnrolled }
    self.db = db
    self.mission = mission
    self.enrolment = enrolment
    self.environment = environment
    now = environment.now()
    reader = try LocalReader(db)
    guard try CheckpointStore(db: db).entity(EntityKey(.dossier, mission)) != nil else {
      throw DeviceError.missionNotHere(mission)
    }
  }

  /// The row's values as they show, with what this gesture made of them; nil where there is no such row.
  func values(of key: EntityKey) throws -> [String: JSONValue]? {
    try rows[key] ?? reader.entity(key)?.values
  }

  /// The mission's rows, without what this gesture changes.
  func missionRows() throws -> [EntityKey: LocalEntity] {
    try reader.rows(ofMission: mission)
  }

  /// What the company lets its technicians do.
  func settings() throws -> FieldSettings { try CheckpointStore(db: db).settings() }

  var dossier: EntityKey { EntityKey(.dossier, mission) }

  /// Writes what differs from what shows; nothing where nothing does.
  mutating func set(_ key: EntityKey, _ values: [String: JSONValue]) throws {
    var shown = try self.shown(key)
    let checked = try check(key.type, values, as: .patch)
    let changes = checked.filter { $0.value != shown[$0.key] ?? .null }
    guard !changes.isEmpty else { return }
    let was = Dictionary(uniqueKeysWithValues: changes.keys.map { ($0, shown[$0] ?? .null) })
    drafts.append(Draft(key: key, operation: .set, set: changes, was: was))
    shown.merge(changes) { $1 }
    rows[key] = shown
  }

  mutating func create(_ key: EntityKey, _ values: [String: JSONValue]) throws {
    let checked = try check(key.type, values.filter { !$0.value.isNull }, as: .creation)
    drafts.append(Draft(key: key, operation: .create, set: checked, was: [:]))
    rows[key] = checked
  }

  mutating func delete(_ key: EntityKey) throws {
    drafts.append(Draft(key: key, operation: .delete, set: [:], was: try shown(key)))
  }

  /// What a row of this mission shows. One of another mission is not found: the server would park the edit.
  private func shown(_ key: EntityKey) throws -> [String: JSONValue] {
    guard let shown = try values(of: key) else { throw DeviceError.notFound(key.description) }
    if let field = key.type.dossierField, shown[field]?.string != mission {
      throw DeviceError.notFound(key.description)
    }
    return shown
  }

  /// Appends the edits to the journal. Called once, at the end.
  func record() throws {
    guard !drafts.isEmpty else { return }
    guard drafts.count <= SyncLimits.groupMutations else { throw DeviceError.gestureTooLarge(drafts.count) }
    let meta = MetaStore(db: db)
    let journal = JournalStore(db: db)
    var clock = try meta.clock(of: enrolment.device)
    let group = drafts.count > 1 ? Mutation.Group(id: environment.newID(), count: drafts.count) : nil
    var seq = try journal.lastSequence()
    for draft in drafts {
      seq += 1
      let mutation = Mutation(
        seq: seq, hlc: clock.tick(at: now).description, base: reader.base, key: draft.key,
        operation: draft.operation, dossier: mission, set: draft.set, was: draft.was, group: group)
      try journal.append(mutation, at: now)
    }
    try meta.set(.hlc, clock.last.description)
  }

  /// The server's own check, so that what it would refuse is refused while the technician can still correct it.
  private func check(
    _ type: EntityType, _ values: [String: JSONValue], as use: FieldSet.Use
  ) throws -> [String: JSONValue] {
    guard let fields = type.writableFields else { return values }
    return fields.wire(try fields.checked(.object(values), as: use))
  }
}
