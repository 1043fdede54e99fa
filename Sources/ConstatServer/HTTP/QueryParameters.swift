public import ConstatCore
public import Foundation
import HTTPTypes

/// The query string, typed on demand. A parameter that no one asked for is an error, so that a misspelt
/// filter does not silently widen a list.
public struct QueryParameters: Sendable {
  private let values: [String: String]

  init(_ pairs: some Sequence<(String, String)>) {
    values = Dictionary(pairs, uniquingKeysWith: { $1 })
  }

  /// Refuses parameters outside the given names.
  public func only(_ names: String...) throws { try only(names) }

  public func only(_ names: [String]) throws {
    for name in values.keys.sorted() where !names.contains(name) {
      throw Self.problem(name, "unknown-parameter")
    }
  }

  /// The same text for the same parameters, in whatever order they came.
  var canonical: String {
    values.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: "\u{1f}")
  }

  public subscript(name: String) -> String? { values[name] }

  public func uuid(_ name: String) throws -> UUID? {
    try value(name) { UUID(uuidString: $0) }
  }
  public func day(_ name: String) throws -> Day? { try value(name) { Day($0) } }
  public func instant(_ name: String) throws -> Instant? { try value(name) { Instant($0) } }
  public func bool(_ name: String) throws -> Bool? { try value(name) { Bool($0) } }
  public func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    try value(name) { Int($0).flatMap { range.contains($0) ? $0 : nil } }
  }
  public func choice(_ name: String, _ choices: [String]) throws -> String? {
    try value(name) { choices.contains($0) ? $0 : nil }
  }
  /// Free text of at most 200 characters, without control characters.
  public func text(_ name: String) throws -> String? {
    try value(name) { $0.count <= 200 && !$0.utf8.contains { $0 < 0x20 } ? $0 : nil }
  }

  private func value<T>(_ name: String, _ parse: (String) -> T?) throws -> T? {
    guard let text = values[name] else { return nil }
    guard let value = parse(text) else { throw Self.problem(name, "malformed-parameter") }
    return value
  }

  static func problem(_ name: String, _ code: String) -> Problem {
    Problem(
      .badRequest, "invalid-parameters", "Paramètres invalides",
      errors: [Problem.Fault(pointer: "?\(name)", code: code, detail: "Paramètre \(name)")])
  }
}
