public import ConstatCore

/// A credit note issued on an invoice (avoir): the mirror of what it corrects, on the invoice's
/// debt. Under encaissements the whole VAT leaves 44574x, also for what was already paid: that
/// part is given back from 44571x only when the money is, by the refund or the re-allocation.
public struct CreditNotePosting: Posting {
  /// Why the credit is given, which decides the account.
  public enum Reason: String, CaseIterable, Hashable, Sendable, Codable {
    /// The sale is undone in whole or in part (706).
    case correction
    /// A reduction granted after the invoice (709).
    case rebate
  }

  public let number: String
  public let day: Day
  public let invoiceNumber: String
  public let payer: Auxiliary
  /// Positive amounts: what is credited.
  public let credited: VATTotals
  public let vatPoint: Company.VATPoint
  public let reason: Reason

  public init(
    number: String, day: Day, invoiceNumber: String, payer: Auxiliary, credited: VATTotals,
    vatPoint: Company.VATPoint, reason: Reason = .correction
  ) {
    self.number = number
    self.day = day
    self.invoiceNumber = invoiceNumber
    self.payer = payer
    self.credited = credited
    self.vatPoint = vatPoint
    self.reason = reason
  }

  public func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let lines = SaleLines(
      totals: -credited, payer: payer, matching: invoiceNumber, vatPoint: vatPoint
    ).lines(in: chart) { rate in reason == .rebate ? chart.rebates : chart.sales(at: rate) }
    guard !lines.isEmpty else { return [] }
    return [
      try EntryDraft(
        event: .creditNote, journal: .sales, day: day, pieceReference: number, pieceDay: day,
        label: "Avoir \(number) sur facture \(invoiceNumber) \(payer.label)", lines: lines)
    ]
  }
}
