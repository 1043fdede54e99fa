/// The two rights of a contact on a dossier (DOC-07): they are independent (DOC-04).
public struct DossierRights: Sendable, Hashable {
  public let reports: Bool
  public let invoice: Bool

  public init(reports: Bool, invoice: Bool) {
    self.reports = reports
    self.invoice = invoice
  }
}
