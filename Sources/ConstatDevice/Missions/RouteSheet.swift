public import ConstatCore

/// One visit of a technician's day (MIS-31).
public struct RouteSheetStop: Sendable, Hashable, Identifiable {
  public let appointment: MissionAppointment
  public let mission: Mission

  public var id: String { appointment.id }
  /// The parts of the mission order that are to be had (MIS-01).
  public var parts: [MissionOrderPart] { mission.availableParts }
}

extension Mission {
  /// Why a part of the mission order is not to be had; empty where it is. The office decides the same with what it
  /// knows beyond the device, as a payment that was given back since.
  public func obstacles(to part: MissionOrderPart) -> [MissionOrderPart.Obstacle] {
    part.obstacles(partFacts)
  }

  public var availableParts: [MissionOrderPart] { MissionOrderPart.available(partFacts) }

  private var partFacts: MissionOrderPart.Facts {
    MissionOrderPart.Facts(
      isCancelled: status == .cancelled, hasAppointment: appointments.contains { $0.status != .cancelled },
      hasPrice: price.amount != nil || settings.withheld.contains(.prices),
      hasOrderingParty: contacts[.requester] != nil || payer != nil || owner != nil,
      isQuoteSigned: quoteSignedOn != nil, isOrderSigned: order?.isFinalised ?? false,
      isPaidOnSite: payments.contains { $0.source == .field })
  }
}
