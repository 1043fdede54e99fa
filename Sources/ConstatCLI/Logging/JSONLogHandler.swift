import ConstatCore
import Foundation
import Logging

/// Logs as one JSON object a line on standard error, in UTC. Metadata under keys that are not known to be
/// free of personal data and secrets is left out, and counted, so that a careless line cannot leak.
struct JSONLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  var logLevel: Logger.Level
  private let label: String

  /// Ids, counts, codes and templates.
  static let allowedKeys: Set<String> = [
    "request.id", "organization.id", "route", "status", "duration_us", "sqlstate", "sql_state",
    "constraint", "error.type", "job.id", "job.kind", "job.attempt", "job.count", "migration", "host", "port",
    "service", "services", "signal",
  ]

  /// Said again by keys of ours.
  private static let redundantKeys: Set<String> = ["hb.request.id"]

  init(label: String, level: Logger.Level) {
    self.label = label
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    Terminal.write(line(event, at: now), to: 2)
  }

  func line(_ event: LogEvent, at now: Instant) -> String {
    var members: [UInt8] = []
    members.reserveCapacity(400)
    members += "{\"at\":".utf8
    JSONValue.write(now.description, to: &members)
    func add(_ key: String, _ value: String) {
      members.append(UInt8(ascii: ","))
      JSONValue.write(key, to: &members)
      members.append(UInt8(ascii: ":"))
      // Characters are counted only where there may be too many.
      JSONValue.write(value.utf8.count <= 300 ? value : String(value.prefix(300)), to: &members)
    }
    add("level", event.level.rawValue)
    add("logger", label)
    add("message", event.message.description)
    if let error = event.error { add("error.type", "\(type(of: error))") }
    var dropped = 0
    var all = event.metadata ?? [:]
    for elder in [metadataProvider?.get() ?? [:], metadata] {
      for (key, value) in elder where all[key] == nil && !Self.redundantKeys.contains(key) {
        all[key] = value
      }
    }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      if Self.allowedKeys.contains(key) {
        add(key, value.description)
      } else if !Self.redundantKeys.contains(key) {
        dropped += 1
      }
    }
    if dropped > 0 { add("dropped_keys", "\(dropped)") }
    members.append(contentsOf: "}\n".utf8)
    return String(decoding: members, as: UTF8.self)
  }
}
