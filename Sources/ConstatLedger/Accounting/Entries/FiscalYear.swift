public import ConstatCore

/// A company's accounting year (exercice): the days from the first to the closing day. Entry
/// numbers and the FEC are per fiscal year of the entry's day.
public struct FiscalYear: Hashable, Sendable {
  public let first: Day
  /// The closing day, which names the FEC.
  public let last: Day

  /// Nil when the days are reversed or further apart than two years, which no first year is.
  public init?(first: Day, last: Day) {
    guard first <= last, last < first.adding(years: 2) else { return nil }
    self.first = first
    self.last = last
  }

  /// The twelve months that close on this day.
  public init(closing last: Day) {
    self.last = last
    let isMonthEnd = last == last.lastOfMonth
    let previous = last.adding(years: -1)
    first = (isMonthEnd ? previous.lastOfMonth : previous).adding(days: 1)
  }

  /// The twelve months that hold the day, in a company that closes on this day of the year,
  /// "MM-DD". A closing on 29 February is on the 28th of a common year. Nil for another form.
  public init?(holding day: Day, end: some StringProtocol) {
    guard let leap = Day("2000-" + end), let closing = FiscalYear.closing(leap, in: day.year),
      let next = FiscalYear.closing(leap, in: day.year + 1)
    else { return nil }
    self.init(closing: day <= closing ? closing : next)
  }

  /// The year that names it: that of its closing day.
  public var year: Int { last.year }

  private static func closing(_ leap: Day, in year: Int) -> Day? {
    let isLeapDay = leap.month == 2 && leap.day == 29
    let day = isLeapDay && !Day.isLeap(year: year) ? 28 : leap.day
    return Day(year: year, month: leap.month, day: day)
  }

  public func contains(_ day: Day) -> Bool { first <= day && day <= last }
}
