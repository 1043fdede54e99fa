/// What is diagnosed: houses, flats and commercial premises come under different rules.
public enum PropertyType: String, Sendable, Hashable, Codable, CaseIterable {
  case apartment
  case house
  case commercial
  case commonParts = "common_parts"
  case other
}

extension FieldKind {
  /// Hundredths of a square metre.
  static let floorArea = FieldKind.integer(0...Int64(Int32.max))
  static let roomCount = FieldKind.integer(0...999)
}
