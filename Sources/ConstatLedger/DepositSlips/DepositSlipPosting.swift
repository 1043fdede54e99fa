public import ConstatCore

/// A deposit slip closed (bordereau de remise): its cheques leave 5112, or its cash leaves 53,
/// for the bank: one line per slip, because the bank credits one amount and the statement must
/// agree to the cent. A cheque that bounces later changes neither the slip nor this entry.
public struct DepositSlipPosting: Posting {
  /// What one slip holds (DEP-02); the raw values are those of `PaymentMeans`.
  public enum Content: String, CaseIterable, Hashable, Sendable, Codable {
    case cheque
    case cash

    var means: PaymentMeans { self == .cheque ? .cheque : .cash }
  }

  public let number: String
  public let day: Day
  public let content: Content
  /// The organization's bank account; nil takes the chart's.
  public let bank: Account?
  public let total: Money
  /// Of the cheques' settled amounts, those whose VAT falls due now: only where the company's
  /// cheque VAT point is the deposit; zero otherwise.
  public let collected: VATTotals

  public init(
    number: String, day: Day, content: Content, bank: Account? = nil, total: Money,
    collected: VATTotals = .zero
  ) {
    self.number = number
    self.day = day
    self.content = content
    self.bank = bank
    self.total = total
    self.collected = collected
  }

  public func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let source = content.means.account(in: chart, bank: nil)
    let word = content == .cheque ? "chèques" : "espèces"
    let draft = try EntryDraft(
      event: .depositSlip, journal: .bank, day: day, pieceReference: number, pieceDay: day,
      label: "Remise de \(word) bordereau \(number)",
      lines: [
        LedgerLine(debit: total, to: bank ?? chart.bank), LedgerLine(credit: total, to: source),
      ].compactMap(\.self),
      settlement: Settlement(day: day, means: content.means))
    let vat = CollectedVAT(
      settled: collected, day: day, pieceReference: number, pieceDay: day,
      label: "TVA sur encaissement bordereau \(number)")
    return try [draft] + vat.entries(in: chart)
  }
}
