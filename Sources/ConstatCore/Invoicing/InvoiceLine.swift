/// What a draft line says; its price before tax, or tax included (AMB-76), never both.
public enum InvoiceLine {
  /// `quantity` is 1 by default; negative prices are for credits only, so not for callers.
  public static let fields = FieldSet([
    .id, .optional("reference", .text(max: 50)), .required("designation", .text(min: 1, max: 500)),
    .defaulted("quantity", .quantity, column: "quantity_ten_thousandths"),
    .defaulted("unit_price_excl_tax_cents", .positiveCents),
    .defaulted("unit_price_incl_tax_cents", .positiveCents),
    .defaulted("discount_rate", .rate(maxHundredths: 10_000)), .required("vat_rate", .vatRate),
  ])
}
