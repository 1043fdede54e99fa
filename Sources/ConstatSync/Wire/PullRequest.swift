public import ConstatCore

/// `POST /v1/sync/pull`: what changed in the device's missions since its cursor.
public struct PullRequest: Sendable, Hashable {
  /// The last answer's cursor; nil to start from nothing.
  public var cursor: String?
  public var limit: Int
  public var schema: Int
  public var report: DeviceReport

  public init(
    cursor: String?, limit: Int = SyncLimits.pageEvents, schema: Int = SchemaRange.current.maximum,
    report: DeviceReport = DeviceReport()
  ) {
    self.cursor = cursor
    self.limit = limit
    self.schema = schema
    self.report = report
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
    report = try DeviceReport(reader)
  }

  public var json: JSONValue {
    let members: [String: JSONValue] = [
      "cursor": JSONValue(cursor), "limit": .integer(Int64(limit)), "schema": .integer(Int64(schema)),
    ]
    return .object(members.merging(report.members) { $1 })
  }
}
