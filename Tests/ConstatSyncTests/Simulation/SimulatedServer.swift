import ConstatCore
import ConstatSync

/// A server in memory: what it stores is simple, what it decides is the real code.
struct SimulatedServer {
  struct Row {
    var values: [String: JSONValue]
    var version: Int64
    var born: Int64
    var fieldVersions: [String: Int64] = [:]
    var isDeleted = false
  }

  struct Membership {
    var isIn: Bool
    var version: Int64
    var joined: Int64
  }

  struct Seat: Hashable, Comparable {
    let technician: String
    let mission: String
    static func < (left: Seat, right: Seat) -> Bool {
      (left.technician, left.mission) < (right.technician, right.mission)
    }
  }

  struct Settled {
    let mutation: Mutation
    let stored: PushPlan.Stored
  }

  /// One value written to one field, for the oracle.
  struct Write {
    let key: EntityKey
    let field: String
    let value: JSONValue
    let version: Int64
    /// Nil for the office.
    let device: String?
    /// For a device, what it claimed to know.
    let known: Int64
  }

  let mutant: Mutant?
  var epoch = 1
  var forks: [String: Int64] = [:]
  var version: Int64 = 1
  var rows: [EntityKey: Row] = [:]
  var writers: [Int64: Writer] = [:]
  var seats: [Seat: Membership] = [:]
  var technicians: [String: String] = [:]
  var revoked: Set<String> = []
  /// Those whose edits were applied though they were revoked.
  var revokedWriters: Set<String> = []
  var lmid: [String: Int64] = [:]
  var settled: [String: [Int64: Settled]] = [:]
  var timesSettled: [String: [Int64: Int]] = [:]
  var parked: [Mutation] = []
  /// Whole files by their hash, and how many parts of others are there.
  var blobs: Set<String> = []
  var parts: [String: [String: Int]] = [:]
  var writes: [Write] = []
  var conflictCount = 0
  let signer = CursorSigner(keys: [[UInt8](repeating: 7, count: 32)])

  init(mutant: Mutant?) {
    self.mutant = mutant
  }

  var epochName: String { "e\(epoch)" }
  var position: ServerPosition {
    var forks = forks
    if mutant == .epochBase { for older in 1..<epoch { forks["e\(older)"] = .max } }
    return ServerPosition(epoch: epochName, forks: forks, version: version)
  }

  func isAssigned(_ technician: String, _ mission: String) -> Bool {
    seats[Seat(technician: technician, mission: mission)]?.isIn ?? false
  }

  // MARK: what the office does

  mutating func seal(_ writer: Writer = Writer(actor: "user:office", device: nil)) {
    version += 1
    writers[version] = writer
  }

  mutating func insert(_ key: EntityKey, _ values: [String: JSONValue]) {
    seal()
    store(.insert(values), key, device: nil, known: version)
  }

  mutating func write(_ key: EntityKey, _ changes: [String: JSONValue]) {
    seal()
    store(.update(changes), key, device: nil, known: version)
  }

  mutating func delete(_ key: EntityKey) {
    seal()
    store(.delete, key, device: nil, known: version)
  }

  /// Gives the mission to the technician, alone or beside those who have it.
  mutating func assign(_ mission: String, to technician: String?, alone: Bool) {
    seal()
    for seat in seats.keys where alone && seat.mission == mission && seat.technician != technician {
      if seats[seat]!.isIn {
        seats[seat]!.isIn = false
        seats[seat]!.version = version
      }
    }
    guard let technician, !isAssigned(technician, mission) else { return }
    seats[Seat(technician: technician, mission: mission)] =
      Membership(isIn: true, version: version, joined: version)
  }

  mutating func resolve(_ conflict: EntityKey, takingMine: Bool) {
    guard let row = rows[conflict], row.values["state"]?.string == "open",
      let record = try? ConflictRecord(json: .object(row.values), id: conflict.id)
    else { return }
    if record.field != ConflictRecord.deletion, let target = rows[record.key], !target.isDeleted {
      write(record.key, [record.field: takingMine ? record.mine.value : record.theirs.value])
    }
    write(conflict, ["state": "resolved"])
  }

  // MARK: storage

  mutating func store(_ effect: Effect, _ key: EntityKey, device: String?, known: Int64) {
    var row = rows[key] ?? Row(values: [:], version: version, born: version)
    var changed: [String: JSONValue] = [:]
    switch effect {
    case .none: return
    case .insert(let values), .restore(let values):
      let values = key.type == .attachment ? settled(values) : values
      row = Row(values: values, version: version, born: version)
      changed = values
    case .update(let changes):
      for (field, value) in changes {
        row.values[field] = value
        row.fieldVersions[field] = version
      }
      row.version = version
      changed = changes
    case .delete:
      row.isDeleted = true
      row.fieldVersions = [:]
      row.version = version
    }
    rows[key] = row
    guard key.type != .syncConflict else { return }
    for (field, value) in changed {
      writes.append(
        Write(key: key, field: field, value: value, version: version, device: device, known: known))
    }
  }

  func state(_ key: EntityKey) -> EntityState? {
    guard let row = rows[key] else { return nil }
    return EntityState(
      key: key, values: row.values, version: row.version, born: row.born,
      fieldVersions: row.fieldVersions, isDeleted: row.isDeleted, writers: writers)
  }

  /// The shared rows that a mission leads to, each with the version of each link.
  func links(of mission: String) -> [(target: EntityKey, version: Int64)] {
    var found: [(target: EntityKey, version: Int64)] = []
    for (key, row) in rows where !row.isDeleted {
      guard key == EntityKey(.dossier, mission) || row.values["dossier_id"]?.string == mission else {
        continue
      }
      for link in Reachability.links where link.type == key.type {
        if let id = row.values[link.field]?.string {
          found.append((EntityKey(link.target, id), row.version))
        }
      }
    }
    return found
  }

  func rows(of mission: String) -> [(key: EntityKey, row: Row)] {
    rows.compactMap { key, row in
      let isOwn = key == EntityKey(.dossier, mission) || row.values["dossier_id"]?.string == mission
      return isOwn ? (key, row) : nil
    }
  }
}
