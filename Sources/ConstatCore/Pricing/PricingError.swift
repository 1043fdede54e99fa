/// Why there is no price.
public enum PricingError: Error, Hashable, Sendable {
  case noDiagnostics
  case tooManyDiagnostics(limit: Int)
  /// No line of the price list covers these within its limits.
  case noPrice(codes: [String])
  /// The price list has no pack for this choice that lowers the price.
  case noPack
  /// The manual mode takes its amount from the caller.
  case manualNeedsAmount
  case discountExceedsPrice(discount: Money, price: Money)
  case amountOutOfRange

  public var code: String {
    switch self {
    case .noDiagnostics: "no-diagnostics"
    case .tooManyDiagnostics: "too-many-diagnostics"
    case .noPrice: "no-price"
    case .noPack: "no-pack"
    case .manualNeedsAmount: "manual-price-needs-amount"
    case .discountExceedsPrice: "discount-exceeds-price"
    case .amountOutOfRange: "amount-out-of-range"
    }
  }
}
