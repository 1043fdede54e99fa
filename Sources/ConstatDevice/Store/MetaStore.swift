import ConstatSync
import GRDB

/// The few values that the device has once.
struct MetaStore {
  enum Name: String {
    case server, device, technician, name, secret, epoch, version, cursor, hlc
    case lastSequence = "last_sequence"
    case verifiedAt = "verified_at"
  }

  let db: Database

  subscript(name: Name) -> String? {
    get throws {
      try SQLRequest<String>("SELECT value FROM meta WHERE name = \(name.rawValue)").fetchOne(db)
    }
  }

  func set(_ name: Name, _ value: String?) throws {
    if let value {
      try db.execute(
        literal: """
          INSERT INTO meta (name, value) VALUES (\(name.rawValue), \(value))
          ON CONFLICT (name) DO UPDATE SET value = excluded.value
          """)
    } else {
      try db.execute(literal: "DELETE FROM meta WHERE name = \(name.rawValue)")
    }
  }

  /// Nil before enrolment and after a wipe.
  func enrolment() throws -> Enrolment? {
    guard let server = try self[.server], let device = try self[.device],
      let technician = try self[.technician],
      let secret = try self[.secret]
    else { return nil }
    return Enrolment(
      server: server, device: device, technician: technician, name: try self[.name] ?? "", secret: secret)
  }

  func set(_ enrolment: Enrolment) throws {
    try set(.server, enrolment.server)
    try set(.device, enrolment.device)
    try set(.technician, enrolment.technician)
    try set(.name, enrolment.name)
    try set(.secret, enrolment.secret)
  }

  /// What new edits are based on.
  func base() throws -> Mutation.Base {
    Mutation.Base(epoch: try self[.epoch] ?? "", version: try self[.version].flatMap { Int64($0) } ?? 0)
  }

  /// The next reading of the device's clock is after this one, also after a restart.
  func clock(of device: String) throws -> HybridClock {
    HybridClock(device: device, last: try self[.hlc].flatMap { HybridTime($0) })
  }
}
