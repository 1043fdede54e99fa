/// A price list: its lines are tax included, at one VAT rate.
public enum PriceList {
  public static let fields = FieldSet([
    .id, .required("name", .requiredLine), .defaulted("vat_rate", .vatRate),
    .defaulted("active", .boolean),
  ])
}
