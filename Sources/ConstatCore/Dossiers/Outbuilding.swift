/// A cellar, a parking space: a type and a lot number (DOS-50).
public enum Outbuilding {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case cellar, parking, garage, attic, storage, garden, other
  }

  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid, writable: .creation),
    .required("kind", .choice(Kind.self)), .optional("lot_number", .text(max: 50)),
    .optional("comment", .comment),
  ])
}
