internal import Crypto

/// How far a device has read: the token that a pull hands out and takes back. Opaque to clients
/// and signed, so that a device can neither forge another's nor skip what it must be told.
public struct Cursor: Sendable, Hashable {
  /// A place in the feed, which is ordered by version, type and id. Events after it are to come.
  public struct Position: Sendable, Hashable, Comparable {
    public let version: Int64
    public let type: String
    public let id: String

    public init(version: Int64, type: String, id: String) {
      self.version = version
      self.type = type
      self.id = id
    }

    /// After every event of the version. "~" sorts after every type (in the "C" collation).
    public static func end(of version: Int64) -> Position {
      Position(version: version, type: "~", id: "ffffffff-ffff-ffff-ffff-ffffffffffff")
    }

    public static func < (left: Position, right: Position) -> Bool {
      (left.version, left.type, left.id) < (right.version, right.type, right.id)
    }
  }

  public let epoch: String
  public let device: String
  public let schema: Int
  /// What was withheld when the device was told, as `WithheldInformation.key`.
  public let withheld: String
  public let position: Position

  public init(epoch: String, device: String, schema: Int, withheld: String = "", position: Position) {
    self.epoch = epoch
    self.device = device
    self.schema = schema
    self.withheld = withheld
    self.position = position
  }

  /// Everything up to the version has been read.
  public init(epoch: String, device: String, schema: Int, version: Int64) {
    self.init(epoch: epoch, device: device, schema: schema, position: .end(of: version))
  }

  /// The same, if it was handed to that device.
  public func checked(for device: String) throws(CursorError) -> Cursor {
    guard self.device == device else { throw .otherDevice }
    return self
  }
}

/// Why a cursor is not accepted. The remedy is one: pull again without cursor, journal kept.
public enum CursorError: Error, Sendable, Hashable {
  case malformed
  /// The signature is not ours.
  case forged
  /// It was handed to another device.
  case otherDevice

  /// Stable, for problem answers.
  public var code: String {
    switch self {
    case .malformed: "cursor-malformed"
    case .forged: "cursor-forged"
    case .otherDevice: "cursor-of-other-device"
    }
  }
}

/// Signs cursors and reads them back. Of several keys the first signs and all are accepted, so
/// that a key can be replaced.
public struct CursorSigner: Sendable {
  private let keys: [SymmetricKey]

  /// Keys of at least 32 random bytes.
  public init(keys: [[UInt8]]) {
    precondition(!keys.isEmpty && keys.allSatisfy { $0.count >= 32 }, "a cursor key has 32 bytes")
    self.keys = keys.map { SymmetricKey(data: $0) }
  }

  public func token(_ cursor: Cursor) -> String {
    let place = cursor.position
    let end = Cursor.Position.end(of: place.version)
    let schema = cursor.withheld.isEmpty ? String(cursor.schema) : "\(cursor.schema)/\(cursor.withheld)"
    var fields = ["1", cursor.epoch, cursor.device, schema, String(place.version)]
    if place != end { fields += [place.type, place.id] }
    let payload = Array(fields.joined(separator: "|").utf8)
    let code = HMAC<SHA256>.authenticationCode(for: payload, using: keys[0])
    return Base64URL.text(payload) + "." + Base64URL.text(code)
  }

  /// A cursor that is ours, whichever device it was handed to.
  public func cursor(_ token: String) throws(CursorError) -> Cursor {
    let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard token.utf8.count <= 512, parts.count == 2, let payload = Base64URL.bytes(Substring(parts[0])),
      let code = Base64URL.bytes(Substring(parts[1]))
    else { throw .malformed }
    let isOurs = keys.contains {
      HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: payload, using: $0)
    }
    guard isOurs else { throw .forged }
    let fields = payload.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    guard fields.count == 5 || fields.count == 7, fields[0] == "1", let version = Int64(fields[4])
    else { throw .malformed }
    let told = fields[3].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let schema = Int(told[0]) else { throw .malformed }
    let position =
      fields.count == 5
      ? Cursor.Position.end(of: version)
      : Cursor.Position(version: version, type: fields[5], id: fields[6])
    return Cursor(
      epoch: fields[1], device: fields[2], schema: schema, withheld: told.count > 1 ? String(told[1]) : "",
      position: position)
  }
}
