/// Where a dossier stands: exactly eleven statuses (DOS-05). Any may follow any by hand
/// (DOS-17, AMB-12); some events move it by themselves (`DossierEvent`).
public enum DossierStatus: String, Sendable, Hashable, Codable, CaseIterable {
  /// À prospecter.
  case toProspect = "to_prospect"
  /// À deviser.
  case toQuote = "to_quote"
  /// Précommande.
  case preOrder = "pre_order"
  /// Devis.
  case quoted
  /// À planifier.
  case toSchedule = "to_schedule"
  /// Planifié.
  case scheduled
  /// Intervenu.
  case visited
  /// Analyse.
  case awaitingLab = "awaiting_lab"
  /// Incomplet.
  case incomplete
  /// Finalisé.
  case finalised
  /// Annulé.
  case cancelled

  /// Before anyone went on site: what an appointment may move to `scheduled`.
  public var isBeforeVisit: Bool {
    switch self {
    case .toProspect, .toQuote, .preOrder, .quoted, .toSchedule, .scheduled: true
    case .visited, .awaitingLab, .incomplete, .finalised, .cancelled: false
    }
  }

  /// The mission has left the technician's devices.
  public var isClosed: Bool { self == .finalised || self == .cancelled }
}
