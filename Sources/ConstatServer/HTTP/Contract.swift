public import ConstatCore
public import Foundation
import Yams

/// The hand-written OpenAPI 3.1 contract: one YAML file per capability, each with its `paths` and
/// `components`, merged into one document.
public struct Contract: Sendable {
  public enum Fault: Error, Equatable {
    case unreadable(file: String)
    case declaredTwice(String)
  }

  public let document: JSONValue

  public init(directory: URL) throws {
    var merged: [String: JSONValue] = [:]
    let files = try FileManager.default.contentsOfDirectory(
      at: directory.resolvingSymlinksInPath(), includingPropertiesForKeys: nil
    )
    .filter { $0.pathExtension == "yaml" }.sorted { $0.lastPathComponent < $1.lastPathComponent }
    for file in files {
      guard let node = try Yams.compose(yaml: String(contentsOf: file, encoding: .utf8)),
        case .object(let part) = Self.json(node)
      else { throw Fault.unreadable(file: file.lastPathComponent) }
      try Self.merge(part, into: &merged, at: "", depth: 3)
    }
    document = .object(merged)
  }

  /// Objects merge down to a path, a schema or a parameter; below that a second declaration is a mistake.
  private static func merge(
    _ part: [String: JSONValue], into whole: inout [String: JSONValue], at pointer: String, depth: Int
  ) throws {
    for (key, value) in part {
      if depth > 1, case .object(var existing)? = whole[key], case .object(let incoming) = value {
        let below = pointer == "/paths" ? 1 : depth - 1
        try merge(incoming, into: &existing, at: "\(pointer)/\(key)", depth: below)
        whole[key] = .object(existing)
      } else if depth > 1, case .array(let existing)? = whole[key], case .array(let incoming) = value {
        whole[key] = .array(existing + incoming)
      } else if whole[key] != nil {
        throw Fault.declaredTwice("\(pointer)/\(key)")
      } else {
        whole[key] = value
      }
    }
  }

  private static func json(_ node: Node) -> JSONValue {
    switch node {
    case .mapping(let mapping):
      return .object(
        Dictionary(mapping.map { ($0.key.string ?? "", json($0.value)) }, uniquingKeysWith: { $1 }))
    case .sequence(let sequence): return .array(sequence.map(json))
    case .scalar(let scalar):
      guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
      if node.null != nil { return .null }
      if let bool = node.bool, ["true", "false"].contains(scalar.string) { return .bool(bool) }
      if let integer = Int64(scalar.string) { return .integer(integer) }
      if let number = Double(scalar.string), scalar.string.first?.isNumber == true { return .number(number) }
      return .string(scalar.string)
    case .alias: return .null
    }
  }

  /// Follows a `$ref` inside the document.
  public func resolved(_ schema: JSONValue) -> JSONValue {
    guard let reference = schema["$ref"]?.string, reference.hasPrefix("#/") else { return schema }
    var value = document
    for step in reference.dropFirst(2).split(separator: "/") {
      value = value[String(step).replacing("~1", with: "/").replacing("~0", with: "~")] ?? .null
    }
    return resolved(value)
  }
}
