/// A signature drawn on the mission order. It never changes.
public enum Signature {
  public enum Signer: String, Sendable, Hashable, Codable, CaseIterable {
    case technician
    /// The person on site (donneur d'ordre).
    case orderingParty = "ordering_party"
  }

  /// As what the signer signs: who is bound by the order that replaces a quote (MIS-03), and to whom a reminder of
  /// payment can be held.
  public enum Capacity: String, Sendable, Hashable, Codable, CaseIterable {
    case technician
    case owner
    case occupant
    case buyer
    case agency
    case notary
    case managingAgent = "managing_agent"
    /// Somebody whom the ordering party has sent (mandataire).
    case representative
    case other
    /// Not asked: by an app older than the question.
    case unspecified
  }

  /// `image_sha256` names the drawing's bytes, sent apart.
  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid), .required("mission_order_id", .uuid),
    .required("signer", .choice(Signer.self)), .required("signer_name", .requiredLine),
    .required("signer_capacity", .choice(Capacity.self)),
    .required("signed_at", .instant), .required("image_sha256", .sha256),
  ])
}
