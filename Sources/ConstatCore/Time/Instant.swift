/// A moment in time, in whole microseconds since 1970-01-01T00:00:00Z: the precision of
/// PostgreSQL, so that nothing is lost between column and wire. Pure code takes it as an
/// argument; only the outermost layer reads a clock. Kept within years 0001 to 9999.
public struct Instant: Hashable, Sendable {
  public let microseconds: Int64

  private static let bounds: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999
  private static let perSecond: Int64 = 1_000_000

  public static let min = Instant(microseconds: bounds.lowerBound)
  public static let max = Instant(microseconds: bounds.upperBound)

  /// Kept within the supported range.
  public init(microseconds: Int64) {
    self.microseconds = Swift.min(
      Swift.max(microseconds, Instant.bounds.lowerBound), Instant.bounds.upperBound)
  }

  public init(secondsSinceEpoch seconds: Int64) {
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: Instant.perSecond)
    self.init(microseconds: overflow ? (seconds > 0 ? .max : .min) : scaled)
  }

  /// Reads RFC 3339: "2026-11-21T10:00:00Z", with up to nine decimals of which six count, and
  /// `Z` or a numeric offset. Nil for anything else, leap seconds included.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count <= 40 else { return nil }
    var digits = Digits(text)
    guard let year = digits.number(4), digits.skip("-"), let month = digits.number(2),
      digits.skip("-"), let dayOfMonth = digits.number(2), digits.skip("Tt"),
      let day = Day(year: year, month: month, day: dayOfMonth),
      let time = ClockTime(reading: &digits, needsSeconds: true)
    else { return nil }
    var fraction: Int64 = 0
    if digits.skip(".") {
      guard let (value, count) = digits.run(atMost: 9) else { return nil }
      var scaled = value
      for _ in 0..<Swift.max(0, 6 - count) { scaled *= 10 }
      for _ in 0..<Swift.max(0, count - 6) { scaled /= 10 }
      fraction = Int64(scaled)
    }
    guard let offset = Instant.offset(reading: &digits), digits.isAtEnd else { return nil }
    let seconds = Int64(day.daysSinceEpoch * 86_400 + time.secondsSinceMidnight - offset)
    let microseconds = seconds * Instant.perSecond + fraction
    guard Instant.bounds.contains(microseconds) else { return nil }
    self.microseconds = microseconds
  }

  /// Whole seconds since the epoch, rounded down.
  public var secondsSinceEpoch: Int64 {
    Int64(Int(microseconds).divided(Int(Instant.perSecond)))
  }

  /// The day in UTC. For the day in a place, ask its `Zone`.
  public var dayInUTC: Day { Day(daysSinceEpoch: Int(secondsSinceEpoch).divided(86_400)) }

  public func adding(seconds: Int64) -> Instant {
    let (scaled, overflowScaling) = seconds.multipliedReportingOverflow(by: Instant.perSecond)
    let (sum, overflow) = microseconds.addingReportingOverflow(scaled)
    return overflowScaling || overflow ? (seconds > 0 ? .max : .min) : Instant(microseconds: sum)
  }

  public func adding(minutes: Int) -> Instant { adding(seconds: Int64(clamping: minutes) * 60) }

  /// Microseconds from this instant to the other, negative when the other is earlier.
  public func microseconds(until other: Instant) -> Int64 { other.microseconds - microseconds }

  /// `Z`, or "+02:00" in seconds east of UTC.
  private static func offset(reading digits: inout Digits) -> Int? {
    if digits.skip("Zz") { return 0 }
    let sign: Int
    if digits.skip("+") { sign = 1 } else if digits.skip("-") { sign = -1 } else { return nil }
    guard let hours = digits.number(2), digits.skip(":"), let minutes = digits.number(2),
      hours < 24, minutes < 60
    else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }
}

extension Instant: Comparable {
  public static func < (left: Instant, right: Instant) -> Bool {
    left.microseconds < right.microseconds
  }
}

extension Instant: CustomStringConvertible {
  /// RFC 3339 in UTC with `Z`: "2026-11-21T10:00:00.25Z". The fraction is dropped when zero and
  /// loses trailing zeros, as PostgreSQL prints it.
  public var description: String {
    let seconds = Int(secondsSinceEpoch)
    let time = ClockTime(secondsSinceMidnight: seconds.modulo(86_400))
    let fraction = Int(microseconds).modulo(Int(Instant.perSecond))
    var text = dayInUTC.description + "T" + time.description
    if fraction != 0 {
      var decimals = fraction.padded(6)
      while decimals.last == "0" { decimals.removeLast() }
      text += "." + decimals
    }
    return text + "Z"
  }
}

extension Instant: Codable {
  /// A string of RFC 3339.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let instant = Instant(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not RFC 3339")
    }
    self = instant
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
