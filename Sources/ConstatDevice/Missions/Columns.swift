import ConstatCore

/// Typed access to a row's values. What is missing, null or of another type is nil.
struct Columns {
  private let values: [String: JSONValue]

  init(_ values: [String: JSONValue]) {
    self.values = values
  }

  subscript(name: String) -> String? { values[name]?.string }
  func integer(_ name: String) -> Int64? { values[name]?.integer }
  func bool(_ name: String) -> Bool? { values[name]?.bool }
  func day(_ name: String) -> Day? { self[name].flatMap { Day($0) } }
  func instant(_ name: String) -> Instant? { self[name].flatMap { Instant($0) } }
  func money(_ name: String) -> Money? { integer(name).map { Money(cents: $0) } }

  func choice<Choice: RawRepresentable<String>>(_ name: String) -> Choice? {
    self[name].flatMap(Choice.init(rawValue:))
  }

  func position(_ prefix: String = "") -> Position? {
    guard let latitude = values[prefix + "latitude"]?.double,
      let longitude = values[prefix + "longitude"]?.double
    else { return nil }
    return Position(latitude: latitude, longitude: longitude)
  }

  var propertyAddress: PropertyAddress {
    PropertyAddress(
      street: self["street"], complement: self["address_complement"], postcode: self["postcode"],
      city: self["city"],
      country: self["country"], inseeCode: self["insee_code"], position: position())
  }

  var access: PropertyAccess {
    PropertyAccess(
      floor: self["floor"], door: self["door"], staircase: self["staircase"],
      buildingLabel: self["building_label"],
      lotNumber: self["lot_number"], keyPickup: self["key_pickup"], escort: self["escort"],
      comment: self["access_comment"])
  }
}
