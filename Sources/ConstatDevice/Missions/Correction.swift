public import ConstatCore

/// What a correction does to one field. A literal sets it: `AddressCorrection(street: "12 rue des Lilas")`.
public enum Correction<Value: Sendable>: Sendable {
  case keep
  case set(Value)
  case clear
}

extension Correction: ExpressibleByUnicodeScalarLiteral where Value == String {
  public init(unicodeScalarLiteral value: String) { self = .set(value) }
}
extension Correction: ExpressibleByExtendedGraphemeClusterLiteral where Value == String {
  public init(extendedGraphemeClusterLiteral value: String) { self = .set(value) }
}
extension Correction: ExpressibleByStringLiteral where Value == String {
  public init(stringLiteral value: String) { self = .set(value) }
}
extension Correction: ExpressibleByIntegerLiteral where Value == Int {
  public init(integerLiteral value: Int) { self = .set(value) }
}
extension Correction: ExpressibleByBooleanLiteral where Value == Bool {
  public init(booleanLiteral value: Bool) { self = .set(value) }
}

/// Collects the fields that a correction touches.
struct CorrectedFields {
  private(set) var values: [String: JSONValue] = [:]

  mutating func add<Value>(_ field: String, _ correction: Correction<Value>, _ json: (Value) -> JSONValue) {
    switch correction {
    case .keep: break
    case .set(let value): values[field] = json(value)
    case .clear: values[field] = .null
    }
  }

  mutating func add(_ field: String, _ correction: Correction<String>) {
    add(field, correction) { .string($0) }
  }

  mutating func add(_ field: String, _ correction: Correction<Int>) {
    add(field, correction) { .integer(Int64($0)) }
  }

  mutating func add(_ field: String, _ correction: Correction<Bool>) {
    add(field, correction) { .bool($0) }
  }

  mutating func add(_ position: Correction<Position>) {
    add("latitude", position) { .init(number: $0.latitude) }
    add("longitude", position) { .init(number: $0.longitude) }
  }
}

/// Corrects where the property is (step 1, MIS-08).
public struct AddressCorrection: Sendable {
  public var street, complement, postcode, city, country, inseeCode: Correction<String>
  public var position: Correction<Position>

  public init(
    street: Correction<String> = .keep, complement: Correction<String> = .keep,
    postcode: Correction<String> = .keep, city: Correction<String> = .keep,
    country: Correction<String> = .keep,
    inseeCode: Correction<String> = .keep, position: Correction<Position> = .keep
  ) {
    self.street = street
    self.complement = complement
    self.postcode = postcode
    self.city = city
    self.country = country
    self.inseeCode = inseeCode
    self.position = position
  }

  var values: [String: JSONValue] {
    var fields = CorrectedFields()
    fields.add("street", street)
    fields.add("address_complement", complement)
    fields.add("postcode", postcode)
    fields.add("city", city)
    fields.add("country", country)
    fields.add("insee_code", inseeCode)
    fields.add(position)
    return fields.values
  }
}

/// Corrects how to get in (step 2, MIS-09).
public struct AccessCorrection: Sendable {
  public var floor, door, staircase, buildingLabel, lotNumber, keyPickup, escort, comment: Correction<String>

  public init(
    floor: Correction<String> = .keep, door: Correction<String> = .keep,
    staircase: Correction<String> = .keep,
    buildingLabel: Correction<String> = .keep, lotNumber: Correction<String> = .keep,
    keyPickup: Correction<String> = .keep, escort: Correction<String> = .keep,
    comment: Correction<String> = .keep
  ) {
    self.floor = floor
    self.door = door
    self.staircase = staircase
    self.buildingLabel = buildingLabel
    self.lotNumber = lotNumber
    self.keyPickup = keyPickup
    self.escort = escort
    self.comment = comment
  }

  var values: [String: JSONValue] {
    var fields = CorrectedFields()
    fields.add("floor", floor)
    fields.add("door", door)
    fields.add("staircase", staircase)
    fields.add("building_label", buildingLabel)
    fields.add("lot_number", lotNumber)
    fields.add("key_pickup", keyPickup)
    fields.add("escort", escort)
    fields.add("access_comment", comment)
    return fields.values
  }
}

/// Corrects facts of the property, seen on site.
public struct FactsCorrection: Sendable {
  public var propertyType: Correction<PropertyType>
  /// In hundredths of a square metre.
  public var floorAreaHundredths: Correction<Int>
  public var roomCount, builtYear, permitYear: Correction<Int>
  public var heated, collectiveHeating, gasInstallationOver15Years,
    electricalInstallationOver15Years: Correction<Bool>
  public var coOwnership, publicSewer: Correction<Bool>

  public init(
    propertyType: Correction<PropertyType> = .keep, floorAreaHundredths: Correction<Int> = .keep,
    roomCount: Correction<Int> = .keep, builtYear: Correction<Int> = .keep,
    permitYear: Correction<Int> = .keep,
    heated: Correction<Bool> = .keep, collectiveHeating: Correction<Bool> = .keep,
    gasInstallationOver15Years: Correction<Bool> = .keep,
    electricalInstallationOver15Years: Correction<Bool> = .keep, coOwnership: Correction<Bool> = .keep,
    publicSewer: Correction<Bool> = .keep
  ) {
    self.propertyType = propertyType
    self.floorAreaHundredths = floorAreaHundredths
    self.roomCount = roomCount
    self.builtYear = builtYear
    self.permitYear = permitYear
    self.heated = heated
    self.collectiveHeating = collectiveHeating
    self.gasInstallationOver15Years = gasInstallationOver15Years
    self.electricalInstallationOver15Years = electricalInstallationOver15Years
    self.coOwnership = coOwnership
    self.publicSewer = publicSewer
  }

  var values: [String: JSONValue] {
    var fields = CorrectedFields()
    fields.add("property_type", propertyType) { .string($0.rawValue) }
    fields.add("floor_area_hundredths", floorAreaHundredths)
    fields.add("room_count", roomCount)
    fields.add("built_year", builtYear)
    fields.add("permit_year", permitYear)
    fields.add("heated", heated)
    fields.add("collective_heating", collectiveHeating)
    fields.add("gas_installation_over_15_years", gasInstallationOver15Years)
    fields.add("electrical_installation_over_15_years", electricalInstallationOver15Years)
    fields.add("co_ownership", coOwnership)
    fields.add("public_sewer", publicSewer)
    return fields.values
  }
}

/// Corrects a contact, or describes a new one (steps 3 and 4, MIS-10, MIS-11).
public struct ContactCorrection: Sendable {
  public var kind: Correction<Contact.Kind>
  public var companyName, title, lastName, firstName, street, addressComplement, postcode, city, country,
    email, phone,
    mobile: Correction<String>
  public var additionalEmails: Correction<[String]>

  public init(
    kind: Correction<Contact.Kind> = .keep, companyName: Correction<String> = .keep,
    title: Correction<String> = .keep, lastName: Correction<String> = .keep,
    firstName: Correction<String> = .keep,
    street: Correction<String> = .keep, addressComplement: Correction<String> = .keep,
    postcode: Correction<String> = .keep, city: Correction<String> = .keep,
    country: Correction<String> = .keep,
    email: Correction<String> = .keep, additionalEmails: Correction<[String]> = .keep,
    phone: Correction<String> = .keep, mobile: Correction<String> = .keep
  ) {
    self.kind = kind
    self.companyName = companyName
    self.title = title
    self.lastName = lastName
    self.firstName = firstName
    self.street = street
    self.addressComplement = addressComplement
    self.postcode = postcode
    self.city = city
    self.country = country
    self.email = email
    self.additionalEmails = additionalEmails
    self.phone = phone
    self.mobile = mobile
  }

  var values: [String: JSONValue] {
    var fields = CorrectedFields()
    fields.add("kind", kind) { .string($0.rawValue) }
    fields.add("company_name", companyName)
    fields.add("title", title)
    fields.add("last_name", lastName)
    fields.add("first_name", firstName)
    fields.add("street", street)
    fields.add("address_complement", addressComplement)
    fields.add("postcode", postcode)
    fields.add("city", city)
    fields.add("country", country)
    fields.add("email", email)
    fields.add("additional_emails", additionalEmails) { .array($0.map { .string($0) }) }
    fields.add("phone", phone)
    fields.add("mobile", mobile)
    return fields.values
  }
}
