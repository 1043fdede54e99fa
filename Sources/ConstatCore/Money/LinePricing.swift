/// The amount of one line of an invoice, after quantity and discount, before tax or tax included.
public struct PricedLine: Hashable, Sendable {
  public let rate: Rate
  public let amount: Money
  public let includesTax: Bool

  public init(rate: Rate, amount: Money, includesTax: Bool) {
    self.rate = rate
    self.amount = amount
    self.includesTax = includesTax
  }
}

/// The totals of an invoice whose lines are priced before tax, tax included, or both, and the
/// net of each line such that the lines of a rate add up to its base, as EN 16931 asks (BR-CO-10).
/// A rate priced only tax included keeps its exact gross: three times 10.00 at 20 % is 25.00 net,
/// in lines of 8.34, 8.33 and 8.33.
public struct LinePricing: Hashable, Sendable {
  public let totals: VATTotals
  /// In the order of the lines.
  public let nets: [Money]

  public init(_ lines: [PricedLine]) throws(MoneyError) {
    var nets = lines.map { $0.amount }
    var shares: [VATShare] = []
    for rate in Set(lines.map(\.rate)) {
      let ofRate = lines.indices.filter { lines[$0].rate == rate }
      let gross = ofRate.filter { lines[$0].includesTax }
      let split = try VATShare(splitting: gross.map { lines[$0].amount }.total(), at: rate)
      for index in gross { nets[index] = try VATShare(splitting: lines[index].amount, at: rate).net }
      try LinePricing.adjust(&nets, at: gross, to: split.net)
      let base = try ofRate.map { nets[$0] }.total()
      let isAllGross = gross.count == ofRate.count
      shares.append(VATShare(rate: rate, net: base, tax: isAllGross ? split.tax : try base.percent(rate)))
    }
    self.nets = nets
    totals = VATTotals(shares)
  }

  /// Spreads the cents that rounding each line left, one by one over the largest lines, of which
  /// the first comes first; they are fewer than the lines.
  private static func adjust(
    _ nets: inout [Money], at lines: [Int], to total: Money
  ) throws(MoneyError) {
    let missing = total - (try lines.map { nets[$0] }.total())
    let byAmount = lines.sorted { left, right in
      let (first, second) = (nets[left].magnitude, nets[right].magnitude)
      return first == second ? left < right : first > second
    }
    for index in byAmount.prefix(Int(missing.magnitude.cents)) {
      nets[index] += Money(cents: missing.isNegative ? -1 : 1)
    }
  }
}
