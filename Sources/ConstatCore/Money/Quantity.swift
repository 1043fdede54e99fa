/// A quantity of at most four decimals (the most that e-invoicing accepts), held in whole
/// ten-thousandths. A decimal string on the wire: "1", "2.5".
public struct Quantity: Hashable, Sendable {
  public let tenThousandths: Int64

  /// One hundred million units, the largest quantity accepted from outside.
  public static let limit = Quantity(tenThousandths: 1_000_000_000_000)
  public static let one = Quantity(tenThousandths: 10_000)

  public init(tenThousandths: Int64) {
    self.tenThousandths = tenThousandths
  }

  public init(_ whole: Int32) {
    tenThousandths = Int64(whole) * 10_000
  }

  /// Reads "2.5" or "0.0001".
  public init(decimal text: some StringProtocol) throws(MoneyError) {
    guard let value = DecimalText.parse(text, decimals: 4) else { throw .malformed(String(text)) }
    guard value.magnitude <= Quantity.limit.tenThousandths.magnitude else { throw .outOfRange }
    tenThousandths = value
  }

  /// "2.5": without trailing zeros.
  public var decimal: String { DecimalText.print(tenThousandths, decimals: 4, keepsZeros: false) }

  /// "2,5": the same with a comma, for French print and CSV.
  public var decimalComma: String {
    DecimalText.print(tenThousandths, decimals: 4, separator: ",", keepsZeros: false)
  }

  public var isPositive: Bool { tenThousandths > 0 }
}

extension Quantity: Comparable {
  public static func < (left: Quantity, right: Quantity) -> Bool {
    left.tenThousandths < right.tenThousandths
  }
}

extension Quantity: CustomStringConvertible {
  public var description: String { decimal }
}

extension Quantity: Codable {
  /// A decimal string: "2.5".
  public init(from decoder: any Decoder) throws {
    try self.init(decimal: decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(decimal)
  }
}
