import ConstatCore
import Testing

@Suite struct AppointmentTimeTests {
  private func at(_ local: String, minutes: Int = 60, offset: Int? = nil) throws -> AppointmentTime {
    try AppointmentTime(local: LocalTime(local)!, zone: .paris, offsetMinutes: offset, minutes: minutes)
  }

  @Test(arguments: [
    ("2027-03-26T09:00", "2027-03-26T08:00:00Z"), ("2027-03-29T09:00", "2027-03-29T07:00:00Z"),
    ("2027-10-29T09:00", "2027-10-29T07:00:00Z"), ("2027-11-02T09:00", "2027-11-02T08:00:00Z"),
  ])
  func `09:00 in Paris follows the change of hour (domain case 20)`(local: String, utc: String) throws {
    #expect(try at(local).startsAt.description == utc)
  }

  @Test func `a weekly visit stays at 09:00 through the change of hour (domain case 20)`() throws {
    let before = try at("2027-03-22T09:00")
    let after = try before.moved(days: 7)
    #expect(after.local == LocalTime("2027-03-29T09:00"))
    #expect(after.minutes == 60)
  }

  @Test func `02:30 on the night that skips it is refused (domain case 21)`() {
    let local = LocalTime("2027-03-28T02:30")!
    #expect(throws: AppointmentError.nonexistentTime(local)) { try at("2027-03-28T02:30") }
  }

  @Test func `02:30 on the night that has it twice needs its offset (domain case 21)`() throws {
    let local = LocalTime("2027-10-31T02:30")!
    #expect(throws: AppointmentError.ambiguousTime(local, offsetMinutes: [120, 60])) {
      try at("2027-10-31T02:30")
    }
    #expect(try at("2027-10-31T02:30", offset: 120).startsAt.description == "2027-10-31T00:30:00Z")
    #expect(try at("2027-10-31T02:30", offset: 60).startsAt.description == "2027-10-31T01:30:00Z")
    #expect(throws: AppointmentError.wrongOffset(local, offsetMinutes: [120, 60])) {
      try at("2027-10-31T02:30", offset: 0)
    }
  }

  @Test func `an appointment lasts from a minute to a day`() throws {
    #expect(throws: AppointmentError.durationOutOfRange(minutes: 0)) {
      try at("2027-01-04T09:00", minutes: 0)
    }
    #expect(throws: AppointmentError.durationOutOfRange(minutes: 1441)) {
      try at("2027-01-04T09:00", minutes: 1441)
    }
    let start = try at("2027-01-04T09:00").startsAt
    #expect(throws: AppointmentError.durationOutOfRange(minutes: 0)) {
      try AppointmentTime(startsAt: start, endsAt: start, zone: .paris)
    }
  }

  @Test func `a morning, an afternoon, or both when it spans the split (AMB-26)`() throws {
    let split = ClockTime("13:00")!
    func halves(_ local: String, _ minutes: Int) throws -> [HalfDay] {
      try at(local, minutes: minutes).halfDays(split: split).map(\.halfDay)
    }
    #expect(try halves("2027-01-04T09:00", 120) == [.morning])
    #expect(try halves("2027-01-04T11:00", 120) == [.morning])
    #expect(try halves("2027-01-04T11:00", 121) == [.morning, .afternoon])
    #expect(try halves("2027-01-04T13:00", 30) == [.afternoon])
    #expect(try halves("2027-01-04T12:59", 1) == [.morning])
  }

  @Test func `through midnight the days change`() throws {
    let slots = try at("2027-01-04T22:00", minutes: 1440).halfDays(split: ClockTime("13:00")!)
    #expect(slots.map(\.day.description) == ["2027-01-04", "2027-01-05", "2027-01-05"])
    #expect(slots.map(\.halfDay) == [.afternoon, .morning, .afternoon])
  }

  @Test func `half-days are those of the place: 08:00Z is the afternoon in Réunion with a split at noon`()
    throws
  {
    let reunion = try Zone("Indian/Reunion")
    let start = Instant("2027-01-04T08:00:00Z")!
    let slots = HalfDaySlot.taken(
      from: start, to: start.adding(minutes: 30), in: reunion, split: ClockTime("12:00")!)
    #expect(slots.map(\.halfDay) == [.afternoon])
  }
}
