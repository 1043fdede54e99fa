/// How money is paid (AMB-65).
public enum PaymentMeans: String, Sendable, Hashable, Codable, CaseIterable {
  case cash
  case cheque
  case card
  case onlineCard = "online_card"
  case transfer
  case directDebit = "direct_debit"

  /// What a technician can take at step 10 of the mission order, by nature.
  public static let onSite: [PaymentMeans] = [.cash, .cheque, .card, .onlineCard]

  /// What is offered there: a card through the online provider only where the company opted for it (ORG-17, MIS-18).
  public static func offeredOnSite(onlineCard: Bool) -> [PaymentMeans] {
    onSite.filter { $0 != .onlineCard || onlineCard }
  }

  /// What goes to the bank on a slip (DEP-01).
  public var goesOnDepositSlip: Bool { self == .cash || self == .cheque }
}
