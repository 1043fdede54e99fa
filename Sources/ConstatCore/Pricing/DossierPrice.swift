/// The price of a dossier: what it costs, what is taken off, what remains, tax apart.
public struct DossierPrice: Sendable, Hashable {
  public let mode: PriceMode
  /// Before the discount, tax included.
  public let gross: Money
  public let discount: Discount?
  public let discountComment: String?
  /// What the discount takes off, tax included.
  public let discountAmount: Money
  /// What is asked, tax included, with its tax.
  public let price: VATShare
  public let estimatedMinutes: Int?

  /// Prices a proposal or a typed amount. A percentage is rounded half up to the cent.
  public init(
    mode: PriceMode, gross: Money, estimatedMinutes: Int?, vatRate: Rate,
    discount: Discount? = nil, discountComment: String? = nil
  ) throws(PricingError) {
    let amount: Money
    do {
      switch discount {
      case .rate(let rate)?: amount = try gross.percent(rate)
      case .amount(let fixed)?: amount = fixed
      case nil: amount = .zero
      }
      guard amount <= gross else { throw PricingError.discountExceedsPrice(discount: amount, price: gross) }
      price = try VATShare(splitting: gross - amount, at: vatRate)
    } catch let error as PricingError {
      throw error
    } catch {
      throw .amountOutOfRange
    }
    self.mode = mode
    self.gross = gross
    self.discount = discount
    self.discountComment = discountComment
    self.estimatedMinutes = estimatedMinutes
    discountAmount = amount
  }

  public init(
    _ proposal: PriceProposal, vatRate: Rate, discount: Discount? = nil, discountComment: String? = nil
  ) throws(PricingError) {
    try self.init(
      mode: proposal.mode, gross: proposal.total, estimatedMinutes: proposal.estimatedMinutes,
      vatRate: vatRate, discount: discount, discountComment: discountComment)
  }

  public var inclTax: Money { price.gross }
  public var exclTax: Money { price.net }

  /// The dossier's columns. Of a percentage the amount is stored too, so that nobody has to
  /// compute it again.
  public var columns: [String: JSONValue] {
    var rate: JSONValue = .null
    if case .rate(let percent)? = discount { rate = .integer(Int64(percent.hundredths)) }
    return [
      "price_mode": .string(mode.rawValue), "gross_incl_tax_cents": .integer(gross.cents),
      "discount_kind": JSONValue(discount?.kind.rawValue), "discount_rate": rate,
      "discount_cents": discount == nil ? .null : .integer(discountAmount.cents),
      "discount_comment": JSONValue(discountComment),
      "price_incl_tax_cents": .integer(inclTax.cents),
      "vat_rate": .integer(Int64(price.rate.hundredths)),
      "estimated_minutes": JSONValue(estimatedMinutes.map(Int64.init)),
    ]
  }
}

/// What the order says of a discount: nothing, so that the prescriber's systematic one applies
/// (DOS-41); or that there is none; or its own.
public enum DiscountChoice: Sendable, Hashable {
  case systematic
  case none
  case typed(Discount, comment: String?)

  /// The discount to apply, given what the prescriber's record holds.
  public func discount(
    prescriberRate: Rate?, prescriberComment: String?
  ) -> (discount: Discount, comment: String?)? {
    switch self {
    case .none: nil
    case .typed(let discount, let comment): (discount, comment)
    case .systematic:
      prescriberRate.flatMap { $0 > .zero ? (.rate($0), prescriberComment) : nil }
    }
  }
}
