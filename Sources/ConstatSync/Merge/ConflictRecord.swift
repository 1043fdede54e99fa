public import ConstatCore

/// Two values for one field, written by people who had not seen each other's: both are kept until
/// someone decides. A device has at most one open conflict per field; its later edits of the field
/// go into it.
public struct ConflictRecord: Sendable, Hashable {
  /// Whose value is live meanwhile.
  public enum Chosen: String, Sendable, Hashable {
    case mine
    case theirs
    case both
  }

  /// The value that both started from, as far as it is known.
  public struct Base: Sendable, Hashable {
    public var version: Int64
    public var value: JSONValue?

    public init(version: Int64, value: JSONValue?) {
      self.version = version
      self.value = value
    }
  }

  /// The device's side.
  public struct Mine: Sendable, Hashable {
    public var value: JSONValue
    public var device: String
    public var seq: Int64
    public var hlc: String

    public init(value: JSONValue, device: String, seq: Int64, hlc: String) {
      self.value = value
      self.device = device
      self.seq = seq
      self.hlc = hlc
    }
  }

  /// The other side: the server's value when the device's arrived.
  public struct Theirs: Sendable, Hashable {
    public var value: JSONValue
    public var version: Int64
    public var actor: String?
    /// Values that stood here before, each displaced by one that had not seen the device's either.
    public var earlier: [JSONValue]

    public init(value: JSONValue, version: Int64, actor: String?, earlier: [JSONValue] = []) {
      self.value = value
      self.version = version
      self.actor = actor
      self.earlier = earlier
    }
  }

  /// The pseudo-field of a conflict between an edit and a deletion.
  public static let deletion = "_deleted"
  /// The policy of such a conflict, on the wire.
  public static let editBeatsDelete = "edit_beats_delete"
  /// The pseudo-field of a payment that is more than is owed, because another was recorded that its device had not
  /// seen: the same money entered twice, perhaps.
  public static let surplus = "_surplus"
  /// The policy of such a conflict, on the wire: money is never dropped.
  public static let bothKept = "both_kept"

  /// Nil until the server gives it one.
  public var id: String?
  public let key: EntityKey
  /// The dossier that the device's edit was made in.
  public let dossier: String
  public let field: String
  public let policy: String
  public var base: Base
  public var mine: Mine
  public var theirs: Theirs
  public var chosen: Chosen

  public init(
    id: String? = nil, key: EntityKey, dossier: String, field: String, policy: String, base: Base,
    mine: Mine, theirs: Theirs, chosen: Chosen
  ) {
    self.id = id
    self.key = key
    self.dossier = dossier
    self.field = field
    self.policy = policy
    self.base = base
    self.mine = mine
    self.theirs = theirs
    self.chosen = chosen
  }
}

extension ConflictRecord {
  /// The column `base`.
  public var baseJSON: JSONValue {
    var members: [String: JSONValue] = ["v": .integer(base.version)]
    if let value = base.value { members["value"] = value }
    return .object(members)
  }

  /// The column `mine`.
  public var mineJSON: JSONValue {
    [
      "value": mine.value, "device": .string(mine.device), "seq": .integer(mine.seq),
      "hlc": .string(mine.hlc),
    ]
  }

  /// The column `theirs`. A version that the running push is about to make is left out.
  public var theirsJSON: JSONValue {
    var members: [String: JSONValue] = ["value": theirs.value]
    if theirs.version != EntityState.unsealed { members["v"] = .integer(theirs.version) }
    if let actor = theirs.actor { members["actor"] = .string(actor) }
    if !theirs.earlier.isEmpty { members["earlier"] = .array(theirs.earlier) }
    return .object(members)
  }

  /// A row of `sync_conflict`, from its columns.
  public init(json: JSONValue, id: String) throws(FieldProblems) {
    let reader = try WireReader(json)
    self.id = id
    key = EntityKey(
      try reader.choice("entity_type", of: EntityType.self), try reader.uuid("entity_id"))
    dossier = try reader.optionalString("dossier_id") ?? ""
    field = try reader.string("field")
    policy = try reader.string("policy")
    chosen = try reader.choice("chosen", of: Chosen.self)
    let base = try reader.object("base")
    self.base = Base(version: base["v"]?.integer ?? 0, value: base["value"])
    let mine = try WireReader(.object(try reader.object("mine")), at: "/mine")
    self.mine = Mine(
      value: mine["value"] ?? .null, device: try mine.string("device"), seq: try mine.count("seq"),
      hlc: try mine.optionalString("hlc") ?? "")
    let theirs = try WireReader(.object(try reader.object("theirs")), at: "/theirs")
    self.theirs = Theirs(
      value: theirs["value"] ?? .null, version: try theirs.optionalCount("v") ?? 0,
      actor: try theirs.optionalString("actor"), earlier: theirs["earlier"]?.array ?? [])
  }

  /// The columns that say what is contested, by name.
  public var columns: [String: JSONValue] {
    [
      "entity_type": .string(key.type.rawValue), "entity_id": .string(key.id),
      "dossier_id": .string(dossier), "field": .string(field), "policy": .string(policy),
      "base": baseJSON, "mine": mineJSON, "theirs": theirsJSON, "chosen": .string(chosen.rawValue),
    ]
  }

  /// The record after the device has edited the field again. `rival` is what stood against the
  /// new value, where something did.
  func coalesced(mine: Mine, rival: Theirs?, chosen: Chosen) -> ConflictRecord {
    var record = self
    record.mine = mine
    record.chosen = chosen
    if let rival, rival.version != theirs.version || !JSONValue.same(rival.value, theirs.value) {
      record.theirs = rival
      record.theirs.earlier = theirs.earlier
      let isKept = theirs.earlier.contains { JSONValue.same($0, theirs.value) }
      if !isKept { record.theirs.earlier.append(theirs.value) }
    }
    return record
  }
}
