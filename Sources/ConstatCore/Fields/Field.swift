/// One field that a caller may write: its name is the same in JSON and in the table, unless
/// `column` says otherwise.
public struct Field: Sendable, Hashable {
  /// When the caller may give the field.
  public enum Writable: Sendable, Hashable {
    case always
    /// At birth only: what a row belongs to never changes.
    case creation
  }

  public let name: String
  public let column: String
  public let kind: FieldKind
  public let isRequired: Bool
  public let isNullable: Bool
  public let writable: Writable

  private init(
    _ name: String, _ kind: FieldKind, column: String?, isRequired: Bool, isNullable: Bool,
    writable: Writable
  ) {
    self.name = name
    self.column = column ?? name
    self.kind = kind
    self.isRequired = isRequired
    self.isNullable = isNullable
    self.writable = writable
  }

  /// Must be given at creation, may be changed, never null.
  public static func required(
    _ name: String, _ kind: FieldKind, column: String? = nil, writable: Writable = .always
  ) -> Field {
    Field(name, kind, column: column, isRequired: true, isNullable: false, writable: writable)
  }

  /// May be left out, and emptied with null.
  public static func optional(
    _ name: String, _ kind: FieldKind, column: String? = nil, writable: Writable = .always
  ) -> Field {
    Field(name, kind, column: column, isRequired: false, isNullable: true, writable: writable)
  }

  /// May be left out, and then has the table's default; never null.
  public static func defaulted(
    _ name: String, _ kind: FieldKind, column: String? = nil, writable: Writable = .always
  ) -> Field {
    Field(name, kind, column: column, isRequired: false, isNullable: false, writable: writable)
  }

  /// The identity that the caller may draw, so that a retry is safe.
  public static let id = Field.defaulted("id", .uuid, writable: .creation)
}
