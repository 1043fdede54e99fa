public import Foundation

/// Text is sent without a type, so the same Swift `String` fits text, enum, date and numeric columns.
extension String: SQLEncodable {
  public var binding: Binding { Binding(.unspecified, .text(self)) }
}

extension Substring: SQLEncodable {
  public var binding: Binding { String(self).binding }
}

extension Bool: SQLEncodable {
  public static var sqlType: SQLType { .bool }
  public var binding: Binding { Binding(.bool, .bool(self)) }
}

extension Int: SQLEncodable {
  public static var sqlType: SQLType { .int8 }
  public var binding: Binding { Binding(.int8, .int8(Int64(self))) }
}

extension Int64: SQLEncodable {
  public static var sqlType: SQLType { .int8 }
  public var binding: Binding { Binding(.int8, .int8(self)) }
}

extension Int32: SQLEncodable {
  public static var sqlType: SQLType { .int4 }
  public var binding: Binding { Binding(.int4, .int4(self)) }
}

extension Int16: SQLEncodable {
  public static var sqlType: SQLType { .int2 }
  public var binding: Binding { Binding(.int2, .int2(self)) }
}

/// Alone a smallint; an array of bytes is a `bytea`.
extension UInt8: SQLEncodable {
  public static var sqlType: SQLType { .int2 }
  public var binding: Binding { Binding(.int2, .int2(Int16(self))) }
  public static func arrayBinding(_ elements: [UInt8]) -> Binding { Binding(.bytea, .binary(elements)) }
}

extension Double: SQLEncodable {
  public static var sqlType: SQLType { .float8 }
  public var binding: Binding { Binding(.float8, .float8(self)) }
}

extension UUID: SQLEncodable {
  public static var sqlType: SQLType { .uuid }
  public var binding: Binding { Binding(.uuid, .uuid(self)) }
}

extension Data: SQLEncodable {
  public static var sqlType: SQLType { .bytea }
  public var binding: Binding { Binding(.bytea, .binary([UInt8](self))) }
}

/// An instant, kept by PostgreSQL to the microsecond.
extension Date: SQLEncodable {
  public static var sqlType: SQLType { .timestamptz }
  public var binding: Binding {
    let microseconds = (timeIntervalSinceReferenceDate * 1_000_000).rounded()
    // Swift counts from 2001, PostgreSQL from 2000, a leap year.
    return Binding(
      .timestamptz, .binary(bigEndian(Int64(microseconds) + 366 * 86_400 * 1_000_000)))
  }
}

extension Array: SQLEncodable where Element: SQLEncodable {
  public static var sqlType: SQLType { Element.arrayBinding([]).type }
  public var binding: Binding { Element.arrayBinding(self) }
}

extension Optional: SQLEncodable where Wrapped: SQLEncodable {
  public static var sqlType: SQLType { Wrapped.sqlType }
  public var binding: Binding { self?.binding ?? .null(Wrapped.sqlType) }
}

/// SQL NULL declared as a parameter of type `Value`.
public struct Null<Value: SQLEncodable>: SQLEncodable, Sendable {
  public static var sqlType: SQLType { Value.sqlType }
  public init(_: Value.Type = Value.self) {}
  public var binding: Binding { .null(Value.sqlType) }
}

/// JSON text bound to, or read from, a `jsonb` value without being parsed here.
public struct JSONB: SQLEncodable, SQLDecodable, Sendable, Equatable {
  public static var sqlType: SQLType { .jsonb }
  public let bytes: [UInt8]

  public init(_ text: String) { bytes = [UInt8](text.utf8) }
  public init(bytes: [UInt8]) { self.bytes = bytes }
  public init(text: UnsafeBufferPointer<UInt8>) { bytes = [UInt8](text) }

  public var text: String { String(decoding: bytes, as: UTF8.self) }
  public var binding: Binding { Binding(.jsonb, .json(bytes)) }
}

/// A value in the byte order of the network.
func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) }
}

/// The two ways an array travels: binary when the element's type is known, else as an array literal.
enum ArrayEncoding {
  static func binding(of element: SQLType, _ elements: [Binding]) -> Binding {
    let type = element.array
    guard type != .unspecified else { return Binding(.unspecified, .text(literal(elements))) }
    return Binding(type, .binary(binary(element, elements)))
  }

  /// `{"a","b \"c\"",NULL}`: every element quoted, so that none is mistaken for NULL or syntax.
  private static func literal(_ elements: [Binding]) -> String {
    var text = "{"
    for (position, element) in elements.enumerated() {
      if position > 0 { text += "," }
      guard case .text(let value) = element.value else {
        precondition(element.isNull, "an array of unspecified type holds text or NULL")
        text += "NULL"
        continue
      }
      text += "\""
      for scalar in value.unicodeScalars {
        if scalar == "\"" || scalar == "\\" { text += "\\" }
        text.unicodeScalars.append(scalar)
      }
      text += "\""
    }
    return text + "}"
  }

  private static func binary(_ type: SQLType, _ elements: [Binding]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(20 + elements.count * 20)
    bytes += bigEndian(Int32(elements.isEmpty ? 0 : 1))
    bytes += bigEndian(Int32(elements.contains { $0.isNull } ? 1 : 0))
    bytes += bigEndian(type.oid)
    guard !elements.isEmpty else { return bytes }
    bytes += bigEndian(Int32(elements.count))
    bytes += bigEndian(Int32(1))
    for element in elements {
      guard let value = element.value.binaryBytes else {
        bytes += bigEndian(Int32(-1))
        continue
      }
      bytes += bigEndian(Int32(value.count))
      bytes += value
    }
    return bytes
  }
}

extension Binding.Value {
  /// The binary form, or nil for NULL; text is its own binary form.
  fileprivate var binaryBytes: [UInt8]? {
    switch self {
    case .null: nil
    case .bool(let value): [value ? 1 : 0]
    case .int2(let value): bigEndian(value)
    case .int4(let value): bigEndian(value)
    case .int8(let value): bigEndian(value)
    case .float8(let value): bigEndian(value.bitPattern)
    case .uuid(let value): withUnsafeBytes(of: value.uuid) { [UInt8]($0) }
    case .text(let value): [UInt8](value.utf8)
    case .binary(let value): value
    case .json(let value): [1] + value
    }
  }
}
