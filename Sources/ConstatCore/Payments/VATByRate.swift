extension VATTotals {
  /// The column `by_vat_rate`: `{"2000": [incl_tax_cents, vat_cents]}`, rates in hundredths.
  public var byVATRate: JSONValue {
    .object(
      Dictionary(
        uniqueKeysWithValues: shares.map {
          (String($0.rate.hundredths), .array([.integer($0.gross.cents), .integer($0.tax.cents)]))
        }))
  }

  /// Nil when the value has another form.
  public init?(byVATRate value: JSONValue) {
    guard let members = value.object else { return nil }
    var shares: [VATShare] = []
    for (rate, amounts) in members {
      guard let hundredths = Int(rate), let pair = amounts.array, pair.count == 2,
        let gross = pair[0].integer, let tax = pair[1].integer
      else { return nil }
      shares.append(
        VATShare(
          rate: Rate(hundredths: hundredths), net: Money(cents: gross - tax), tax: Money(cents: tax)))
    }
    self.init(shares)
  }
}
