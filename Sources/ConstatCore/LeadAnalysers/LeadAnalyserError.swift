/// Why an analyser cannot be booked.
public enum LeadAnalyserError: Error, Hashable, Sendable {
  /// Another technician holds it on this half-day; asking again for a hand-over may succeed.
  case taken(by: LeadAnalyserBooking)
  case handOverAcrossCommunes(from: LeadAnalyserBooking)
  /// No diagnostic of the mission needs one.
  case notNeeded

  public var code: String {
    switch self {
    case .taken: "lead-analyser-taken"
    case .handOverAcrossCommunes: "hand-over-across-communes"
    case .notNeeded: "lead-analyser-not-needed"
    }
  }
}
