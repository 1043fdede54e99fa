/// A percentage in whole hundredths of a percent: VAT, discounts, penalty rates.
/// Written "20", "5.5", "8.5": on the wire a string of percent, never a number.
public struct Rate: Hashable, Sendable {
  /// 2000 is 20 %.
  public let hundredths: Int

  public static let zero = Rate(hundredths: 0)
  /// The normal rate of mainland France.
  public static let normal = Rate(hundredths: 2000)
  /// The normal rate of Réunion, Guadeloupe and Martinique (CGI 296).
  public static let normalOverseas = Rate(hundredths: 850)

  /// The VAT rates that the French e-invoicing rules accept, a closed list (BR-FR, FNFE 1.4.0):
  /// 0, 0.9, 1.05, 1.75, 2.1, 5.5, 7, 8.5, 9.2, 9.6, 10, 13, 19.6, 20 and 20.6 %.
  public static let vatRates: Set<Rate> = Set(
    [0, 90, 105, 175, 210, 550, 700, 850, 920, 960, 1000, 1300, 1960, 2000, 2060]
      .map(Rate.init(hundredths:)))

  public init(hundredths: Int) {
    self.hundredths = hundredths
  }

  /// Reads "20" or "5.5": at most two decimals, from 0 to 1000 %.
  public init(percent text: some StringProtocol) throws(MoneyError) {
    guard let value = DecimalText.parse(text, decimals: 2) else { throw .malformed(String(text)) }
    guard (0...100_000).contains(value) else { throw .outOfRange }
    hundredths = Int(value)
  }

  /// Reads a VAT rate and refuses one outside the closed list.
  public init(vat text: some StringProtocol) throws(MoneyError) {
    try self.init(percent: text)
    guard isVATRate else { throw .unknownVATRate(self) }
  }

  public var isVATRate: Bool { Rate.vatRates.contains(self) }

  /// "20", "5.5": percent without trailing zeros.
  public var percent: String {
    DecimalText.print(Int64(hundredths), decimals: 2, keepsZeros: false)
  }

  /// "20", "5,5": the same with a comma, for French print and labels.
  public var percentComma: String {
    DecimalText.print(Int64(hundredths), decimals: 2, separator: ",", keepsZeros: false)
  }
}

extension Rate: Comparable {
  public static func < (left: Rate, right: Rate) -> Bool { left.hundredths < right.hundredths }
}

extension Rate: CustomStringConvertible {
  public var description: String { percent + " %" }
}

extension Rate: Codable {
  /// A string of percent: "20", "5.5".
  public init(from decoder: any Decoder) throws {
    try self.init(percent: decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(percent)
  }
}
