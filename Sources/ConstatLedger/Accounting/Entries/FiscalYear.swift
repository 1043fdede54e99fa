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

  /// The twelve months that hold the day, in a company that closes at the end of this month.
  public init(holding day: Day, closingMonth: Int) {
    precondition((1...12).contains(closingMonth), "a month is 1 to 12")
    let year = day.month <= closingMonth ? day.year : day.year + 1
    let closing = Day(year: min(year, 9999), month: closingMonth, day: 1) ?? .max
    self.init(closing: closing.lastOfMonth)
  }

  public func contains(_ day: Day) -> Bool { first <= day && day <= last }
}
