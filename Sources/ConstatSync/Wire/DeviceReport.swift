public import ConstatCore

/// What a device says of itself on every call, so that the office sees one that is stuck, or whose clock is wrong.
/// Nothing depends on it.
public struct DeviceReport: Sendable, Hashable {
  /// Edits that have no answer yet, those of this call included.
  public var unsentCount: Int?
  /// When the oldest of them was made.
  public var oldestUnsentAt: Instant?
  /// The device's own time as it sends.
  public var clock: Instant?

  public init(unsentCount: Int? = nil, oldestUnsentAt: Instant? = nil, clock: Instant? = nil) {
    self.unsentCount = unsentCount
    self.oldestUnsentAt = oldestUnsentAt
    self.clock = clock
  }

  init(_ reader: WireReader) throws(FieldProblems) {
    unsentCount = try reader.optionalCount("unsent_count").map { Int(clamping: min($0, Int64(Int32.max))) }
    oldestUnsentAt = reader.has("oldest_unsent_at") ? try reader.instant("oldest_unsent_at") : nil
    clock = reader.has("clock") ? try reader.instant("clock") : nil
  }

  var members: [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    if let unsentCount { members["unsent_count"] = .integer(Int64(unsentCount)) }
    if let oldestUnsentAt { members["oldest_unsent_at"] = .string(oldestUnsentAt.description) }
    if let clock { members["clock"] = .string(clock.description) }
    return members
  }

  /// How far the device's clock is ahead of the reader's, in seconds, where that is worth showing. A device that does
  /// not tell its time betrays a clock that is ahead by an edit made in the future (`lastMade`); an edit made in the
  /// past says nothing, since work without network is what devices are for.
  public func skewSeconds(lastMade: HybridTime? = nil, at now: Instant) -> Int64? {
    if let clock {
      let sent = HybridTime(milliseconds: clock.microseconds / 1000, counter: 0, device: "")
      return HybridClock.skew(of: sent, at: now)
    }
    return lastMade.flatMap { HybridClock.skew(of: $0, at: now) }.flatMap { $0 > 0 ? $0 : nil }
  }
}
