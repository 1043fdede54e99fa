/// What an issued invoice comes to: invoiced, credited, paid. Derived, never stored.
public struct InvoiceBalance: Sendable, Hashable {
  public let total: Money
  /// The sum of its credit notes, positive.
  public let credited: Money
  /// The live allocations of payments.
  public let paid: Money

  public enum State: String, Sendable, Hashable, Codable, CaseIterable {
    case unpaid
    case partlyPaid = "partly_paid"
    /// Nothing is due any more, because it was paid (at least in part).
    case settled
    /// Credit notes took back all of it, whatever was paid.
    case credited
  }

  public init(total: Money, credited: Money, paid: Money) {
    self.total = total
    self.credited = credited
    self.paid = paid
  }

  /// Below zero: the payer's credit, to refund or to lay on another invoice.
  public var balance: Money { total - credited - paid }
  public var remaining: Money { Swift.max(balance, .zero) }
  public var refundable: Money { Swift.max(-balance, .zero) }

  /// A partial credit does not make an invoice paid.
  public var state: State {
    if total.isPositive, credited >= total { return .credited }
    if balance <= .zero { return .settled }
    return paid.isPositive ? .partlyPaid : .unpaid
  }

  /// Reminders stop as soon as nothing remains due.
  public var isDunnable: Bool { balance.isPositive }
  public var isSettled: Bool { !balance.isPositive }

  public func checkArchivable() throws(InvoiceError) {
    guard isSettled else { throw .notSettled(remaining: remaining) }
  }
}
