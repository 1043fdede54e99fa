/// A civil day of the Gregorian calendar, without time or zone: an invoice date, a due date,
/// the end of a report's validity. From 0001-01-01 to 9999-12-31; arithmetic that would leave
/// this range stays at its edge, so that no date from outside can stop the program.
public struct Day: Hashable, Sendable {
  /// Days since 1970-01-01.
  public let daysSinceEpoch: Int

  public static let min = Day(daysSinceEpoch: -719_162)
  public static let max = Day(daysSinceEpoch: 2_932_896)

  /// Kept within the supported range.
  public init(daysSinceEpoch: Int) {
    self.daysSinceEpoch = Swift.min(Swift.max(daysSinceEpoch, -719_162), 2_932_896)
  }

  /// Nil for a day that the calendar does not have, such as 31 February.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month),
      (1...Day.length(ofMonth: month, year: year)).contains(day)
    else { return nil }
    self.init(daysSinceEpoch: Day.ordinal(year: year, month: month, day: day))
  }

  /// Reads exactly "YYYY-MM-DD"; nil for any other form and for a day that does not exist.
  public init?(_ text: some StringProtocol) {
    var digits = Digits(text)
    guard let year = digits.number(4), digits.skip("-"), let month = digits.number(2),
      digits.skip("-"), let day = digits.number(2), digits.isAtEnd
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// Reads exactly "YYYYMMDD", as the FEC writes dates.
  public init?(compact text: some StringProtocol) {
    var digits = Digits(text)
    guard let year = digits.number(4), let month = digits.number(2), let day = digits.number(2),
      digits.isAtEnd
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  public var year: Int { civil.year }
  /// 1 is January.
  public var month: Int { civil.month }
  /// 1 is the first of the month.
  public var day: Int { civil.day }

  /// 1 is Monday, 7 is Sunday (ISO 8601).
  public var weekday: Int { (daysSinceEpoch + 3).modulo(7) + 1 }

  public var firstOfMonth: Day { adding(days: 1 - day) }
  public var lastOfMonth: Day {
    let (year, month, day) = civil
    return adding(days: Day.length(ofMonth: month, year: year) - day)
  }

  public func adding(days: Int) -> Day {
    let (sum, overflow) = daysSinceEpoch.addingReportingOverflow(days)
    return overflow ? (days > 0 ? .max : .min) : Day(daysSinceEpoch: sum)
  }

  /// The same day of a later month, or that month's last day when it is shorter: 31 August
  /// and six months is 28 February. This is how validity and due dates are counted.
  public func adding(months: Int) -> Day {
    let (year, month, day) = civil
    let (sum, overflow) = (year * 12 + month - 1).addingReportingOverflow(months)
    guard !overflow, sum >= 12 else { return months > 0 ? .max : .min }
    guard sum < 120_000 else { return .max }
    let (newYear, newMonth) = (sum / 12, sum % 12 + 1)
    let newDay = Swift.min(day, Day.length(ofMonth: newMonth, year: newYear))
    return Day(daysSinceEpoch: Day.ordinal(year: newYear, month: newMonth, day: newDay))
  }

  /// The same day of a later year; 29 February becomes the 28th in a common year.
  public func adding(years: Int) -> Day {
    let (months, overflow) = years.multipliedReportingOverflow(by: 12)
    return overflow ? (years > 0 ? .max : .min) : adding(months: months)
  }

  /// Days from this day to the other, negative when the other is earlier.
  public func days(until other: Day) -> Int { other.daysSinceEpoch - daysSinceEpoch }

  public static func isLeap(year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  public static func length(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: isLeap(year: year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// "YYYYMMDD", as the FEC writes dates.
  public var compact: String {
    let (year, month, day) = civil
    return year.padded(4) + month.padded(2) + day.padded(2)
  }

  /// "DD/MM/YYYY", as the French write dates.
  public var french: String {
    let (year, month, day) = civil
    return day.padded(2) + "/" + month.padded(2) + "/" + year.padded(4)
  }

  /// Days since the epoch of a civil date, counted in years that start on 1 March so that the
  /// leap day comes last, and in eras of 400 years (146,097 days).
  private static func ordinal(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.divided(400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The inverse of `ordinal`.
  private var civil: (year: Int, month: Int, day: Int) {
    let shifted = daysSinceEpoch + 719_468
    let era = shifted.divided(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

extension Day: Comparable {
  public static func < (left: Day, right: Day) -> Bool { left.daysSinceEpoch < right.daysSinceEpoch }
}

extension Day: CustomStringConvertible {
  /// "YYYY-MM-DD"
  public var description: String {
    let (year, month, day) = civil
    return year.padded(4) + "-" + month.padded(2) + "-" + day.padded(2)
  }
}

extension Day: Codable {
  /// A string "YYYY-MM-DD".
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let day = Day(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a calendar day")
    }
    self = day
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
