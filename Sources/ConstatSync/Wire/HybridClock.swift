public import ConstatCore

/// A hybrid logical clock's reading: wall time that never goes back on one device, with a counter
/// for readings within one millisecond. It orders what people read; no merge depends on it.
public struct HybridTime: Sendable, Hashable, Comparable {
  public let milliseconds: Int64
  public let counter: UInt16
  /// The device, so that two readings are never equal.
  public let device: String

  public init(milliseconds: Int64, counter: UInt16, device: String) {
    self.milliseconds = milliseconds
    self.counter = counter
    self.device = device
  }

  public static func < (left: HybridTime, right: HybridTime) -> Bool {
    (left.milliseconds, left.counter, left.device) < (right.milliseconds, right.counter, right.device)
  }
}

extension HybridTime: LosslessStringConvertible {
  /// Fifteen digits of milliseconds since 1970, four hexadecimal digits of counter, the device:
  /// the texts sort as the times do.
  public var description: String {
    let time = String(max(0, milliseconds))
    let count = String(counter, radix: 16)
    return String(repeating: "0", count: max(0, 15 - time.utf8.count)) + time + "-"
      + String(repeating: "0", count: 4 - count.utf8.count) + count + "-" + device
  }

  public init?(_ text: String) {
    let parts = text.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].utf8.count == 15, parts[1].utf8.count == 4, !parts[2].isEmpty,
      parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let milliseconds = Int64(parts[0]),
      let counter = UInt16(parts[1], radix: 16)
    else { return nil }
    self.init(milliseconds: milliseconds, counter: counter, device: String(parts[2]))
  }
}

/// The clock of one device. The time of day comes in as an argument.
public struct HybridClock: Sendable, Hashable {
  public let device: String
  public private(set) var last: HybridTime

  /// Beyond this distance a reading is worth a remark, in seconds.
  public static let skewSeconds: Int64 = 300

  public init(device: String, last: HybridTime? = nil) {
    self.device = device
    self.last = last ?? HybridTime(milliseconds: 0, counter: 0, device: device)
  }

  /// A reading later than every reading before, whatever the wall clock does.
  public mutating func tick(at now: Instant) -> HybridTime {
    let wall = now.microseconds / 1000
    if wall > last.milliseconds {
      last = HybridTime(milliseconds: wall, counter: 0, device: device)
    } else if last.counter < .max {
      last = HybridTime(milliseconds: last.milliseconds, counter: last.counter + 1, device: device)
    } else {
      last = HybridTime(milliseconds: last.milliseconds + 1, counter: 0, device: device)
    }
    return last
  }

  /// How far a reading is from the reader's own clock, in seconds, where that is worth showing.
  /// Never a reason to refuse.
  public static func skew(of time: HybridTime, at now: Instant) -> Int64? {
    let seconds = (time.milliseconds - now.microseconds / 1000) / 1000
    return abs(seconds) > skewSeconds ? seconds : nil
  }
}
