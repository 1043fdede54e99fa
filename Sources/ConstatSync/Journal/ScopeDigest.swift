internal import Crypto
import ConstatCore

/// What a device holds, in one hash for each type of row: equal on server and device where both hold the same.
///
/// Of each row one line of canonical JSON, `[type, id, v, born, fields, fv]`, `fields` without the members that are
/// null; the lines of a type in the order of their ids, each ended by a line feed; of those bytes the SHA-256. By type,
/// so that a client that passes over a type it does not know can still compare the others.
public struct ScopeDigest: Sendable, Hashable {
  public struct Part: Sendable, Hashable {
    public let rows: Int
    /// In lower-case hexadecimal; that of no bytes where there is no row.
    public let sha256: String

    public init(rows: Int, sha256: String) {
      self.rows = rows
      self.sha256 = sha256
    }
  }

  /// By the type's name on the wire.
  public let parts: [String: Part]

  public init(parts: [String: Part]) {
    self.parts = parts
  }

  /// Every type that this code knows has its part.
  public init(of entities: some Sequence<Entity>) {
    var byType: [EntityType: [Entity]] = [:]
    for entity in entities { byType[entity.key.type, default: []].append(entity) }
    var parts: [String: Part] = [:]
    for type in EntityType.allCases {
      let rows = (byType[type] ?? []).sorted { $0.key.id < $1.key.id }
      var hash = SHA256()
      for row in rows { hash.update(data: ScopeDigest.line(row)) }
      parts[type.rawValue] = Part(rows: rows.count, sha256: ScopeDigest.hexadecimal(hash.finalize()))
    }
    self.parts = parts
  }

  /// Without the parts of these types, which are then not compared.
  public func without(_ types: Set<EntityType>) -> ScopeDigest {
    let names = Set(types.map(\.rawValue))
    return ScopeDigest(parts: parts.filter { !names.contains($0.key) })
  }

  /// The types whose rows differ, of those that both sides know.
  public func differing(from other: ScopeDigest) -> [String] {
    parts.filter { type, part in other.parts[type].map { $0 != part } ?? false }.keys.sorted()
  }

  static func line(_ entity: Entity) -> [UInt8] {
    let row: JSONValue = [
      .string(entity.key.type.rawValue), .string(entity.key.id), .integer(entity.version),
      .integer(entity.born),
      .object(entity.fields.filter { !$0.value.isNull }),
      .object(entity.fieldVersions.mapValues { .integer($0) }),
    ]
    var bytes = row.serialized()
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

extension ScopeDigest {
  init(json: JSONValue, at pointer: String) throws(FieldProblems) {
    var parts: [String: Part] = [:]
    for (type, value) in try WireReader(json, at: pointer).members {
      let reader = try WireReader(value, at: pointer + "/" + type)
      parts[type] = Part(rows: Int(clamping: try reader.count("rows")), sha256: try reader.string("sha256"))
    }
    self.parts = parts
  }

  var json: JSONValue {
    .object(parts.mapValues { ["rows": .integer(Int64($0.rows)), "sha256": .string($0.sha256)] })
  }
}
