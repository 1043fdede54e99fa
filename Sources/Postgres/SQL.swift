/// One SQL statement, or a fragment of one, made of literal text and bound values.
///
/// Only literals and interpolated values build it, so a runtime string cannot become SQL:
/// `let s = "…"; let q: SQL = s` does not compile, and `"… \(s)"` binds `s` as a parameter.
/// An interpolated `SQL` is spliced in, and its parameters are numbered with the others.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
  /// The text with one control character (`SQLType.rawValue`) in the place of each parameter.
  /// It names text and parameter types at once, so it is the key of the statement cache, and
  /// fragments join without any renumbering.
  var template: String
  /// The values of the parameters, in the order of their numbers.
  public internal(set) var bindings: [Binding]

  public init(stringLiteral value: StaticString) {
    template = value.description
    bindings = []
  }

  public init(stringInterpolation: Interpolation) {
    template = stringInterpolation.template
    bindings = stringInterpolation.bindings
  }

  init(template: String, bindings: [Binding]) {
    self.template = template
    self.bindings = bindings
  }

  /// A statement from text that the program itself made, with names it made or read from its own files.
  /// For migrations and test set-up; text from a user never comes here.
  public static func script(trusted text: String) -> SQL {
    precondition(!text.utf8.contains { SQLType(rawValue: $0) != nil }, "control character in SQL")
    return SQL(template: text, bindings: [])
  }

  /// The text as the server reads it, parameters written `$1`, `$2`, ….
  public var text: String {
    guard !bindings.isEmpty else { return template }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(template.utf8.count + bindings.count * 3)
    var number = 0
    for byte in template.utf8 {
      guard SQLType(rawValue: byte) != nil else {
        bytes.append(byte)
        continue
      }
      number += 1
      bytes.append(UInt8(ascii: "$"))
      bytes.append(contentsOf: String(number).utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  public static func + (left: SQL, right: SQL) -> SQL {
    SQL(template: left.template + right.template, bindings: left.bindings + right.bindings)
  }

  public static func += (left: inout SQL, right: SQL) {
    left.template += right.template
    left.bindings += right.bindings
  }

  /// Collects the literals and the bound values of one interpolation.
  public struct Interpolation: StringInterpolationProtocol {
    public typealias StringLiteralType = StaticString
    var template: String
    var bindings: [Binding]

    public init(literalCapacity: Int, interpolationCount: Int) {
      template = ""
      template.reserveCapacity(literalCapacity + interpolationCount)
      bindings = []
      bindings.reserveCapacity(interpolationCount)
    }

    public mutating func appendLiteral(_ literal: StaticString) {
      literal.withUTF8Buffer { template += String(decoding: $0, as: UTF8.self) }
    }

    public mutating func appendInterpolation(_ value: some SQLEncodable) {
      appendInterpolation(value.binding)
    }

    /// NULL when there is no value; its own overload, so that the compiler sees that an optional is meant.
    public mutating func appendInterpolation<Value: SQLEncodable>(_ value: Value?) {
      appendInterpolation(value.binding)
    }

    public mutating func appendInterpolation(_ binding: Binding) {
      template.unicodeScalars.append(Unicode.Scalar(binding.type.rawValue))
      bindings.append(binding)
    }

    public mutating func appendInterpolation(_ fragment: SQL) {
      template += fragment.template
      bindings += fragment.bindings
    }
  }
}

extension Sequence where Element == SQL {
  /// The fragments one after the other with `separator` between them.
  public func joined(separator: SQL) -> SQL {
    var result: SQL = ""
    for (position, fragment) in enumerated() {
      if position > 0 { result += separator }
      result += fragment
    }
    return result
  }
}
