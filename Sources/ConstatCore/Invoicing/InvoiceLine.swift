/// A line as someone words it: its unit price before tax or tax included (AMB-76).
public struct InvoiceLine: Sendable, Hashable {
  public enum UnitPrice: Sendable, Hashable {
    case exclTax(Money)
    case inclTax(Money)
  }

  public let reference: String?
  public let designation: String
  public let quantity: Quantity
  public let unitPrice: UnitPrice
  public let discountRate: Rate
  public let vatRate: Rate

  public init(
    reference: String? = nil, designation: String, quantity: Quantity = .one, unitPrice: UnitPrice,
    discountRate: Rate = .zero, vatRate: Rate
  ) {
    self.reference = reference
    self.designation = designation
    self.quantity = quantity
    self.unitPrice = unitPrice
    self.discountRate = discountRate
    self.vatRate = vatRate
  }

  /// `quantity` is 1 by default. Exactly one of the two prices is given; negative ones are for
  /// credit notes only, which mirror, so not for callers.
  public static let fields = FieldSet([
    .id, .optional("reference", .text(max: 50)), .required("designation", .text(min: 1, max: 500)),
    .defaulted("quantity", .quantity, column: "quantity_ten_thousandths"),
    .defaulted("unit_price_excl_tax_cents", .positiveCents),
    .defaulted("unit_price_incl_tax_cents", .positiveCents),
    .defaulted("discount_rate", .rate), .required("vat_rate", .vatRate),
  ])

  /// From checked columns; `pointer` is the line's place in the body.
  public init(columns: [String: JSONValue], at pointer: String = "") throws(FieldProblems) {
    let excl = columns["unit_price_excl_tax_cents"]?.integer
    let incl = columns["unit_price_incl_tax_cents"]?.integer
    switch (excl, incl) {
    case (let cents?, nil): unitPrice = .exclTax(Money(cents: cents))
    case (nil, let cents?): unitPrice = .inclTax(Money(cents: cents))
    default:
      throw FieldProblems(
        pointer + "/unit_price_excl_tax_cents", excl == nil ? .required : .inconsistent,
        "un prix unitaire est attendu, hors taxe ou toutes taxes comprises, et un seul")
    }
    quantity = Quantity(tenThousandths: columns["quantity_ten_thousandths"]?.integer ?? 10_000)
    guard quantity.isPositive else {
      throw FieldProblems(pointer + "/quantity", .outOfRange, "la quantité doit être positive")
    }
    reference = columns["reference"]?.string
    designation = columns["designation"]?.string ?? ""
    discountRate = Rate(hundredths: Int(clamping: columns["discount_rate"]?.integer ?? 0))
    vatRate = Rate(hundredths: Int(clamping: columns["vat_rate"]?.integer ?? 0))
  }

  /// The dossier's price as a line, to the cent what the dossier says it costs.
  public static func mission(_ price: DossierPrice, designation: String, reference: String? = nil)
    -> InvoiceLine
  {
    var (unit, discountRate) = (price.inclTax, Rate.zero)
    if case .rate(let rate)? = price.discount { (unit, discountRate) = (price.gross, rate) }
    return InvoiceLine(
      reference: reference, designation: designation, unitPrice: .inclTax(unit),
      discountRate: discountRate, vatRate: price.price.rate)
  }

  var isInclTax: Bool { if case .inclTax = unitPrice { true } else { false } }

  /// Quantity × unit price less the discount, in the tax of the unit price.
  func amount() throws(MoneyError) -> Money {
    switch unitPrice {
    case .exclTax(let price), .inclTax(let price):
      try price.times(quantity).discounted(by: discountRate)
    }
  }
}
