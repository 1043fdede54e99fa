/// A payment laid over what remains due of an invoice, rate by rate.
public struct VATAllocation: Hashable, Sendable, Codable {
  /// What the payment settles, net and tax of each rate.
  public let settled: VATTotals
  /// What is left of the payment once nothing remains due: the payer's credit.
  public let excess: Money

  public init(settled: VATTotals, excess: Money) {
    self.settled = settled
    self.excess = excess
  }
}

extension VATTotals {
  /// Allocates a payment over these remaining amounts in proportion to each rate's gross.
  /// `self` is invoiced − credited − already settled. Cents that the division leaves go to the
  /// largest remainders, and the payment that settles the rest takes each rate's exact residue:
  /// after the last payment every rate, net and tax, is closed to the cent. What exceeds the
  /// remaining amount is `excess`. A refund is a negative payment over negative remains.
  public func allocating(_ payment: Money) -> VATAllocation {
    let due = gross
    guard !payment.isZero, payment.isNegative == due.isNegative, !due.isZero else {
      return VATAllocation(settled: .zero, excess: payment)
    }
    if payment.magnitude >= due.magnitude {
      return VATAllocation(settled: self, excess: payment - due)
    }
    let open = shares.filter { !$0.gross.isZero && $0.gross.isNegative == due.isNegative }
    let parts = VATTotals.proportionally(payment, over: open.map(\.gross))
    let settled = zip(open, parts).map { share, part in share.portion(of: part) }
    return VATAllocation(settled: VATTotals(settled.filter { !$0.gross.isZero }), excess: .zero)
  }

  /// Parts of `amount` proportional to the weights, adding up exactly. All have one sign.
  /// Of two equal remainders the first weight is served first, so that the result is fixed.
  private static func proportionally(_ amount: Money, over weights: [Money]) -> [Money] {
    let total = weights.reduce(Int128(0)) { $0 + Int128($1.cents) }
    let exact = weights.map {
      (Int128(amount.cents) * Int128($0.cents)).quotientAndRemainder(dividingBy: total)
    }
    var parts = exact.map { Int64($0.quotient) }
    let missing = amount.cents - parts.reduce(0, +)
    let byRemainder = exact.indices.sorted {
      let (left, right) = (exact[$0].remainder.magnitude, exact[$1].remainder.magnitude)
      return left == right ? $0 < $1 : left > right
    }
    for index in byRemainder.prefix(Int(missing.magnitude)) { parts[index] += missing.signum() }
    return parts.map(Money.init(cents:))
  }
}

extension VATShare {
  /// The net and tax of a part of this share's gross; the whole gross gives the whole share.
  fileprivate func portion(of part: Money) -> VATShare {
    let tax = Rounding.halfUp(Int128(self.tax.cents) * Int128(part.cents), over: Int128(gross.cents))
    let partTax = Money(cents: tax ?? 0)
    return VATShare(rate: rate, net: part - partTax, tax: partTax)
  }
}
