/// The lines of an invoice or credit note before tax, with the totals that go with them.
///
/// VAT is per rate on the total of the rate, never the sum of rounded lines (domain, "choose
/// per-rate-on-total"). Where all lines of a rate are priced tax included, their total stands
/// to the cent and is split: three times 10.00 at 20 % is 25.00 + 5.00, never 24.99.
public struct PricedInvoice: Sendable, Hashable {
  public let lines: [PricedInvoiceLine]
  public let totals: VATTotals

  public init(_ lines: [InvoiceLine]) throws(InvoiceError) {
    guard !lines.isEmpty else { throw .noLines }
    do throws(MoneyError) {
      var shares: [VATShare] = []
      var nets = [Money](repeating: .zero, count: lines.count)
      for rate in Set(lines.map(\.vatRate)) {
        let group = lines.indices.filter { lines[$0].vatRate == rate }
        shares.append(try PricedInvoice.share(of: group, in: lines, at: rate, nets: &nets))
      }
      self.lines = try zip(lines, nets).map { line, net throws(MoneyError) in
        try PricedInvoiceLine(line, totalExclTax: net)
      }
      totals = VATTotals(shares)
    } catch {
      throw .amountOutOfRange
    }
  }

  /// Lines and totals as stored; refused when they contradict one another.
  ///
  /// `rest`: all that is left of an invoice that this credits. It takes the cents by which earlier credits were rounded,
  /// so its VAT may miss base × rate by more than one.
  public init(lines: [PricedInvoiceLine], totals: VATTotals, rest: VATTotals? = nil) throws(InvoiceError) {
    guard !lines.isEmpty else { throw .noLines }
    for share in totals.shares {
      let base = lines.filter { $0.vatRate == share.rate }.reduce(Money.zero) { $0 + $1.totalExclTax }
      guard base == share.net else { throw .totalsDoNotMatch(share.rate) }
      // A total priced tax included may miss base × rate by a cent.
      guard let tax = try? base.percent(share.rate),
        (tax - share.tax).magnitude.cents <= 1 || rest?[share.rate] == share
      else { throw .totalsDoNotMatch(share.rate) }
    }
    if let lost = lines.first(where: { totals[$0.vatRate] == nil }) { throw .totalsDoNotMatch(lost.vatRate) }
    self.lines = lines
    self.totals = totals
  }

  private init(checkedLines: [PricedInvoiceLine], totals: VATTotals) {
    lines = checkedLines
    self.totals = totals
  }

  /// The exact mirror, which credits all of it.
  public static prefix func - (invoice: PricedInvoice) -> PricedInvoice {
    PricedInvoice(checkedLines: invoice.lines.map { -$0 }, totals: -invoice.totals)
  }

  /// One line per rate that credits what is left of an invoice.
  public static func crediting(_ left: VATTotals, designation: String) -> PricedInvoice {
    let lines = left.shares.filter { !$0.gross.isZero }.map { share in
      PricedInvoiceLine(
        reference: nil, designation: designation, quantity: .one, unitPriceExclTax: -share.net,
        discountRate: .zero, vatRate: share.rate, totalExclTax: -share.net)
    }
    return PricedInvoice(
      checkedLines: lines, totals: -VATTotals(left.shares.filter { !$0.gross.isZero }))
  }

  /// One rate's share, and the net of each of its lines.
  private static func share(
    of group: [Int], in lines: [InvoiceLine], at rate: Rate, nets: inout [Money]
  ) throws(MoneyError) -> VATShare {
    var gross: [Money] = []
    for index in group {
      let amount = try lines[index].amount()
      gross.append(amount)
      nets[index] = lines[index].isInclTax ? try VATShare(splitting: amount, at: rate).net : amount
    }
    guard group.allSatisfy({ lines[$0].isInclTax }) else {
      let base = try group.map { nets[$0] }.total()
      return VATShare(rate: rate, net: base, tax: try base.percent(rate))
    }
    let share = try VATShare(splitting: gross.total(), at: rate)
    spread(share.net, over: group, gross, &nets)
    return share
  }

  /// Gives the cents that line rounding lost or made to the largest lines, the first first.
  private static func spread(
    _ net: Money, over group: [Int], _ gross: [Money], _ nets: inout [Money]
  ) {
    let difference = net.cents - group.reduce(0) { $0 + nets[$1].cents }
    let byAmount = group.indices.sorted {
      gross[$0].magnitude == gross[$1].magnitude ? $0 < $1 : gross[$0].magnitude > gross[$1].magnitude
    }
    for place in byAmount.prefix(Int(difference.magnitude)) {
      nets[group[place]] += Money(cents: difference.signum())
    }
  }
}

/// A line before tax, as stored and as frozen.
public struct PricedInvoiceLine: Sendable, Hashable {
  public let reference: String?
  public let designation: String
  public let quantity: Quantity
  public let unitPriceExclTax: Money
  public let discountRate: Rate
  public let vatRate: Rate
  public let totalExclTax: Money

  public init(
    reference: String?, designation: String, quantity: Quantity, unitPriceExclTax: Money,
    discountRate: Rate, vatRate: Rate, totalExclTax: Money
  ) {
    self.reference = reference
    self.designation = designation
    self.quantity = quantity
    self.unitPriceExclTax = unitPriceExclTax
    self.discountRate = discountRate
    self.vatRate = vatRate
    self.totalExclTax = totalExclTax
  }

  init(_ line: InvoiceLine, totalExclTax: Money) throws(MoneyError) {
    let unit: Money
    switch line.unitPrice {
    case .exclTax(let price): unit = price
    case .inclTax(let price):
      // Of a single undiscounted unit the price is the total, its shared cent included.
      unit =
        line.quantity == .one && line.discountRate == .zero
        ? totalExclTax : try VATShare(splitting: price, at: line.vatRate).net
    }
    self.init(
      reference: line.reference, designation: line.designation, quantity: line.quantity,
      unitPriceExclTax: unit, discountRate: line.discountRate, vatRate: line.vatRate,
      totalExclTax: totalExclTax)
  }

  static prefix func - (line: PricedInvoiceLine) -> PricedInvoiceLine {
    PricedInvoiceLine(
      reference: line.reference, designation: line.designation, quantity: line.quantity,
      unitPriceExclTax: -line.unitPriceExclTax, discountRate: line.discountRate,
      vatRate: line.vatRate, totalExclTax: -line.totalExclTax)
  }

  /// All but `id`, `invoice_id` and `position`.
  public var columns: [String: JSONValue] {
    [
      "reference": JSONValue(reference), "designation": .string(designation),
      "quantity_ten_thousandths": .integer(quantity.tenThousandths),
      "unit_price_excl_tax_cents": .integer(unitPriceExclTax.cents),
      "discount_rate": .integer(Int64(discountRate.hundredths)),
      "vat_rate": .integer(Int64(vatRate.hundredths)),
      "total_excl_tax_cents": .integer(totalExclTax.cents),
    ]
  }
}
