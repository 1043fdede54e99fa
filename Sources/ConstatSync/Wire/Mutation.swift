internal import Crypto
public import ConstatCore

/// One edit of one row, as a device's journal holds it: written once, sent until answered, never
/// altered, since the server recognises it by its bytes.
public struct Mutation: Sendable, Hashable {
  public enum Operation: String, Sendable, Hashable {
    case create
    case set
    case delete
  }

  /// What the device had received when the edit was made.
  public struct Base: Sendable, Hashable {
    public var epoch: String
    public var version: Int64

    public init(epoch: String, version: Int64) {
      self.epoch = epoch
      self.version = version
    }
  }

  /// Mutations that stand or fall together: `count` neighbours in sequence with the same id.
  public struct Group: Sendable, Hashable {
    public var id: String
    public var count: Int

    public init(id: String, count: Int) {
      self.id = id
      self.count = count
    }
  }

  /// The place in the device's journal: 1, 2, 3 … without gap.
  public var seq: Int64
  /// When the technician made it, by a clock that the server does not trust: for display.
  public var hlc: String
  public var base: Base
  public var key: EntityKey
  public var operation: Operation
  /// The dossier that the edit was made in, also for shared rows.
  public var dossier: String
  /// New values by field.
  public var set: [String: JSONValue]
  /// What the device showed before: each field of `set`, null where it was empty; of a row that is
  /// deleted, all its fields.
  public var was: [String: JSONValue]
  public var group: Group?
  /// The wire's schema that the device spoke when the edit was made.
  public var schema: Int
  /// Members that this code does not know, kept.
  public var extra: [String: JSONValue]

  public init(
    seq: Int64, hlc: String, base: Base, key: EntityKey, operation: Operation, dossier: String,
    set: [String: JSONValue] = [:], was: [String: JSONValue] = [:], group: Group? = nil,
    schema: Int = SchemaRange.current.maximum, extra: [String: JSONValue] = [:]
  ) {
    self.seq = seq
    self.hlc = hlc
    self.base = base
    self.key = key
    self.operation = operation
    self.dossier = dossier
    self.set = set
    self.was = was
    self.group = group
    self.schema = schema
    self.extra = extra
  }
}

extension Mutation {
  private static let known: Set<String> = [
    "seq", "hlc", "base", "type", "id", "op", "dossier", "set", "was", "group", "schema",
  ]

  public init(json: JSONValue, at pointer: String = "") throws(FieldProblems) {
    let reader = try WireReader(json, at: pointer)
    seq = try reader.count("seq")
    hlc = try reader.optionalString("hlc") ?? ""
    let base = try WireReader(.object(try reader.object("base")), at: reader.place("base"))
    self.base = Base(epoch: try base.string("epoch"), version: try base.count("v"))
    key = EntityKey(try reader.choice("type", of: EntityType.self), try reader.uuid("id"))
    operation = try reader.choice("op", of: Operation.self)
    dossier = try reader.uuid("dossier")
    set = try reader.optionalObject("set")
    was = try reader.optionalObject("was")
    if !reader.has("group") {
      group = nil
    } else {
      let group = try WireReader(.object(try reader.object("group")), at: reader.place("group"))
      let count = try group.count("n")
      guard (1...Int64(SyncLimits.groupMutations)).contains(count) else {
        let detail = "un groupe compte 1 à \(SyncLimits.groupMutations) modifications"
        throw FieldProblems(group.place("n"), .outOfRange, detail)
      }
      self.group = Group(id: try group.string("id"), count: Int(count))
    }
    schema = Int(clamping: try reader.optionalCount("schema") ?? 1)
    extra = reader.members.filter { !Mutation.known.contains($0.key) }
  }

  public var json: JSONValue {
    var members = extra
    members["seq"] = .integer(seq)
    members["hlc"] = .string(hlc)
    members["base"] = ["epoch": .string(base.epoch), "v": .integer(base.version)]
    members["type"] = .string(key.type.rawValue)
    members["id"] = .string(key.id)
    members["op"] = .string(operation.rawValue)
    members["dossier"] = .string(dossier)
    if !set.isEmpty { members["set"] = .object(set) }
    if !was.isEmpty { members["was"] = .object(was) }
    if let group { members["group"] = ["id": .string(group.id), "n": .integer(Int64(group.count))] }
    members["schema"] = .integer(Int64(schema))
    return .object(members)
  }

  /// The SHA-256 of the canonical JSON: tells a repeated mutation from another one that bears the
  /// same sequence (a device restored from a backup, or copied).
  public var payloadHash: [UInt8] { Mutation.payloadHash(ofCanonical: json.serialized()) }

  public static func payloadHash(ofCanonical json: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: json)) }
}
