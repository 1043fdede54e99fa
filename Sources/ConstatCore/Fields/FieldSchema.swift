extension FieldSet {
  /// JSON Schema (2020-12) of a body, for the contract: what passes `checked` passes it. The
  /// converse holds but for check digits, days that the calendar lacks and names of time zones.
  public func schema(as use: Use) -> JSONValue {
    var properties: [String: JSONValue] = [:]
    for field in fields where use == .creation || field.writable == .always {
      properties[field.name] = field.schema(as: use)
    }
    var schema: [String: JSONValue] = [
      "type": "object", "additionalProperties": false, "properties": .object(properties),
    ]
    let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
    if use == .creation, !required.isEmpty { schema["required"] = .array(required) }
    return .object(schema)
  }
}

extension Field {
  func schema(as use: FieldSet.Use) -> JSONValue {
    guard isNullable, case .object(var schema) = kind.schema(as: use) else { return kind.schema(as: use) }
    if let type = schema["type"] { schema["type"] = [type, "null"] }
    if let values = schema["enum"]?.array { schema["enum"] = .array(values + [.null]) }
    return .object(schema)
  }
}

extension FieldKind {
  func schema(as use: FieldSet.Use) -> JSONValue {
    switch self {
    case .boolean: ["type": "boolean"]
    case .integer(let range), .cents(let range): FieldKind.integer(range)
    case .latitude: ["type": "number", "minimum": -90, "maximum": 90]
    case .longitude: ["type": "number", "minimum": -180, "maximum": 180]
    case .list(let kind, let max):
      ["type": "array", "maxItems": .integer(Int64(max)), "items": kind.schema(as: .creation)]
    case .object(let fields): fields.schema(as: use)
    case .textMap(let max):
      [
        "type": "object", "maxProperties": .integer(Int64(max)),
        "propertyNames": ["maxLength": 64], "additionalProperties": FieldKind.line.schema(as: use),
      ]
    default: textSchema
    }
  }

  private static func integer(_ range: ClosedRange<Int64>) -> JSONValue {
    ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
  }

  private var textSchema: JSONValue {
    switch self {
    case .text(let min, let max): FieldKind.textSchema(min: min, max: max)
    case .choice(let values): ["type": "string", "enum": .array(values.map(JSONValue.string))]
    case .vatRate:
      [
        "type": "string",
        "enum": .array(Rate.vatRates.sorted().map { .string($0.percent) }),
      ]
    case .email: ["type": "string", "format": "email", "maxLength": 254]
    case .day: ["type": "string", "format": "date"]
    case .instant: ["type": "string", "format": "date-time"]
    case .uuid: ["type": "string", "format": "uuid"]
    default: FieldKind.patternSchema(pattern, max: maxLength)
    }
  }

  private static func textSchema(min: Int, max: Int) -> JSONValue {
    var schema: [String: JSONValue] = ["type": "string", "maxLength": .integer(Int64(max))]
    if min > 0 {
      schema["minLength"] = .integer(Int64(min))
      schema["pattern"] = #"\S"#
    }
    return .object(schema)
  }

  private static func patternSchema(_ pattern: String, max: Int?) -> JSONValue {
    var schema: [String: JSONValue] = ["type": "string", "pattern": .string("^" + pattern + "$")]
    if let max { schema["maxLength"] = .integer(Int64(max)) }
    return .object(schema)
  }

  private var maxLength: Int? {
    switch self {
    case .phone: 32
    case .timeZone: 64
    default: nil
    }
  }

  private var pattern: String {
    switch self {
    case .rate: #"(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)"#
    case .quantity: #"(?=.*[1-9])[0-9]{1,8}(\.[0-9]{1,4})?"#
    case .phone: #"\+?[ ().\-/]*([0-9][ ().\-/]*){4,20}"#
    case .localTime: #"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"#
    case .clockTime: #"([01][0-9]|2[0-3]):[0-5][0-9]"#
    case .dayOfYear: #"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"#
    case .timeZone: #"(UTC|[A-Za-z_]+/[A-Za-z0-9_+\-/]+)"#
    case .postcode: #"[A-Z0-9 \-]{2,12}"#
    case .inseeCode: #"([0-9]{2}|2[AB])[0-9]{3}"#
    case .country: "[A-Z]{2}"
    case .siren: #"[0-9]{9}"#
    case .siret: #"[0-9]{14}"#
    case .vatNumber: "[A-Z]{2}[0-9A-Z]{2,12}"
    case .iban: #"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}"#
    case .bic: "[A-Z]{6}[0-9A-Z]{2}([0-9A-Z]{3})?"
    case .sha256: "[0-9a-fA-F]{64}"
    case .fileName: #"[^\x00-\x1f\x7f/\\]{1,255}"#
    default: "[a-z0-9_]{2,40}"
    }
  }
}
