/// The names that a contact has, as far as a dossier shows them.
public struct ContactName: Sendable, Hashable {
  public let companyName: String?
  public let lastName: String
  public let firstName: String?

  public init(companyName: String? = nil, lastName: String, firstName: String? = nil) {
    self.companyName = companyName
    self.lastName = lastName
    self.firstName = firstName
  }

  /// "Cabinet Martin", or "Martin Jeanne".
  public var displayed: String {
    if let companyName, !companyName.isEmpty { return companyName }
    guard let firstName, !firstName.isEmpty else { return lastName }
    return lastName + " " + firstName
  }
}

extension Dossier {
  /// The internal reference of a dossier that was given none: its owner's name (DOS-03).
  public static func defaultReference(owner: ContactName?) -> String? {
    owner.map { String($0.displayed.unicodeScalars.prefix(100)) }
  }

  /// Without a prescriber the owner is his own; computed when read, never stored (DOS-24, AMB-30).
  public static func effectivePrescriber<ID>(prescriber: ID?, owner: ID?) -> ID? {
    prescriber ?? owner
  }
}

extension DossierContact {
  /// What a contact may see once it gets these roles: the payer everything, the others nothing
  /// until someone grants it (DOC-10, AMB-73).
  public static func defaultRights(roles: Set<DossierRole>) -> DossierRights {
    let isPayer = roles.contains(.payer)
    return DossierRights(reports: isPayer, invoice: isPayer)
  }
}
