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

  /// Which piece of the contract a file of that category is (MIS-30).
  public enum ContractPiece: String, Sendable, Hashable, Codable, CaseIterable {
    case quote
    case missionOrder = "mission_order"
    /// The form by which the owner lets ADEME register the diagnosis.
    case ademeForm = "ademe_form"
  }

  /// What is said of the bytes; `sha256`, `size_bytes` come of the bytes themselves.
  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid, writable: .creation),
    .required("category", .choice(Category.self)), .required("file_name", .fileName),
    .required("media_type", .text(min: 3, max: 100), writable: .creation),
    .optional("contract_piece", .choice(ContractPiece.self), writable: .creation),
  ])
}
