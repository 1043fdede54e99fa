public import ConstatCore
public import ConstatServer
import Foundation

/// Checks a JSON value against a schema of the contract: the part of JSON Schema 2020-12 that the contract
/// uses.
public struct SchemaCheck: Sendable {
  let contract: Contract

  public init(_ contract: Contract) { self.contract = contract }

  /// What is wrong with the value, each fault with its pointer; nothing when it conforms.
  public func faults(_ value: JSONValue, _ schema: JSONValue, at pointer: String = "") -> [String] {
    let schema = contract.resolved(schema)
    if case .bool(let allowed) = schema { return allowed ? [] : ["\(pointer): nothing is allowed here"] }
    var faults: [String] = []
    if let types = schema["type"], !Self.types(types).contains(where: { Self.isType(value, $0) }) {
      return ["\(pointer): \(Self.name(value)) is not \(Self.types(types).joined(separator: " or "))"]
    }
    if let choices = schema["enum"]?.array, !choices.contains(value) {
      faults.append("\(pointer): not in enum")
    }
    if let constant = schema["const"], constant != value { faults.append("\(pointer): not the constant") }
    for part in schema["allOf"]?.array ?? [] { faults += self.faults(value, part, at: pointer) }
    if let parts = schema["anyOf"]?.array ?? schema["oneOf"]?.array,
      !parts.contains(where: { self.faults(value, $0, at: pointer).isEmpty })
    {
      faults.append("\(pointer): matches none of the alternatives")
    }
    switch value {
    case .object(let members): faults += object(members, schema, at: pointer)
    case .array(let items):
      if let item = schema["items"] {
        for (index, value) in items.enumerated() {
          faults += self.faults(value, item, at: "\(pointer)/\(index)")
        }
      }
    case .string(let text): faults += string(text, schema, at: pointer)
    case .integer(let number):
      if let minimum = schema["minimum"]?.integer, number < minimum {
        faults.append("\(pointer): below minimum")
      }
      if let maximum = schema["maximum"]?.integer, number > maximum {
        faults.append("\(pointer): above maximum")
      }
    default: break
    }
    return faults
  }

  private func object(_ members: [String: JSONValue], _ schema: JSONValue, at pointer: String) -> [String] {
    var faults: [String] = []
    for name in schema["required"]?.array?.compactMap(\.string) ?? [] where members[name] == nil {
      faults.append("\(pointer)/\(name): missing")
    }
    let properties = schema["properties"]?.object ?? [:]
    for (name, value) in members {
      if let property = properties[name] {
        faults += self.faults(value, property, at: "\(pointer)/\(name)")
      } else if let additional = schema["additionalProperties"] {
        faults += self.faults(value, additional, at: "\(pointer)/\(name)").map { "\($0) (undeclared member)" }
      }
    }
    return faults
  }

  private func string(_ text: String, _ schema: JSONValue, at pointer: String) -> [String] {
    if let pattern = schema["pattern"]?.string, text.range(of: pattern, options: .regularExpression) == nil {
      return ["\(pointer): does not match \(pattern)"]
    }
    switch schema["format"]?.string {
    case "uuid": return UUID(uuidString: text) == nil ? ["\(pointer): not a UUID"] : []
    case "date": return Day(text) == nil ? ["\(pointer): not a day"] : []
    case "date-time":
      return Instant(text) == nil || !text.hasSuffix("Z") ? ["\(pointer): not an instant in UTC"] : []
    default: return []
    }
  }

  private static func types(_ value: JSONValue) -> [String] {
    value.string.map { [$0] } ?? value.array?.compactMap(\.string) ?? []
  }

  private static func isType(_ value: JSONValue, _ type: String) -> Bool {
    switch (value, type) {
    case (.null, "null"), (.bool, "boolean"), (.integer, "integer"), (.integer, "number"),
      (.number, "number"),
      (.string, "string"), (.array, "array"), (.object, "object"):
      true
    default: false
    }
  }

  private static func name(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
