/// Where a dossier stands with its money, as its header says it (MIS-29).
public enum DossierPaymentStatus: String, Sendable, Hashable, Codable, CaseIterable {
  case notInvoiced = "not_invoiced"
  /// Money was taken on site, and there is no invoice yet.
  case paidOnSite = "paid_on_site"
  case unpaid
  case partlyPaid = "partly_paid"
  case paid

  /// `instalments` of the issued invoices, and how many of them are settled (DOS-28).
  public init(invoices: Int, instalments: Int, settled: Int, isPaidOnSite: Bool) {
    switch (invoices, settled) {
    case (0, _): self = isPaidOnSite ? .paidOnSite : .notInvoiced
    case (_, instalments...): self = .paid
    case (_, 1...): self = .partlyPaid
    default: self = .unpaid
    }
  }
}
