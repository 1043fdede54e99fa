/// A photo, plan or paper of a mission. It is born whole and never changes; its row may be there before its bytes are.
public enum Attachment {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case photo
    case plan
    /// An invoice, a statement, a certificate: what the report needs and the owner had (DOS-14).
    case paper
  }

  /// Whether the server has the bytes. The database keeps it.
  public enum State: String, Sendable, Hashable, Codable, CaseIterable {
    case awaitingBlob = "awaiting_blob"
    case stored
  }

  /// The most bytes that one file may have.
  public static let sizeLimit = 50 * 1_048_576
  /// How many bytes one part of an upload has; the last may have fewer.
  public static let partSizes = 1_048_576...5 * 1_048_576

  /// `sha256` names the bytes, which are sent apart.
  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid, writable: .creation),
    .required("kind", .choice(Kind.self), writable: .creation),
    .optional("diagnostic_code", .code, writable: .creation),
    .required("file_name", .fileName, writable: .creation),
    .required("media_type", .choice(FileKind.self), writable: .creation),
    .required("size_bytes", .integer(1...Int64(sizeLimit)), writable: .creation),
    .required("sha256", .sha256, writable: .creation),
    .optional("caption", .line, writable: .creation), .optional("taken_at", .instant, writable: .creation),
    .optional("latitude", .latitude, writable: .creation),
    .optional("longitude", .longitude, writable: .creation),
  ])
}
