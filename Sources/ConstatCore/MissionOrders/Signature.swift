/// A signature drawn on the mission order. It never changes.
public enum Signature {
  public enum Signer: String, Sendable, Hashable, Codable, CaseIterable {
    case technician
    /// The person on site (donneur d'ordre).
    case orderingParty = "ordering_party"
  }

  /// `image_sha256` names the drawing's bytes, sent apart.
  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid), .required("mission_order_id", .uuid),
    .required("signer", .choice(Signer.self)), .required("signer_name", .requiredLine),
    .required("signed_at", .instant), .required("image_sha256", .sha256),
  ])
}
