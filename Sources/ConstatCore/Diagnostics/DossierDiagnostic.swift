/// A diagnostic to carry out in a dossier, then its pre-conclusion and validity (DIA-01).
public enum DossierDiagnostic {
  /// Who put it in the dossier.
  public enum Source: String, Sendable, Hashable, Codable, CaseIterable {
    case suggested
    case office
    case field
  }

  /// What goes with every simplified conclusion, word for word (DIA-07).
  public static let disclaimer =
    "Les conclusions et validités présentées ci-dessus, sont données à titre indicatif pour une "
    + "lecture simplifiée. Elles ne se substituent en aucun cas aux conclusions officielles et "
    + "normalisées contenues dans les rapports de diagnostic."

  /// `valid_until` is not among them: it is computed from the visit and the outcome (DIA-03).
  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid, writable: .creation),
    .required("diagnostic_code", .code, writable: .creation),
    .defaulted("source", .choice(Source.self), writable: .creation),
    .optional("pre_conclusion", .comment), .optional("outcome", .choice(DiagnosticOutcome.self)),
    .optional("visited_on", .day),
  ])
}
