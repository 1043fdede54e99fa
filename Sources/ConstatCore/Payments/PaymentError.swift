/// Why a payment, its allocation or its reversal is refused.
public enum PaymentError: Error, Hashable, Sendable {
  case amountNotPositive
  case instalmentNotOpen(String)
  case instalmentTwice(String)
  case exceedsInstalment(String, remaining: Money)
  case exceedsPayment(left: Money)
  /// Cash beyond what the law allows on one debt.
  case cashLimit(limit: Money, alreadyPaid: Money)
  case alreadyReversed

  public var code: String {
    switch self {
    case .amountNotPositive: "amount-not-positive"
    case .instalmentNotOpen: "instalment-not-open"
    case .instalmentTwice: "instalment-twice"
    case .exceedsInstalment: "allocation-exceeds-instalment"
    case .exceedsPayment: "allocation-exceeds-payment"
    case .cashLimit: "cash-limit"
    case .alreadyReversed: "payment-already-reversed"
    }
  }
}
