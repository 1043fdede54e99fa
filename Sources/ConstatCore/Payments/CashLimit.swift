/// The most that a French resident may pay in cash to a business: 1,000 € of one debt, however it
/// is cut (CMF L112-6, D112-3).
public enum CashLimit {
  public static let residents = Money(cents: 100_000)

  /// `alreadyInCash`: the live cash payments on the same debt.
  public static func check(
    _ amount: Money, means: PaymentMeans, alreadyInCash: Money
  ) throws(PaymentError) {
    guard means == .cash else { return }
    guard alreadyInCash + amount <= residents else {
      throw .cashLimit(limit: residents, alreadyPaid: alreadyInCash)
    }
  }
}
