/// Why a time cannot be an appointment's.
public enum AppointmentError: Error, Hashable, Sendable {
  case unknownZone(String)
  /// The clock jumps over it in spring.
  case nonexistentTime(LocalTime)
  /// The clock shows it twice in autumn: which offset (minutes east of UTC) is meant?
  case ambiguousTime(LocalTime, offsetMinutes: [Int])
  case wrongOffset(LocalTime, offsetMinutes: [Int])
  case durationOutOfRange(minutes: Int)

  init(_ error: ZoneError) {
    self =
      switch error {
      case .unknown(let name): .unknownZone(name)
      case .nonexistent(let local): .nonexistentTime(local)
      case .ambiguous(let local, let offsets):
        .ambiguousTime(local, offsetMinutes: offsets.map { $0 / 60 })
      case .wrongOffset(let local, let offsets):
        .wrongOffset(local, offsetMinutes: offsets.map { $0 / 60 })
      }
  }

  public var code: String {
    switch self {
    case .unknownZone: "unknown-time-zone"
    case .nonexistentTime: "nonexistent-local-time"
    case .ambiguousTime: "ambiguous-local-time"
    case .wrongOffset: "wrong-utc-offset"
    case .durationOutOfRange: "duration-out-of-range"
    }
  }
}
