/// What is taken off a price: a percentage or an amount (DOS-40).
public enum Discount: Sendable, Hashable {
  case rate(Rate)
  /// Tax included.
  case amount(Money)

  /// The column that says which.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case rate
    case amount
  }

  public var kind: Kind {
    switch self {
    case .rate: .rate
    case .amount: .amount
    }
  }
}
