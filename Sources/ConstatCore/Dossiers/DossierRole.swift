/// What a contact is in a dossier. One contact may hold several (DOS-58).
public enum DossierRole: String, Sendable, Hashable, Codable, CaseIterable {
  /// Who asked; quotes are drawn up in his name.
  case requester
  /// The business introducer; his statistics get the turnover.
  case prescriber
  /// The reference contact; gives the dossier its default name.
  case owner
  /// Whom to call for the appointment.
  case occupant
  case buyer
  /// Bears the invoice and every reminder.
  case payer
  case notary
  /// Of the co-ownership (syndic).
  case managingAgent = "managing_agent"

  public var column: String { rawValue + "_id" }
}
