/// One analyser on one half-day for one appointment, with what others need to know of it: who
/// holds it, in which town, from when (PLA-15).
public struct LeadAnalyserBooking: Sendable, Hashable {
  public let analyserID: String
  public let slot: HalfDaySlot
  public let appointmentID: String
  public let technicianID: String
  public let technicianName: String
  public let city: String?
  public let inseeCode: String?
  public let startsAt: Instant

  public init(
    analyserID: String, slot: HalfDaySlot, appointmentID: String, technicianID: String,
    technicianName: String, city: String?, inseeCode: String?, startsAt: Instant
  ) {
    self.analyserID = analyserID
    self.slot = slot
    self.appointmentID = appointmentID
    self.technicianID = technicianID
    self.technicianName = technicianName
    self.city = city
    self.inseeCode = inseeCode
    self.startsAt = startsAt
  }

  /// Whether this booking may stand beside those that exist. Returns what the column
  /// `hand_over` must be: false for the half-day's first booking, true for one that shares it,
  /// be it the same technician's next visit or a hand-over in the same commune.
  ///
  /// Another technician's booking refuses this one, unless the caller asks for the hand-over
  /// and every other holder of the half-day is in the same commune (PLA-16, AMB-26).
  public func checked(
    among existing: [LeadAnalyserBooking], handOver: Bool
  ) throws(LeadAnalyserError) -> Bool {
    let shared = existing.filter {
      $0.analyserID == analyserID && $0.slot == slot && $0.appointmentID != appointmentID
    }
    for holder in shared.sorted(by: { $0.startsAt < $1.startsAt })
    where holder.technicianID != technicianID {
      guard handOver else { throw .taken(by: holder) }
      guard isInSameCommune(as: holder) else { throw .handOverAcrossCommunes(from: holder) }
    }
    return !shared.isEmpty
  }

  /// By INSEE code where both have one, otherwise by the town's name; an unknown town is the
  /// same as none.
  public func isInSameCommune(as other: LeadAnalyserBooking) -> Bool {
    if let inseeCode, let otherCode = other.inseeCode { return inseeCode == otherCode }
    guard let city, let otherCity = other.city else { return false }
    let town = FoldedText.town(city)
    return !town.isEmpty && town == FoldedText.town(otherCity)
  }

  /// An analyser goes only on a mission with a diagnostic that needs one (PLA-14).
  public static func checkNeeded(missionNeedsAnalyser: Bool) throws(LeadAnalyserError) {
    guard missionNeedsAnalyser else { throw .notNeeded }
  }
}
