public import ConstatCore

/// Who made a version: the seal's actor and, for a push, the device.
public struct Writer: Sendable, Hashable {
  public let actor: String
  public let device: String?

  public init(actor: String, device: String?) {
    self.actor = actor
    self.device = device
  }
}

/// A row as the server has it while a push is decided.
public struct EntityState: Sendable, Hashable {
  public let key: EntityKey
  /// Column values by name; of a deleted row the last ones.
  public var values: [String: JSONValue]
  /// The version that last touched the row; of a deleted row, the one that deleted it.
  public var version: Int64
  public var born: Int64
  /// Versions of the fields changed since the row was born.
  public var fieldVersions: [String: Int64]
  public var isDeleted: Bool
  /// Those of the values whose fields this code does not know: a device of a newer schema wrote them.
  public var extraFields: Set<String>
  /// Who made the versions that fields have; one that is missing counts as someone else.
  public var writers: [Int64: Writer]

  /// The version of what the running push has written itself: it is known only at its end.
  public static let unsealed = Int64.max

  public init(
    key: EntityKey, values: [String: JSONValue], version: Int64, born: Int64,
    fieldVersions: [String: Int64] = [:], isDeleted: Bool = false, writers: [Int64: Writer] = [:],
    extraFields: Set<String> = []
  ) {
    self.key = key
    self.values = values
    self.version = version
    self.born = born
    self.fieldVersions = fieldVersions
    self.isDeleted = isDeleted
    self.writers = writers
    self.extraFields = extraFields
  }

  /// When the field last changed; deletion forgets the fields' own versions.
  public func version(of field: String) -> Int64 {
    isDeleted ? version : fieldVersions[field] ?? born
  }

  /// Whether the field holds the value, as a user sees it.
  public func holds(_ value: JSONValue, in field: String) -> Bool { JSONValue.same(values[field], value) }

  /// The row after an effect of the device's push, for the mutations that follow in it.
  mutating func apply(_ effect: Effect, by writer: Writer) {
    let unsealed = EntityState.unsealed
    switch effect {
    case .none: return
    case .insert(let values), .restore(let values):
      self.values = values
      born = unsealed
      fieldVersions = [:]
      isDeleted = false
      // What a row is made with its writer wrote; what it is brought back with others may have.
      if case .insert = effect { fieldVersions = values.mapValues { _ in unsealed } }
    case .update(let changes):
      for (field, value) in changes {
        values[field] = value
        fieldVersions[field] = unsealed
      }
    case .delete:
      fieldVersions = [:]
      isDeleted = true
    }
    version = unsealed
    writers[unsealed] = writer
  }
}

/// What a mutation does to its row.
public enum Effect: Sendable, Hashable {
  case none
  /// A new row with these values.
  case insert([String: JSONValue])
  /// These fields get these values.
  case update([String: JSONValue])
  case delete
  /// The deleted row comes back with these values.
  case restore([String: JSONValue])
}

extension JSONValue {
  /// Equal as a user sees it: two notations of one moment are the same value, since PostgreSQL
  /// prints a `timestamptz` otherwise than a device does; null and a missing member are the same.
  static func same(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
    let (left, right) = (left ?? .null, right ?? .null)
    if left == right { return true }
    guard case .string(let one) = left, case .string(let other) = right, one.mayBeInstant,
      other.mayBeInstant, let first = Instant(one), let second = Instant(other)
    else { return false }
    return first == second
  }
}

extension String {
  /// True for texts of the length and shape of RFC 3339; spares parsing all others.
  fileprivate var mayBeInstant: Bool {
    guard (20...40).contains(utf8.count) else { return false }
    let start = utf8.startIndex
    return utf8[utf8.index(start, offsetBy: 4)] == UInt8(ascii: "-")
      && utf8[utf8.index(start, offsetBy: 7)] == UInt8(ascii: "-")
  }
}
