public import ConstatCore

/// One page of a pull. The pages up to `more: false` together are the exact state at one version.
public struct PullResponse: Sendable, Hashable {
  /// Changes when the server was restored from a backup.
  public var epoch: String
  /// The organization's version that this page was read at. With the last page, the version of the
  /// whole: the base of the edits to come.
  public var version: Int64
  public var events: [SyncEvent]
  /// For the next request, opaque.
  public var cursor: String
  /// True while the state is not whole: ask again at once, show nothing of it yet.
  public var more: Bool
  /// True on the first page of an answer that starts from nothing: what the device has is stale.
  public var reset: Bool
  /// The last sequence of this device that the server has settled.
  public var lmid: Int64
  public var schema: SchemaRange

  public init(
    epoch: String, version: Int64, events: [SyncEvent], cursor: String, more: Bool, reset: Bool,
    lmid: Int64, schema: SchemaRange = .current
  ) {
    self.epoch = epoch
    self.version = version
    self.events = events
    self.cursor = cursor
    self.more = more
    self.reset = reset
    self.lmid = lmid
    self.schema = schema
  }

  public init(json: JSONValue) throws(FieldProblems) {
    let reader = try WireReader(json)
    epoch = try reader.string("epoch")
    version = try reader.count("v")
    var events: [SyncEvent] = []
    for (index, event) in try reader.array("events").enumerated() {
      events.append(try SyncEvent(json: event, at: "/events/\(index)"))
    }
    self.events = events
    cursor = try reader.string("cursor")
    more = try reader.bool("more", default: false)
    reset = try reader.bool("reset", default: false)
    lmid = try reader.count("lmid")
    let range = try WireReader(.object(try reader.optionalObject("schema")), at: "/schema")
    schema = SchemaRange(
      minimum: Int(clamping: try range.optionalCount("min") ?? 1),
      maximum: Int(clamping: try range.optionalCount("max") ?? 1))
  }

  public var json: JSONValue {
    [
      "epoch": .string(epoch), "v": .integer(version), "events": .array(events.map(\.json)),
      "cursor": .string(cursor),
      "more": .bool(more), "reset": .bool(reset), "lmid": .integer(lmid),
      "schema": ["min": .integer(Int64(schema.minimum)), "max": .integer(Int64(schema.maximum))],
    ]
  }
}
