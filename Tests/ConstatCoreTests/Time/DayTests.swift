import ConstatCore
import Foundation
import Testing

@Suite struct DayTests {
  @Test func `days since the epoch agree with the calendar at known dates`() throws {
    #expect(try #require(Day("1970-01-01")).daysSinceEpoch == 0)
    #expect(try #require(Day("2000-02-29")).daysSinceEpoch == 11_016)
    #expect(try #require(Day("2027-01-01")).daysSinceEpoch == 20_819)
    #expect(Day.min.description == "0001-01-01")
    #expect(Day.max.description == "9999-12-31")
    #expect(Day("1970-01-01")?.weekday == 4)
    #expect(Day("2026-11-21")?.weekday == 6)
  }

  @Test func `every day of four centuries follows the one before and reads back what it prints`() throws {
    var day = try #require(Day("1899-12-31"))
    let last = try #require(Day("2300-01-01"))
    while day < last {
      let next = day.adding(days: 1)
      let sameMonth = next.year == day.year && next.month == day.month && next.day == day.day + 1
      let newMonth =
        next.day == 1 && day == day.lastOfMonth
        && (next.month == day.month + 1 || (next.month == 1 && next.year == day.year + 1))
      guard sameMonth || newMonth, Day(next.description) == next, Day(compact: next.compact) == next else {
        Issue.record("\(day) is followed by \(next)")
        return
      }
      day = next
    }
  }

  @Test(arguments: [
    "2026-02-31", "2027-02-29", "1900-02-29", "2026-00-10", "2026-13-01", "2026-04-31", "2026-1-01",
    "0000-01-01", "2026-01-01 ", "20260101", "+026-01-01", "2026/01/01", "", "２026-01-01", "2026-01-0",
  ]) func `a day that the calendar does not have, or another form, is refused`(text: String) {
    #expect(Day(text) == nil)
  }

  @Test func `months are counted to the last day of a shorter month`() throws {
    #expect(Day("2026-08-31")?.adding(months: 6) == Day("2027-02-28"))
    #expect(Day("2027-08-31")?.adding(months: 6) == Day("2028-02-29"))
    #expect(Day("2028-02-29")?.adding(years: 1) == Day("2029-02-28"))
    #expect(Day("2026-03-31")?.adding(months: -1) == Day("2026-02-28"))
    #expect(Day("2026-12-15")?.adding(months: 1) == Day("2027-01-15"))
    #expect(Day("2026-01-15")?.adding(months: -13) == Day("2024-12-15"))
  }

  @Test func `arithmetic stops at the edges of the calendar`() {
    #expect(Day.max.adding(days: 1) == .max)
    #expect(Day.max.adding(days: .max) == .max)
    #expect(Day.min.adding(days: .min) == .min)
    #expect(Day.max.adding(months: .max) == .max)
    #expect(Day.min.adding(years: .min) == .min)
    #expect(Day.min.adding(months: -1) == .min)
    #expect(Day.max.adding(months: 1) == .max)
  }

  @Test func `an invoice of 1 March is reminded on 16 March`() {
    #expect(Day("2027-03-01")?.adding(days: 15) == Day("2027-03-16"))
    #expect(Day("2027-03-01")?.days(until: Day("2027-03-16")!) == 15)
    #expect(Day("2027-03-16")?.firstOfMonth == Day("2027-03-01"))
    #expect(Day("2027-03-16")?.french == "16/03/2027")
  }

  @Test func `a day is a string on the wire and 31 February is refused there too`() throws {
    let day = try #require(Day("2026-12-31"))
    #expect(try String(decoding: JSONEncoder().encode([day]), as: UTF8.self) == #"["2026-12-31"]"#)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Day].self, from: Data(#"["2026-02-31"]"#.utf8))
    }
  }
}
