public import ConstatCore

/// What devices are shown of a parked edit: the row that it is about, and the values that it would write. The edit came
/// from another device, of any schema, and perhaps to do harm; the outline goes to every device that has the mission.
/// So it holds known fields only, and values that every reader takes.
public struct ParkedOutline: Sendable, Hashable {
  public let key: EntityKey
  public let operation: Mutation.Operation
  /// By field, as the device sent them; a longer text is cut, and ends in "…".
  public let values: [String: JSONValue]

  private static let textLength = 500
  private static let listLength = 50
  private static let magnitude = 1e12

  /// Of a mutation's members, or of an outline's; nil where they name no row of a known type.
  public init?(of mutation: JSONValue) {
    guard let type = mutation["type"]?.string.flatMap(EntityType.init(rawValue:)),
      let id = mutation["id"]?.string, id.utf8.count == 36,
      let operation = mutation["op"]?.string.flatMap(Mutation.Operation.init(rawValue:))
    else { return nil }
    key = EntityKey(type, id.lowercased())
    self.operation = operation
    values = (mutation["set"]?.object ?? [:]).reduce(into: [:]) { values, field in
      guard type.rule(of: field.key)?.isVisible == true else { return }
      values[field.key] = Self.shown(field.value)
    }
  }

  public var json: JSONValue {
    [
      "type": .string(key.type.rawValue), "id": .string(key.id), "op": .string(operation.rawValue),
      "set": .object(values),
    ]
  }

  /// The value as it may be shown; nil, which is not JSON's null, where it is not.
  private static func shown(_ value: JSONValue) -> JSONValue? {
    switch value {
    case .null, .bool, .integer: return value
    case .string(let text): return .string(cut(text))
    case .number(let number): if abs(number) <= magnitude { return value }
    case .array(let items):
      // A list of texts, which is all that a field may be beside these.
      let isShort = items.allSatisfy { ($0.string?.unicodeScalars.count ?? .max) <= textLength }
      if items.count <= listLength, isShort { return value }
    case .object: break
    }
    return nil
  }

  private static func cut(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > textLength else { return text }
    var kept = String.UnicodeScalarView(scalars.prefix(textLength - 1))
    kept.append("…")
    return String(kept)
  }
}
