/// What happens to a dossier and may move its status by itself (DOS-18).
public enum DossierEvent: Sendable, Hashable, CaseIterable {
  case opportunityConverted
  case websiteRequested
  /// Saved by staff with neither a validated quote nor an appointment (AMB-14).
  case savedWithoutQuote
  case portalRequested
  case quoteSent
  case quoteAccepted
  case quoteRefused
  /// The client agreed and no appointment exists (AMB-15).
  case orderAgreed
  case appointmentBooked
  /// The last live appointment is gone.
  case appointmentsCancelled
}

extension DossierStatus {
  /// The status of a dossier that an event creates.
  public static func initial(after event: DossierEvent) -> DossierStatus {
    DossierStatus.toQuote.moved(by: event)
  }

  /// The status after the event. An event never takes back a dossier that someone has visited
  /// or closed, nor one that is further on: a quote sent late does not unschedule a visit.
  public func moved(by event: DossierEvent) -> DossierStatus {
    guard isBeforeVisit else { return self }
    switch event {
    case .appointmentBooked: return .scheduled
    case .appointmentsCancelled: return self == .scheduled ? .toSchedule : self
    case .quoteRefused: return self == .scheduled ? self : .cancelled
    case _ where self == .scheduled: return self
    case .quoteAccepted, .orderAgreed: return .toSchedule
    case .quoteSent: return self == .toSchedule ? self : .quoted
    case .opportunityConverted: return .toProspect
    case .websiteRequested, .savedWithoutQuote: return .toQuote
    case .portalRequested: return .preOrder
    }
  }
}
