/// A file of a dossier.
public enum Document {
  /// Invoices are kept apart, since their right is another (DOC-04, DOC-05).
  public enum Category: String, Sendable, Hashable, Codable, CaseIterable {
    case report
    case healthBooklet = "health_booklet"
    case annex
    case quote
    case reminder
    case contract
  }

  /// What is said of the bytes; `sha256`, `size_bytes` come of the bytes themselves.
  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid, writable: .creation),
    .required("category", .choice(Category.self)), .required("file_name", .fileName),
    .required("media_type", .text(min: 3, max: 100), writable: .creation),
  ])
}
