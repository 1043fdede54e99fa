/// One rate's share of an invoice, a credit note or a payment.
public struct VATShare: Hashable, Sendable, Codable {
  public let rate: Rate
  /// Before tax (HT).
  public let net: Money
  public let tax: Money

  public init(rate: Rate, net: Money, tax: Money) {
    self.rate = rate
    self.net = net
    self.tax = tax
  }

  /// Tax included (TTC).
  public var gross: Money { net + tax }

  private enum CodingKeys: String, CodingKey {
    case rate
    case net = "net_cents"
    case tax = "tax_cents"
  }
}

/// Amounts by VAT rate, from the highest rate down, each rate at most once. The same shape holds
/// an invoice's totals, what remains due of it, and what a payment settled of it, so that the
/// platform status 212 (amount collected per rate) and the VAT on collection come from one sum.
///
/// VAT is computed per rate on the total, never per line: 299.33, 179.33 and 99.34 at 20 %
/// make 115.60 and not 115.61. EN 16931 requires it (BT-117 = base × rate).
public struct VATTotals: Hashable, Sendable {
  public let shares: [VATShare]

  public static let zero = VATTotals([])

  /// Sums shares of the same rate. A rate whose net and tax are both zero is kept, because a
  /// zero-amount invoice still shows its rate.
  public init(_ shares: [VATShare]) {
    var byRate: [Rate: VATShare] = [:]
    for share in shares {
      let net = (byRate[share.rate]?.net ?? .zero) + share.net
      let tax = (byRate[share.rate]?.tax ?? .zero) + share.tax
      byRate[share.rate] = VATShare(rate: share.rate, net: net, tax: tax)
    }
    self.shares = byRate.values.sorted { $0.rate > $1.rate }
  }

  /// The totals of lines priced before tax: per rate, the tax of the summed base.
  public init(netLines lines: some Sequence<(rate: Rate, amount: Money)>) throws(MoneyError) {
    var shares: [VATShare] = []
    for (rate, amounts) in VATTotals.grouped(lines) {
      let net = try amounts.total()
      shares.append(VATShare(rate: rate, net: net, tax: try net.percent(rate)))
    }
    self.init(shares)
  }

  /// The totals of lines priced tax included: per rate, the summed gross is split so that
  /// net + tax is exactly the gross: 396.80 is 330.67 + 66.13, three times 10.00 is 25.00 + 5.00.
  public init(grossLines lines: some Sequence<(rate: Rate, amount: Money)>) throws(MoneyError) {
    var shares: [VATShare] = []
    for (rate, amounts) in VATTotals.grouped(lines) {
      shares.append(try VATShare(splitting: amounts.total(), at: rate))
    }
    self.init(shares)
  }

  public var net: Money { shares.reduce(.zero) { $0 + $1.net } }
  public var tax: Money { shares.reduce(.zero) { $0 + $1.tax } }
  public var gross: Money { shares.reduce(.zero) { $0 + $1.gross } }
  public var isZero: Bool { shares.allSatisfy { $0.net.isZero && $0.tax.isZero } }

  public subscript(rate: Rate) -> VATShare? { shares.first { $0.rate == rate } }

  /// Whether each tax is exactly base × rate, as EN 16931 wants it. A total priced tax included
  /// can miss this by one cent (0.03 at 20 % has no exact base): such an invoice is legal, yet
  /// has to be worded in net prices before it is sent electronically.
  public var taxIsBaseTimesRate: Bool {
    shares.allSatisfy { (try? $0.net.percent($0.rate)) == $0.tax }
  }

  public static func + (left: VATTotals, right: VATTotals) -> VATTotals {
    VATTotals(left.shares + right.shares)
  }

  public static func - (left: VATTotals, right: VATTotals) -> VATTotals { left + (-right) }

  /// The mirror, as for a credit note or the reversal of a payment.
  public static prefix func - (totals: VATTotals) -> VATTotals {
    VATTotals(totals.shares.map { VATShare(rate: $0.rate, net: -$0.net, tax: -$0.tax) })
  }

  private static func grouped(
    _ lines: some Sequence<(rate: Rate, amount: Money)>
  ) -> [Rate: [Money]] {
    var groups: [Rate: [Money]] = [:]
    for line in lines { groups[line.rate, default: []].append(line.amount) }
    return groups
  }
}

extension VATShare {
  /// Splits an amount tax included: the net is rounded half up, the tax is the rest.
  public init(splitting gross: Money, at rate: Rate) throws(MoneyError) {
    let net = try gross.fraction(10_000, over: Int128(10_000 + rate.hundredths))
    self.init(rate: rate, net: net, tax: gross - net)
  }
}

extension VATTotals: Codable {
  /// An array of `{"rate":"20","net_cents":…,"tax_cents":…}`.
  public init(from decoder: any Decoder) throws {
    try self.init(decoder.singleValueContainer().decode([VATShare].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(shares)
  }
}
