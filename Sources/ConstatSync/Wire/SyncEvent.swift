public import ConstatCore

/// A row as the server last showed it: values, and when each was last changed.
public struct Entity: Sendable, Hashable {
  public let key: EntityKey
  /// The version that last touched the row.
  public var version: Int64
  /// The version at which the row was created.
  public var born: Int64
  public var fields: [String: JSONValue]
  /// The versions of the fields changed since the row was born; any other has `born`.
  public var fieldVersions: [String: Int64]

  public init(
    key: EntityKey, version: Int64, born: Int64, fields: [String: JSONValue],
    fieldVersions: [String: Int64] = [:]
  ) {
    self.key = key
    self.version = version
    self.born = born
    self.fields = fields
    self.fieldVersions = fieldVersions
  }

  public func version(of field: String) -> Int64 { fieldVersions[field] ?? born }
}

/// One thing that a pull tells.
public enum SyncEvent: Sendable, Hashable {
  /// The row is so now; it may be new to the device.
  case put(Entity)
  /// The row is gone. A device may be told of rows that it never had.
  case delete(EntityKey, version: Int64)
  /// The mission is no longer this device's: the dossier goes, and all that only it led to.
  case leave(mission: String, version: Int64, reason: LeaveReason)
  /// From a newer server: to be passed over.
  case unknown(JSONValue)
}

/// Why a mission left a device; open, since a newer server may know more.
public struct LeaveReason: RawRepresentable, Sendable, Hashable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Another technician has it.
  public static let reassigned = LeaveReason(rawValue: "reassigned")
  /// Its dossier is finalised, cancelled, archived or in the bin.
  public static let closed = LeaveReason(rawValue: "closed")
}

extension SyncEvent {
  public init(json: JSONValue, at pointer: String = "") throws(FieldProblems) {
    let reader = try WireReader(json, at: pointer)
    let version = try reader.count("v")
    let operation = try reader.string("op")
    if operation == "leave" {
      self = .leave(
        mission: try reader.uuid("mission"), version: version,
        reason: LeaveReason(rawValue: try reader.optionalString("reason") ?? ""))
      return
    }
    guard operation == "put" || operation == "delete",
      let type = EntityType(rawValue: try reader.string("type"))
    else {
      self = .unknown(json)
      return
    }
    let key = EntityKey(type, try reader.uuid("id"))
    guard operation == "put" else {
      self = .delete(key, version: version)
      return
    }
    var versions: [String: Int64] = [:]
    for (field, value) in try reader.optionalObject("fv") {
      guard let version = value.integer else {
        throw FieldProblems(reader.place("fv/" + field), .wrongType, "un nombre entier est attendu")
      }
      versions[field] = version
    }
    // What the server does not know shows beside what it does.
    let fields = try reader.object("fields").merging(try reader.optionalObject("extra")) { known, _ in known }
    self = .put(
      Entity(
        key: key, version: version, born: try reader.count("born"), fields: fields, fieldVersions: versions))
  }

  public var json: JSONValue {
    switch self {
    case .put(let entity):
      [
        "op": "put", "type": .string(entity.key.type.rawValue), "id": .string(entity.key.id),
        "v": .integer(entity.version), "born": .integer(entity.born), "fields": .object(entity.fields),
        "fv": .object(entity.fieldVersions.mapValues { .integer($0) }),
      ]
    case .delete(let key, let version):
      ["op": "delete", "type": .string(key.type.rawValue), "id": .string(key.id), "v": .integer(version)]
    case .leave(let mission, let version, let reason):
      [
        "op": "leave", "mission": .string(mission), "v": .integer(version),
        "reason": .string(reason.rawValue),
      ]
    case .unknown(let json): json
    }
  }
}
