import Foundation

/// The parameter types that this client declares to the server.
///
/// Only built-in types, because the OIDs of others differ from database to database: enums, domains and
/// everything else travel as `unspecified` text, whose type the server infers from the place of use.
/// The raw value is the control character that stands for a parameter inside `SQL.template`.
public enum SQLType: UInt8, Sendable, CaseIterable {
  case unspecified = 1
  case bool, int2, int4, int8, float8, uuid, bytea  // 2 … 8; 9, 10 and 13 are white space
  case jsonb = 14
  case timestamptz, boolArray, int2Array, int4Array, int8Array, float8Array, uuidArray, byteaArray
  case jsonbArray, timestamptzArray, text, textArray

  /// The object identifier in `pg_type`; 0 leaves the choice to the server.
  public var oid: UInt32 {
    switch self {
    case .unspecified: 0
    case .bool: 16
    case .int2: 21
    case .int4: 23
    case .int8: 20
    case .float8: 701
    case .uuid: 2950
    case .bytea: 17
    case .jsonb: 3802
    case .timestamptz: 1184
    case .boolArray: 1000
    case .int2Array: 1005
    case .int4Array: 1007
    case .int8Array: 1016
    case .float8Array: 1022
    case .uuidArray: 2951
    case .byteaArray: 1001
    case .jsonbArray: 3807
    case .timestamptzArray: 1185
    case .text: 25
    case .textArray: 1009
    }
  }

  /// The type of an array of these; `unspecified` when the server has to infer that too.
  public var array: SQLType {
    switch self {
    case .bool: .boolArray
    case .int2: .int2Array
    case .int4: .int4Array
    case .int8: .int8Array
    case .float8: .float8Array
    case .uuid: .uuidArray
    case .bytea: .byteaArray
    case .jsonb: .jsonbArray
    case .timestamptz: .timestamptzArray
    case .text: .textArray
    default: .unspecified
    }
  }
}

/// One parameter of a statement: its declared type and its value.
public struct Binding: Sendable, Equatable {
  enum Value: Sendable, Equatable {
    case null
    case bool(Bool)
    case int2(Int16)
    case int4(Int32)
    case int8(Int64)
    case float8(Double)
    case uuid(UUID)
    /// Sent in text format, whatever the type.
    case text(String)
    /// Sent in binary format.
    case binary([UInt8])
    /// JSON text, sent in the binary format of jsonb (a version byte before the text).
    case json([UInt8])
  }

  public let type: SQLType
  let value: Value

  init(_ type: SQLType, _ value: Value) {
    self.type = type
    self.value = value
  }

  /// The text form of a value of `type`; leave the type out to have the server infer it.
  public init(text: String, as type: SQLType = .unspecified) {
    self.init(type, .text(text))
  }

  /// SQL NULL of a type.
  public static func null(_ type: SQLType = .unspecified) -> Binding {
    Binding(type, .null)
  }

  public var isNull: Bool { value == .null }

  /// Whether the text holds a NUL, which PostgreSQL cannot store and C would take for the end.
  var holdsNUL: Bool {
    guard case .text(let text) = value else { return false }
    return text.utf8.contains(0)
  }
}

/// A value that can be a parameter of a statement.
///
/// An enum with `String` raw values conforms by declaration alone: `extension Status: SQLEncodable {}`.
public protocol SQLEncodable {
  /// The type declared for `nil` and for arrays of this type.
  static var sqlType: SQLType { get }
  var binding: Binding { get }
  /// The parameter that holds an array of these; the default serves all but bytes.
  static func arrayBinding(_ elements: [Self]) -> Binding
}

extension SQLEncodable {
  public static var sqlType: SQLType { .unspecified }

  public static func arrayBinding(_ elements: [Self]) -> Binding {
    ArrayEncoding.binding(of: sqlType, elements.map(\.binding))
  }
}

extension SQLEncodable where Self: RawRepresentable, RawValue: SQLEncodable {
  public static var sqlType: SQLType { RawValue.sqlType }
  public var binding: Binding { rawValue.binding }
}
