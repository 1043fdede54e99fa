public import ConstatCore

/// `POST /v1/sync/digest`: a device asks what it should hold, to compare it with what it does.
public struct DigestRequest: Sendable, Hashable {
  /// Of the checkpoint that the device compares.
  public var cursor: String
  /// What the device holds, so that the office sees a device that went astray.
  public var held: ScopeDigest?

  public init(cursor: String, held: ScopeDigest? = nil) {
    self.cursor = cursor
    self.held = held
  }

  public init(json: JSONValue) throws(FieldProblems) {
    let reader = try WireReader(json)
    cursor = try reader.string("cursor")
    held = try reader["held"].map { value throws(FieldProblems) in
      try ScopeDigest(json: value, at: reader.place("held"))
    }
  }

  public var json: JSONValue {
    var members: [String: JSONValue] = ["cursor": .string(cursor)]
    if let held { members["held"] = held.json }
    return .object(members)
  }
}

/// The answer: the digest of all that the device should hold, where nothing has changed since its cursor.
public struct DigestResponse: Sendable, Hashable {
  public var epoch: String
  public var version: Int64
  /// Nil where the device has to pull before a comparison says anything.
  public var expected: ScopeDigest?

  public init(epoch: String, version: Int64, expected: ScopeDigest?) {
    self.epoch = epoch
    self.version = version
    self.expected = expected
  }

  public init(json: JSONValue) throws(FieldProblems) {
    let reader = try WireReader(json)
    epoch = try reader.string("epoch")
    version = try reader.count("v")
    expected = try reader["types"].map { value throws(FieldProblems) in
      try ScopeDigest(json: value, at: reader.place("types"))
    }
  }

  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "epoch": .string(epoch), "v": .integer(version), "current": .bool(expected != nil),
    ]
    if let expected { members["types"] = expected.json }
    return .object(members)
  }
}
