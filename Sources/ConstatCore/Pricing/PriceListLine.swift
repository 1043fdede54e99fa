/// A unit price for one diagnostic, or a pack price for a set of them, within limits of property
/// type, floor area and rooms (ORG-07).
public struct PriceListLine: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case unit
    case pack
  }

  public let id: String
  public let kind: Kind
  public let label: String
  public let diagnosticCodes: Set<String>
  /// Nil: for every type.
  public let propertyType: PropertyType?
  /// Inclusive; nil: no limit.
  public let floorAreaMaxHundredths: Int?
  /// Inclusive; nil: no limit.
  public let roomCountMax: Int?
  public let amountInclTax: Money
  public let durationMinutes: Int

  public init(
    id: String, kind: Kind, label: String, diagnosticCodes: Set<String>,
    propertyType: PropertyType? = nil, floorAreaMaxHundredths: Int? = nil, roomCountMax: Int? = nil,
    amountInclTax: Money, durationMinutes: Int
  ) {
    self.id = id
    self.kind = kind
    self.label = label
    self.diagnosticCodes = diagnosticCodes
    self.propertyType = propertyType
    self.floorAreaMaxHundredths = floorAreaMaxHundredths
    self.roomCountMax = roomCountMax
    self.amountInclTax = amountInclTax
    self.durationMinutes = durationMinutes
  }

  /// Whether the line may be used for the property: a limit on an unknown fact says no.
  public func suits(_ facts: DossierFacts) -> Bool {
    (propertyType == nil || propertyType == facts.propertyType)
      && PriceListLine.isWithin(facts.floorAreaHundredths, floorAreaMaxHundredths)
      && PriceListLine.isWithin(facts.roomCount, roomCountMax)
  }

  private static func isWithin(_ value: Int?, _ limit: Int?) -> Bool {
    guard let limit else { return true }
    return value.map { $0 <= limit } ?? false
  }

  /// The line made more exactly for the property: of its type, then by the lower limits, then
  /// the cheaper, then by id so that the choice never depends on the order of rows.
  func isTighter(than other: PriceListLine) -> Bool {
    if (propertyType == nil) != (other.propertyType == nil) { return propertyType != nil }
    let areas = (floorAreaMaxHundredths ?? .max, other.floorAreaMaxHundredths ?? .max)
    if areas.0 != areas.1 { return areas.0 < areas.1 }
    let rooms = (roomCountMax ?? .max, other.roomCountMax ?? .max)
    if rooms.0 != rooms.1 { return rooms.0 < rooms.1 }
    if amountInclTax != other.amountInclTax { return amountInclTax < other.amountInclTax }
    return id < other.id
  }

  /// The limits are inclusive; a unit line has exactly one code.
  public static let fields = FieldSet([
    .id, .required("price_list_id", .uuid, writable: .creation),
    .required("kind", .choice(Kind.self)), .required("label", .requiredLine),
    .required("diagnostic_codes", .list(of: .code, max: 30)),
    .optional("property_type", .choice(PropertyType.self)),
    .optional("floor_area_max_hundredths", .floorArea), .optional("room_count_max", .roomCount),
    .required("amount_incl_tax_cents", .positiveCents),
    .defaulted("duration_minutes", .integer(0...1440)),
  ])
}
