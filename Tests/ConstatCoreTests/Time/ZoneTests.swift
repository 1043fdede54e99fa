import ConstatCore
import Foundation
import Testing

@Suite struct ZoneTests {
  @Test(arguments: [
    ("2027-03-26T09:00", "2027-03-26T08:00:00Z"), ("2027-03-29T09:00", "2027-03-29T07:00:00Z"),
    ("2027-10-29T09:00", "2027-10-29T07:00:00Z"), ("2027-11-02T09:00", "2027-11-02T08:00:00Z"),
  ]) func `09:00 in Paris moves in UTC with the change of hour`(local: String, instant: String) throws {
    let local = try #require(LocalTime(local))
    let expected = try #require(Instant(instant))
    #expect(try Zone.paris.instant(of: local) == expected)
    #expect(Zone.paris.local(of: expected) == local)
  }

  @Test func `a weekly repeat through both changes of hour keeps 09:00`() throws {
    let nine = try #require(ClockTime("09:00"))
    var day = try #require(Day("2027-01-04"))
    for _ in 0..<60 {
      let instant = try Zone.paris.instant(of: LocalTime(day: day, time: nine))
      #expect(Zone.paris.local(of: instant) == LocalTime(day: day, time: nine))
      day = day.adding(days: 7)
    }
  }

  @Test func `02:30 on 28 March 2027 does not exist in Paris and is refused`() throws {
    let local = try #require(LocalTime("2027-03-28T02:30"))
    #expect(throws: ZoneError.nonexistent(local)) { try Zone.paris.instant(of: local) }
    #expect(throws: ZoneError.nonexistent(local)) { try Zone.paris.instant(of: local, offset: 3600) }
  }

  @Test func `02:30 on 31 October 2027 happens twice and needs its offset`() throws {
    let local = try #require(LocalTime("2027-10-31T02:30"))
    #expect(throws: ZoneError.ambiguous(local, offsets: [7200, 3600])) { try Zone.paris.instant(of: local) }
    #expect(try Zone.paris.instant(of: local, offset: 7200) == Instant("2027-10-31T00:30:00Z"))
    #expect(try Zone.paris.instant(of: local, offset: 3600) == Instant("2027-10-31T01:30:00Z"))
    #expect(throws: ZoneError.wrongOffset(local, offsets: [7200, 3600])) {
      try Zone.paris.instant(of: local, offset: 0)
    }
  }

  @Test func `an issue at 23:30 UTC on 31 December belongs to the next year in Paris only`() throws {
    let instant = try #require(Instant("2026-12-31T23:30:00Z"))
    #expect(Zone.paris.day(of: instant) == Day("2027-01-01"))
    #expect(try Zone("America/Guadeloupe").day(of: instant) == Day("2026-12-31"))
    #expect(try Zone("Indian/Reunion").local(of: instant) == LocalTime("2027-01-01T03:30"))
    #expect(instant.dayInUTC == Day("2026-12-31"))
  }

  @Test func `overseas clocks do not change in summer`() throws {
    let hours = [
      "Indian/Reunion": 4, "Indian/Mayotte": 3, "America/Guadeloupe": -4, "America/Martinique": -4,
      "America/Cayenne": -3,
    ]
    for (name, offset) in hours {
      let zone = try Zone(name)
      #expect(Zone.french.contains(zone))
      for moment in ["2027-01-15T12:00:00Z", "2027-07-15T12:00:00Z"] {
        #expect(zone.offset(at: try #require(Instant(moment))) == offset * 3600)
      }
    }
  }

  @Test func `a day starts at midnight, or where the clock lands when it skips midnight`() throws {
    #expect(Zone.paris.start(of: try #require(Day("2027-07-01"))) == Instant("2027-06-30T22:00:00Z"))
    let beirut = try Zone("Asia/Beirut")
    #expect(beirut.start(of: try #require(Day("2021-03-28"))) == Instant("2021-03-27T22:00:00Z"))
  }

  @Test(arguments: ["GMT+2", "CET", "Europe/Atlantis", "", "+02:00", "Europe/Paris "])
  func `only names of the tz database are zones`(name: String) {
    #expect(throws: ZoneError.unknown(name)) { try Zone(name) }
  }

  @Test(arguments: [
    ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
    ("2026-11-21T10:00:00.250000Z", "2026-11-21T10:00:00.25Z"),
    ("2026-11-21T10:00:00.123456789Z", "2026-11-21T10:00:00.123456Z"),
    ("2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00Z"),
    ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
  ]) func `an instant is read from RFC 3339 and printed in UTC`(text: String, printed: String) throws {
    let instant = try #require(Instant(text))
    #expect(instant.description == printed)
    #expect(Instant(printed) == instant)
  }

  @Test(arguments: [
    "2026-11-21T10:00Z", "2026-11-21T10:00:00", "2026-02-31T10:00:00Z", "2026-11-21T24:00:00Z",
    "2026-11-21T10:00:60Z", "2026-11-21 10:00:00Z", "2026-11-21T10:00:00.Z", "2026-11-21T10:00:00+2",
    "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "", "2026-11-21T10:00:00.1234567890Z",
  ]) func `a text that is not an instant is refused`(text: String) {
    #expect(Instant(text) == nil)
  }

  @Test func `instants step in seconds and stop at the edges`() throws {
    let instant = try #require(Instant("2026-11-21T10:00:00Z"))
    #expect(instant.adding(seconds: 90).description == "2026-11-21T10:01:30Z")
    #expect(instant.adding(minutes: -600).description == "2026-11-21T00:00:00Z")
    #expect(instant.microseconds(until: instant.adding(seconds: 1)) == 1_000_000)
    #expect(Instant.max.adding(seconds: .max) == .max)
    #expect(Instant.min.adding(seconds: .min) == .min)
    #expect(Instant(secondsSinceEpoch: .max) == .max)
  }

  @Test func `time values survive the wire`() throws {
    struct Appointment: Codable, Equatable {
      var start: Instant
      var local: LocalTime
      var zone: Zone
    }
    let appointment = Appointment(
      start: try #require(Instant("2027-03-26T08:00:00Z")),
      local: try #require(LocalTime("2027-03-26T09:00")), zone: .paris)
    let json = try JSONEncoder().encode(appointment)
    #expect(try JSONDecoder().decode(Appointment.self, from: json) == appointment)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Zone].self, from: Data(#"["Europe/Nowhere"]"#.utf8))
    }
  }
}
