/// What an operation on amounts can refuse.
public enum MoneyError: Error, Hashable, Sendable {
  /// The amount is beyond ±`Money.limit`, or an intermediate result does not fit.
  case outOfRange
  /// The text is not a decimal number of the expected form.
  case malformed(String)
  /// An amount cannot be cut into this many parts that are all of its sign.
  case cannotSplit(parts: Int)
  /// The rate is not one that French VAT knows.
  case unknownVATRate(Rate)
}

/// An amount of euros in whole cents. Negative for credits. Never a floating-point number:
/// what is decided here must be the same on the device, the server and the accountant's side.
///
/// Amounts that come from outside are held within ±`limit` (decoding and `init(checking:)`
/// refuse the rest), so that the plain operators cannot overflow in less than 900,000 terms;
/// should they, they stop the program rather than give a wrong amount.
public struct Money: Hashable, Sendable {
  public let cents: Int64

  /// One hundred billion euros, the largest amount accepted from outside.
  public static let limit = Money(cents: 10_000_000_000_000)
  public static let zero = Money(cents: 0)

  public init(cents: Int64) {
    self.cents = cents
  }

  /// An amount that comes from outside: refused beyond ±`limit`.
  public init(checking cents: Int64) throws(MoneyError) {
    guard cents.magnitude <= Money.limit.cents.magnitude else { throw .outOfRange }
    self.cents = cents
  }

  /// Reads "396.8" or "-396.80": at most two decimals, a point, nothing else.
  public init(decimal text: some StringProtocol) throws(MoneyError) {
    guard let cents = DecimalText.parse(text, decimals: 2) else { throw .malformed(String(text)) }
    try self.init(checking: cents)
  }

  /// Reads up to six decimals and rounds half up to the cent: "2.675" is 2.68.
  public init(roundingDecimal text: some StringProtocol) throws(MoneyError) {
    guard let millionths = DecimalText.parse(text, decimals: 6),
      let cents = Rounding.halfUp(Int128(millionths), over: 10_000)
    else { throw .malformed(String(text)) }
    try self.init(checking: cents)
  }

  /// "396.80", with a point: for machines.
  public var decimal: String { DecimalText.print(cents, decimals: 2, keepsZeros: true) }

  /// "396,80", with a comma and no thousands separator: for FEC, CSV and French print.
  public var decimalComma: String {
    DecimalText.print(cents, decimals: 2, separator: ",", keepsZeros: true)
  }

  public var isZero: Bool { cents == 0 }
  public var isNegative: Bool { cents < 0 }
  public var isPositive: Bool { cents > 0 }
  public var magnitude: Money { cents < 0 ? Money(cents: -cents) : self }

  public static func + (left: Money, right: Money) -> Money {
    Money(cents: left.cents + right.cents)
  }

  public static func - (left: Money, right: Money) -> Money {
    Money(cents: left.cents - right.cents)
  }

  public static prefix func - (amount: Money) -> Money { Money(cents: -amount.cents) }
  public static func += (left: inout Money, right: Money) { left = left + right }
  public static func -= (left: inout Money, right: Money) { left = left - right }

  /// The amount for a quantity of units at this price, rounded half up to the cent.
  public func times(_ quantity: Quantity) throws(MoneyError) -> Money {
    try fraction(Int128(quantity.tenThousandths), over: 10_000)
  }

  /// This percentage of the amount, rounded half up to the cent.
  public func percent(_ rate: Rate) throws(MoneyError) -> Money {
    try fraction(Int128(rate.hundredths), over: 10_000)
  }

  /// The amount less this percentage of itself: what a discount leaves.
  public func discounted(by rate: Rate) throws(MoneyError) -> Money {
    self - (try percent(rate))
  }

  /// `self × numerator / denominator`, rounded half up, within the limits.
  func fraction(_ numerator: Int128, over denominator: Int128) throws(MoneyError) -> Money {
    let (product, overflow) = Int128(cents).multipliedReportingOverflow(by: numerator)
    guard !overflow, let cents = Rounding.halfUp(product, over: denominator) else {
      throw .outOfRange
    }
    return try Money(checking: cents)
  }

  /// Cuts the amount into instalments (échelons): equal parts rounded half up, the remainder on
  /// the last, so that they add up exactly: 396.80 in three is 132.27, 132.27, 132.26. Where
  /// rounding up would leave nothing for the last part, the parts are rounded down instead.
  /// Refused when some part would have to be zero.
  public func split(into parts: Int) throws(MoneyError) -> [Money] {
    guard parts >= 1, parts == 1 || UInt64(parts) <= cents.magnitude else {
      throw .cannotSplit(parts: parts)
    }
    let count = Int64(parts)
    guard var part = Rounding.halfUp(Int128(cents), over: Int128(count)) else { throw .outOfRange }
    if Int128(part.magnitude) * Int128(count - 1) >= Int128(cents.magnitude) {
      part = cents / count
    }
    let last = cents - part * (count - 1)
    return Array(repeating: Money(cents: part), count: parts - 1) + [Money(cents: last)]
  }
}

extension Money: Comparable {
  public static func < (left: Money, right: Money) -> Bool { left.cents < right.cents }
}

extension Money: CustomStringConvertible {
  /// "396.80 EUR"
  public var description: String { decimal + " EUR" }
}

extension Money: Codable {
  /// An integer of cents, as in the `*_cents` fields of the API.
  public init(from decoder: any Decoder) throws {
    try self.init(checking: decoder.singleValueContainer().decode(Int64.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(cents)
  }
}

extension Sequence<Money> {
  /// The total of the amounts, checked against the limits.
  public func total() throws(MoneyError) -> Money {
    var sum: Int64 = 0
    for amount in self {
      let (next, overflow) = sum.addingReportingOverflow(amount.cents)
      guard !overflow else { throw .outOfRange }
      sum = next
    }
    return try Money(checking: sum)
  }
}
