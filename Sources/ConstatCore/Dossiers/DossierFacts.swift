/// What is known of the property and the transaction: the ground of suggestions and prices.
/// Nil is unknown, which is neither yes nor no.
public struct DossierFacts: Sendable, Hashable {
  public var nature: Dossier.Nature
  public var transactionType: TransactionType?
  public var propertyType: PropertyType?
  /// Hundredths of a square metre.
  public var floorAreaHundredths: Int?
  public var roomCount: Int?
  public var builtYear: Int?
  public var permitYear: Int?
  public var termiteZone: Bool?
  public var heated: Bool?
  public var collectiveHeating: Bool?
  public var gasInstallationOver15Years: Bool?
  public var electricalInstallationOver15Years: Bool?
  public var coOwnership: Bool?
  public var publicSewer: Bool?
  public var noiseZone: Bool?
  /// The class of the property's DPE, "A" to "G": not a column, given where it is known.
  public var energyClass: String?

  public init(nature: Dossier.Nature) {
    self.nature = nature
  }

  /// Reads checked columns of a dossier, or a body of `Dossier.facts`.
  public init(columns: [String: JSONValue]) {
    nature = columns["nature"]?.string.flatMap(Dossier.Nature.init(rawValue:)) ?? .saleRentalManagement
    transactionType = columns["transaction_type"]?.string.flatMap(TransactionType.init(rawValue:))
    propertyType = columns["property_type"]?.string.flatMap(PropertyType.init(rawValue:))
    floorAreaHundredths = columns["floor_area_hundredths"]?.integer.map { Int(clamping: $0) }
    roomCount = columns["room_count"]?.integer.map { Int(clamping: $0) }
    builtYear = columns["built_year"]?.integer.map { Int(clamping: $0) }
    permitYear = columns["permit_year"]?.integer.map { Int(clamping: $0) }
    termiteZone = columns["termite_zone"]?.bool
    heated = columns["heated"]?.bool
    collectiveHeating = columns["collective_heating"]?.bool
    gasInstallationOver15Years = columns["gas_installation_over_15_years"]?.bool
    electricalInstallationOver15Years = columns["electrical_installation_over_15_years"]?.bool
    coOwnership = columns["co_ownership"]?.bool
    publicSewer = columns["public_sewer"]?.bool
    noiseZone = columns["noise_zone"]?.bool
    energyClass = columns["energy_class"]?.string
  }
}
