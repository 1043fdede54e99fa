/// One of the three parts (volets) of the mission order (MIS-01). Each is to be had from the route sheet, on the device
/// and from the dossier's header, where nothing stands against it.
public enum MissionOrderPart: String, Sendable, Hashable, Codable, CaseIterable {
  /// All that the technician needs to know of the mission (MIS-02).
  case interventionSheet = "intervention_sheet"
  /// The order that stands for a quote that nobody signed beforehand (MIS-03), and the copy of what was signed on site.
  case commercialOrder = "commercial_order"
  /// The proof of money taken on site, for whoever paid (MIS-04).
  case paymentReceipt = "payment_receipt"

  /// Why a part is not to be had.
  public enum Obstacle: String, Sendable, Hashable, Codable, CaseIterable {
    case dossierCancelled = "dossier-cancelled"
    /// Nobody is to go there yet.
    case noAppointment = "no-appointment"
    case noPrice = "no-price"
    /// Nobody is named who could be bound by it.
    case noOrderingParty = "no-ordering-party"
    /// The client signed the quote: there is nothing to stand for (QUO-16).
    case quoteSigned = "quote-signed"
    case noPaymentOnSite = "no-payment-on-site"
  }

  /// What decides, of a dossier: the office and a device each know it in their way.
  public struct Facts: Sendable, Hashable {
    public var isCancelled: Bool
    public var hasAppointment: Bool
    public var hasPrice: Bool
    public var hasOrderingParty: Bool
    public var isQuoteSigned: Bool
    /// Both parties have signed the mission order.
    public var isOrderSigned: Bool
    /// Money was taken on site and not given back.
    public var isPaidOnSite: Bool

    public init(
      isCancelled: Bool, hasAppointment: Bool, hasPrice: Bool, hasOrderingParty: Bool, isQuoteSigned: Bool,
      isOrderSigned: Bool, isPaidOnSite: Bool
    ) {
      self.isCancelled = isCancelled
      self.hasAppointment = hasAppointment
      self.hasPrice = hasPrice
      self.hasOrderingParty = hasOrderingParty
      self.isQuoteSigned = isQuoteSigned
      self.isOrderSigned = isOrderSigned
      self.isPaidOnSite = isPaidOnSite
    }
  }

  /// All that stands against the part; empty where it is to be had. What was signed or paid is a fact, which neither a
  /// cancellation nor a missing price takes back.
  public func obstacles(_ facts: Facts) -> [Obstacle] {
    switch self {
    case .interventionSheet:
      return [
        facts.isCancelled ? .dossierCancelled : nil, facts.hasAppointment ? nil : .noAppointment,
      ].compactMap { $0 }
    case .commercialOrder:
      if facts.isOrderSigned { return [] }
      return [
        facts.isCancelled ? .dossierCancelled : nil, facts.isQuoteSigned ? .quoteSigned : nil,
        facts.hasPrice ? nil : .noPrice, facts.hasOrderingParty ? nil : .noOrderingParty,
      ].compactMap { $0 }
    case .paymentReceipt: return facts.isPaidOnSite ? [] : [.noPaymentOnSite]
    }
  }

  /// The parts that are to be had.
  public static func available(_ facts: Facts) -> [MissionOrderPart] {
    allCases.filter { $0.obstacles(facts).isEmpty }
  }
}

/// An edition of a part: what it says as it was when somebody asked for it, to be made a file of.
public enum MissionDocument {
  public enum State: String, Sendable, Hashable, Codable, CaseIterable {
    /// Waits for a worker that renders.
    case queued
    case rendered
    case failed
  }
}
