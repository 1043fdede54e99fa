public import ConstatCore
public import ConstatServer
import Foundation

/// The smallest body that an operation's schema admits, so that a test can call any operation of the
/// contract.
public struct SampleBody: Sendable {
  /// A schema for which no sample is known: teach it here.
  public struct Unknown: Error, CustomStringConvertible {
    public let description: String
  }

  let contract: Contract

  public init(_ contract: Contract) { self.contract = contract }

  /// The media type and the bytes of a request; nil when the operation takes no body.
  public func request(_ operation: JSONValue) throws -> (mediaType: String, bytes: [UInt8])? {
    let body = contract.resolved(operation["requestBody"] ?? .null)
    guard let content = body["content"]?.object, let mediaType = content.keys.sorted().first else {
      return nil
    }
    if mediaType == "application/pdf" { return (mediaType, TestServer.pdf) }
    if mediaType == "application/offset+octet-stream" { return (mediaType, TestServer.pdf) }
    guard mediaType.hasSuffix("json"), let schema = content[mediaType]?["schema"] else {
      throw Unknown(description: "media type \(mediaType)")
    }
    return (mediaType, try value(schema).serialized())
  }

  /// The query parameters that the operation requires.
  public func query(_ operation: JSONValue) throws -> String {
    let required = (operation["parameters"]?.array ?? []).map(contract.resolved)
      .filter { $0["in"] == "query" && $0["required"] == true }
    let pairs = try required.map { parameter in
      let value = try value(parameter["schema"] ?? .null)
      let name = parameter["name"]?.string ?? ""
      return "\(name)=\(value.string ?? value.description)"
    }
    return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
  }

  /// The headers that the operation requires, but for those of idempotency and of versions.
  public func headers(_ operation: JSONValue) throws -> [(name: String, value: String)] {
    try (operation["parameters"]?.array ?? []).map(contract.resolved)
      .filter {
        $0["in"] == "header" && $0["required"] == true
          && !["If-Match", "Idempotency-Key"].contains($0["name"]?.string ?? "")
      }
      .map { parameter in
        let value = try parameter["example"] ?? value(parameter["schema"] ?? .null)
        return (parameter["name"]?.string ?? "", value.string ?? value.description)
      }
  }

  public func value(_ schema: JSONValue) throws -> JSONValue {
    let schema = contract.resolved(schema)
    if let constant = schema["const"] { return constant }
    if let first = schema["enum"]?.array?.first { return first }
    if let example = schema["example"] ?? schema["examples"]?.array?.first { return example }
    if let part = (schema["oneOf"] ?? schema["anyOf"])?.array?.first { return try value(part) }
    if let parts = schema["allOf"]?.array {
      var members: [String: JSONValue] = [:]
      for part in parts { members.merge(try value(part).object ?? [:]) { $1 } }
      return .object(members)
    }
    let types =
      schema["type"]?.string.map { [$0] } ?? schema["type"]?.array?.compactMap(\.string) ?? ["object"]
    switch types.first(where: { $0 != "null" }) {
    case "object": return try object(schema)
    case "array":
      let count = Int(schema["minItems"]?.integer ?? 0)
      return .array(try (0..<count).map { _ in try value(schema["items"] ?? .null) })
    case "string": return .string(try text(schema))
    case "integer", "number": return .integer(schema["minimum"]?.integer ?? 1)
    case "boolean": return true
    default: return .null
    }
  }

  private func object(_ schema: JSONValue) throws -> JSONValue {
    var members: [String: JSONValue] = [:]
    for name in schema["required"]?.array?.compactMap(\.string) ?? [] {
      members[name] = try value(schema["properties"]?[name] ?? .null)
    }
    return .object(members)
  }

  private func text(_ schema: JSONValue) throws -> String {
    switch schema["format"]?.string {
    case "uuid": return UUID().uuidString.lowercased()
    case "date": return "2026-12-01"
    case "date-time": return "2026-12-01T08:00:00Z"
    case "email": return "x@example.test"
    default: break
    }
    guard let pattern = schema["pattern"]?.string else {
      return String(repeating: "x", count: max(1, Int(schema["minLength"]?.integer ?? 1)))
    }
    let samples = [
      "732829320", "73282932000074", "5.5", "FR", "12-31", "13:00", "2026-12-01T09:00", "2026-12-01",
      "test_dpe",
      String(repeating: "0", count: 64), "64000", "1", "2026", "morning",
    ]
    guard let sample = samples.first(where: { $0.range(of: pattern, options: .regularExpression) != nil })
    else {
      throw Unknown(description: "pattern \(pattern)")
    }
    return sample
  }
}
