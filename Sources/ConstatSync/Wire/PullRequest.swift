public import ConstatCore

/// `POST /v1/sync/pull`: what changed in the device's missions since its cursor.
public struct PullRequest: Sendable, Hashable {
  /// The last answer's cursor; nil to start from nothing.
  public var cursor: String?
  public var limit: Int
  public var schema: Int
  /// Edits that the device still holds, so that the office sees a stuck one.
  public var unsentCount: Int?
  public var oldestUnsentAt: Instant?

  public init(
    cursor: String?, limit: Int = SyncLimits.pageEvents, schema: Int = SchemaRange.current.maximum,
    unsentCount: Int? = nil, oldestUnsentAt: Instant? = nil
  ) {
    self.cursor = cursor
    self.limit = limit
    self.schema = schema
    self.unsentCount = unsentCount
    self.oldestUnsentAt = oldestUnsentAt
  }

  public init(json: JSONValue) throws(FieldProblems) {
    let reader = try WireReader(json)
    cursor = try reader.optionalString("cursor")
    limit = Int(clamping: try reader.optionalCount("limit") ?? Int64(SyncLimits.pageEvents))
    guard (1...SyncLimits.pageEvents).contains(limit) else {
      let detail = "la valeur doit être comprise entre 1 et \(SyncLimits.pageEvents)"
      throw FieldProblems(reader.place("limit"), .outOfRange, detail)
    }
    schema = Int(clamping: try reader.optionalCount("schema") ?? 1)
    unsentCount = try reader.optionalCount("unsent_count").map { Int(clamping: $0) }
    oldestUnsentAt = reader.has("oldest_unsent_at") ? try reader.instant("oldest_unsent_at") : nil
  }

  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "cursor": JSONValue(cursor), "limit": .integer(Int64(limit)), "schema": .integer(Int64(schema)),
    ]
    if let unsentCount { members["unsent_count"] = .integer(Int64(unsentCount)) }
    if let oldestUnsentAt { members["oldest_unsent_at"] = .string(oldestUnsentAt.description) }
    return .object(members)
  }
}
