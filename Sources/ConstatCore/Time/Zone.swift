import Foundation

/// Why a local time is not one instant.
public enum ZoneError: Error, Hashable, Sendable {
  /// No such name in the tz database.
  case unknown(String)
  /// The clock jumps over this time: 02:30 on the last Sunday of March in Paris.
  case nonexistent(LocalTime)
  /// The clock shows this time twice; the offsets (seconds east of UTC) tell which, the
  /// earlier instant first.
  case ambiguous(LocalTime, offsets: [Int])
  /// The given offset is not the zone's at this time.
  case wrongOffset(LocalTime, offsets: [Int])
}

/// A time zone by its tz name, such as Europe/Paris or Indian/Reunion: the rules between what
/// the clock shows and the instant. Appointments are kept as local time with their zone, so
/// that a weekly visit stays at 09:00 through the change of hour.
public struct Zone: Sendable {
  public let identifier: String
  private let rules: TimeZone

  /// Mainland France; also the default of an organization.
  public static let paris = zone("Europe/Paris")
  /// Zones of the French territories where diagnostics are made.
  public static let french: [Zone] = [
    paris, zone("Indian/Reunion"), zone("Indian/Mayotte"), zone("America/Guadeloupe"),
    zone("America/Martinique"), zone("America/Cayenne"), zone("America/Miquelon"),
    zone("America/St_Barthelemy"), zone("America/Marigot"), zone("Pacific/Noumea"),
    zone("Pacific/Tahiti"), zone("Pacific/Wallis"),
  ]

  /// Only names of the tz database: abbreviations and fixed offsets such as "GMT+2" hide the
  /// change of hour and are refused, "UTC" apart.
  public init(_ identifier: String) throws(ZoneError) {
    let isName = identifier.contains("/") || identifier == "UTC"
    guard isName, identifier.utf8.count <= 64, let rules = TimeZone(identifier: identifier) else {
      throw .unknown(identifier)
    }
    self.identifier = identifier
    self.rules = rules
  }

  /// The instant of a local time. One that the clock skips is refused; one that it shows twice
  /// needs the offset (seconds east of UTC) that tells which is meant. An offset that is given
  /// must be the zone's own.
  public func instant(of local: LocalTime, offset: Int? = nil) throws(ZoneError) -> Instant {
    let offsets = offsets(at: local)
    guard let first = offsets.first else { throw .nonexistent(local) }
    if let offset {
      guard offsets.contains(offset) else { throw .wrongOffset(local, offsets: offsets) }
      return instant(of: local, at: offset)
    }
    guard offsets.count == 1 else { throw .ambiguous(local, offsets: offsets) }
    return instant(of: local, at: first)
  }

  /// What the clock of this place shows at the instant.
  public func local(of instant: Instant) -> LocalTime {
    let seconds = Int(instant.secondsSinceEpoch) + offset(at: instant)
    return LocalTime(
      day: Day(daysSinceEpoch: seconds.divided(86_400)),
      time: ClockTime(secondsSinceMidnight: seconds))
  }

  /// The day in this place at the instant: 2026-12-31T23:30Z is already 2027 in Paris.
  public func day(of instant: Instant) -> Day { local(of: instant).day }

  /// The first instant of the day in this place, also where the clock skips midnight.
  public func start(of day: Day) -> Instant {
    let midnight = LocalTime(day: day, time: .midnight)
    if let offset = offsets(at: midnight).first { return instant(of: midnight, at: offset) }
    let before = Instant(secondsSinceEpoch: Int64(midnight.secondsAsUTC - 86_400))
    return instant(of: midnight, at: offset(at: before))
  }

  /// Seconds east of UTC at the instant.
  public func offset(at instant: Instant) -> Int {
    rules.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant.secondsSinceEpoch)))
  }

  /// The offsets under which the clock shows this time, the earlier instant first: none in the
  /// gap of spring, two in the overlap of autumn.
  private func offsets(at local: LocalTime) -> [Int] {
    let seconds = Int64(local.secondsAsUTC)
    let candidates = Set(
      [seconds - 86_400, seconds + 86_400].map { offset(at: Instant(secondsSinceEpoch: $0)) })
    return candidates.filter { offset(at: instant(of: local, at: $0)) == $0 }.sorted(by: >)
  }

  private func instant(of local: LocalTime, at offset: Int) -> Instant {
    Instant(secondsSinceEpoch: Int64(local.secondsAsUTC - offset))
  }

  /// For the names in this file, which the tz database has.
  private static func zone(_ identifier: String) -> Zone {
    guard let zone = try? Zone(identifier) else {
      preconditionFailure("the tz database lacks \(identifier): install tzdata")
    }
    return zone
  }
}

extension Zone: Hashable {
  public static func == (left: Zone, right: Zone) -> Bool { left.identifier == right.identifier }
  public func hash(into hasher: inout Hasher) { hasher.combine(identifier) }
}

extension Zone: CustomStringConvertible {
  public var description: String { identifier }
}

extension Zone: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      self = try Zone(container.decode(String.self))
    } catch is ZoneError {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "unknown time zone")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(identifier)
  }
}
