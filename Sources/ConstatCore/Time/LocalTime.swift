/// A time on the clock of some place, to the second, without a day: 09:00.
public struct ClockTime: Hashable, Sendable {
  /// 0 to 86,399.
  public let secondsSinceMidnight: Int

  public static let midnight = ClockTime(secondsSinceMidnight: 0)

  /// Taken modulo one day.
  init(secondsSinceMidnight: Int) {
    self.secondsSinceMidnight = secondsSinceMidnight.modulo(86_400)
  }

  /// Nil for a time that no clock shows; 24:00 and leap seconds are refused.
  public init?(hour: Int, minute: Int, second: Int = 0) {
    guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second) else {
      return nil
    }
    secondsSinceMidnight = hour * 3600 + minute * 60 + second
  }

  /// Reads exactly "HH:MM" or "HH:MM:SS".
  public init?(_ text: some StringProtocol) {
    var digits = Digits(text)
    self.init(reading: &digits, needsSeconds: false)
    guard digits.isAtEnd else { return nil }
  }

  init?(reading digits: inout Digits, needsSeconds: Bool) {
    guard let hour = digits.number(2), digits.skip(":"), let minute = digits.number(2) else {
      return nil
    }
    var second = 0
    if digits.skip(":") {
      guard let value = digits.number(2) else { return nil }
      second = value
    } else if needsSeconds {
      return nil
    }
    self.init(hour: hour, minute: minute, second: second)
  }

  public var hour: Int { secondsSinceMidnight / 3600 }
  public var minute: Int { secondsSinceMidnight / 60 % 60 }
  public var second: Int { secondsSinceMidnight % 60 }
}

extension ClockTime: Comparable {
  public static func < (left: ClockTime, right: ClockTime) -> Bool {
    left.secondsSinceMidnight < right.secondsSinceMidnight
  }
}

extension ClockTime: CustomStringConvertible {
  /// "09:00:00"
  public var description: String {
    hour.padded(2) + ":" + minute.padded(2) + ":" + second.padded(2)
  }
}

extension ClockTime: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let time = ClockTime(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a clock time")
    }
    self = time
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A day and a clock time in some place: what people agree on. It becomes an instant only
/// through a `Zone`, where it may exist once, twice or not at all.
public struct LocalTime: Hashable, Sendable {
  public let day: Day
  public let time: ClockTime

  public init(day: Day, time: ClockTime) {
    self.day = day
    self.time = time
  }

  /// Reads "YYYY-MM-DDTHH:MM" or "YYYY-MM-DDTHH:MM:SS", without zone.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count <= 19, let separator = text.firstIndex(of: "T"),
      let day = Day(text[..<separator]),
      let time = ClockTime(text[text.index(after: separator)...])
    else { return nil }
    self.init(day: day, time: time)
  }

  /// Seconds since the epoch if the place were at UTC.
  var secondsAsUTC: Int { day.daysSinceEpoch * 86_400 + time.secondsSinceMidnight }
}

extension LocalTime: Comparable {
  public static func < (left: LocalTime, right: LocalTime) -> Bool {
    (left.day, left.time) < (right.day, right.time)
  }
}

extension LocalTime: CustomStringConvertible {
  /// "2027-03-28T02:30:00"
  public var description: String { day.description + "T" + time.description }
}

extension LocalTime: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let local = LocalTime(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a local time")
    }
    self = local
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
