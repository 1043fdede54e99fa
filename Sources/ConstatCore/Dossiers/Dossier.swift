/// One order for one property, from the call to the report.
public enum Dossier {
  /// What is ordered (DOS-33).
  public enum Nature: String, Sendable, Hashable, Codable, CaseIterable {
    case saleRentalManagement = "sale_rental_management"
    case worksDemolition = "works_demolition"
    case building
    case other
  }

  public enum CreationMode: String, Sendable, Hashable, Codable, CaseIterable {
    case complete
    case quick
  }

  /// The facts that decide the diagnostics and the price (DOS-35). Nil is unknown, not false.
  public static let facts = FieldSet([
    .optional("transaction_type", .choice(TransactionType.self)),
    .optional("property_type", .choice(PropertyType.self)),
    .optional("floor_area_hundredths", .floorArea), .optional("room_count", .roomCount),
    .optional("built_year", .year), .optional("permit_year", .year),
    .optional("termite_zone", .boolean), .optional("heated", .boolean),
    .optional("collective_heating", .boolean),
    .optional("gas_installation_over_15_years", .boolean),
    .optional("electrical_installation_over_15_years", .boolean),
    .optional("co_ownership", .boolean), .optional("public_sewer", .boolean),
    .optional("noise_zone", .boolean),
  ])

  /// Where the property is and how to get in (DOS-48..50): steps 1 and 2 of the mission order.
  public static let property =
    FieldSet.address + .location
    + FieldSet([
      .optional("floor", .text(max: 50)), .optional("door", .text(max: 50)),
      .optional("staircase", .text(max: 50)), .optional("building_label", .text(max: 100)),
      .optional("lot_number", .text(max: 50)), .optional("key_pickup", .line),
      .optional("escort", .line), .optional("access_comment", .comment),
    ])

  /// The eight roles, cumulative and interchangeable (DOS-58).
  public static let roles = FieldSet(DossierRole.allCases.map { .optional($0.column, .uuid) })

  /// `gross_incl_tax_cents` is the price before the discount, `price_incl_tax_cents` after it.
  public static let price = FieldSet([
    .optional("price_list_id", .uuid), .optional("price_mode", .choice(PriceMode.self)),
    .optional("gross_incl_tax_cents", .positiveCents),
    .optional("discount_kind", .choice(Discount.Kind.self)),
    .optional("discount_rate", .rate),
    .optional("discount_cents", .positiveCents), .optional("discount_comment", .line),
    .optional("price_incl_tax_cents", .positiveCents), .optional("vat_rate", .vatRate),
    .optional("estimated_minutes", .integer(0...1440)),
  ])

  /// What `…/status` takes, and the device when the technician has finished (AMB-10).
  public static let status = FieldSet([
    .required("status", .choice(DossierStatus.self)), .optional("cancellation_reason", .line),
  ])

  /// All but the status, which changes through its own resource; `contact_origin` is how the
  /// requester came (DOS-45); `quote_signed_on` and `ademe_form_signed_on` are the days on which the
  /// client signed those pieces of the contract (MIS-30).
  public static let fields =
    FieldSet([
      .id, .optional("internal_reference", .text(max: 100)),
      .required("nature", .choice(Nature.self)),
      .defaulted("creation_mode", .choice(CreationMode.self), writable: .creation),
      .optional("contact_origin", .line), .defaulted("urgent", .boolean),
      .defaulted("property_sold", .boolean), .optional("building_id", .uuid),
      .optional("module_id", .uuid),
    ]) + roles + facts + property
    + FieldSet([
      .optional("preliminary_sale_date", .day), .optional("on_site_payment_agreed", .boolean),
      .optional("on_site_payment_means", .choice(PaymentMeans.self)),
      .optional("quote_signed_on", .day), .optional("ademe_form_signed_on", .day),
    ]) + price + FieldSet([.optional("notes", .comment)])
}
