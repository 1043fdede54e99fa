extension FieldKind {
  /// One of the wire names of an enumeration.
  public static func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ type: Choice.Type
  ) -> FieldKind {
    .choice(type.allCases.map(\.rawValue))
  }
}

extension FieldSet {
  /// The postal address that contacts, buildings, dossiers and companies share in shape.
  public static let address = FieldSet([
    .optional("street", .line), .optional("address_complement", .line),
    .optional("postcode", .postcode), .optional("city", .line), .optional("country", .country),
  ])

  /// Where the address lies, once it has been geolocated (DOS-48, DOS-49).
  public static let location = FieldSet([
    .optional("insee_code", .inseeCode), .optional("latitude", .latitude),
    .optional("longitude", .longitude),
  ])
}
