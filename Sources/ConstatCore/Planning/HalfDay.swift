/// The unit by which a lead analyser is held: the local morning or afternoon (AMB-26).
public enum HalfDay: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  case morning
  case afternoon

  public static func < (left: HalfDay, right: HalfDay) -> Bool {
    left == .morning && right == .afternoon
  }
}

/// A half-day of one civil day.
public struct HalfDaySlot: Sendable, Hashable, Comparable {
  public let day: Day
  public let halfDay: HalfDay

  public init(day: Day, halfDay: HalfDay) {
    self.day = day
    self.halfDay = halfDay
  }

  /// The hour at which the morning ends unless the organization says otherwise.
  public static let defaultSplit = ClockTime(hour: 13, minute: 0) ?? .midnight

  /// The half-days that a time touches, in order: one that spans noon takes both, one that ends
  /// exactly at the split only the morning.
  public static func taken(
    from start: Instant, to end: Instant, in zone: Zone, split: ClockTime = defaultSplit
  ) -> [HalfDaySlot] {
    guard start < end else { return [] }
    let first = slot(of: zone.local(of: start), split: split)
    let last = slot(of: zone.local(of: Instant(microseconds: end.microseconds - 1)), split: split)
    var slots = [first]
    while let slot = slots.last, slot < last { slots.append(slot.next) }
    return slots
  }

  private var next: HalfDaySlot {
    halfDay == .morning
      ? HalfDaySlot(day: day, halfDay: .afternoon)
      : HalfDaySlot(day: day.adding(days: 1), halfDay: .morning)
  }

  private static func slot(of local: LocalTime, split: ClockTime) -> HalfDaySlot {
    HalfDaySlot(day: local.day, halfDay: local.time < split ? .morning : .afternoon)
  }

  public static func < (left: HalfDaySlot, right: HalfDaySlot) -> Bool {
    (left.day, left.halfDay) < (right.day, right.halfDay)
  }
}
