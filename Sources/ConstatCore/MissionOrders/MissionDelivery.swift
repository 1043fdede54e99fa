/// A document of the mission that somebody on site asked to be sent by mail (MIS-22, MIS-23).
public enum MissionDelivery {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// The receipt for money taken on site, to the payer.
    case receipt
    /// The order as corrected and signed, to whoever ordered it.
    case orderCopy = "order_copy"
  }

  public enum State: String, Sendable, Hashable, Codable, CaseIterable {
    /// The contact has no address for mail yet.
    case noAddress = "no_address"
    case waiting
    case sent
    case failed
  }

  /// What a finalised order owes. A receipt is owed only for money that was taken.
  public static func due(_ order: MissionOrder, copyRequested: Bool) -> [Kind] {
    guard order.finalisedAt != nil else { return [] }
    var due: [Kind] = []
    if order.receiptRequested && order.isPaidOnSite { due.append(.receipt) }
    if copyRequested { due.append(.orderCopy) }
    return due
  }
}
