/// When an appointment takes place: agreed on a local clock, kept as instants with their zone.
public struct AppointmentTime: Sendable, Hashable {
  public let startsAt: Instant
  public let endsAt: Instant
  public let zone: Zone

  /// From what people agreed on. A local time that the clock skips is refused; one that it
  /// shows twice needs the offset, in minutes east of UTC.
  public init(
    local: LocalTime, zone: Zone, offsetMinutes: Int? = nil,
    minutes: Int = Appointment.defaultMinutes
  ) throws(AppointmentError) {
    guard (1...Appointment.maxMinutes).contains(minutes) else {
      throw .durationOutOfRange(minutes: minutes)
    }
    do throws(ZoneError) {
      startsAt = try zone.instant(of: local, offset: offsetMinutes.map { $0 * 60 })
    } catch {
      throw AppointmentError(error)
    }
    endsAt = startsAt.adding(minutes: minutes)
    self.zone = zone
  }

  /// Instants given as such, or read from columns.
  public init(startsAt: Instant, endsAt: Instant, zone: Zone) throws(AppointmentError) {
    let minutes = startsAt.microseconds(until: endsAt) / 60_000_000
    guard startsAt < endsAt, minutes <= Appointment.maxMinutes else {
      throw .durationOutOfRange(minutes: Int(clamping: minutes))
    }
    self.startsAt = startsAt
    self.endsAt = endsAt
    self.zone = zone
  }

  public var local: LocalTime { zone.local(of: startsAt) }
  public var minutes: Int { Int(startsAt.microseconds(until: endsAt) / 60_000_000) }

  public func halfDays(split: ClockTime) -> [HalfDaySlot] {
    HalfDaySlot.taken(from: startsAt, to: endsAt, in: zone, split: split)
  }

  /// The same clock time some days later: a weekly visit stays at 09:00 through the change of
  /// hour.
  public func moved(days: Int) throws(AppointmentError) -> AppointmentTime {
    try AppointmentTime(
      local: LocalTime(day: local.day.adding(days: days), time: local.time), zone: zone,
      minutes: minutes)
  }

  public var columns: [String: JSONValue] {
    [
      "starts_at": .string(startsAt.description), "ends_at": .string(endsAt.description),
      "time_zone": .string(zone.identifier),
    ]
  }
}
