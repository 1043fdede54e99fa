public import ConstatCore

/// An invoice issued: the payer owes the total (411), the sale is recorded per rate (706), and
/// its VAT is due at once (débits, 44571x) or waits for the money (encaissements, 44574x).
/// Instalments post nothing: they are due dates on one debt. Discounts inside the invoice
/// have already lowered the net.
public struct InvoicePosting: Posting {
  public let number: String
  public let day: Day
  public let payer: Auxiliary
  public let totals: VATTotals
  public let vatPoint: Company.VATPoint

  public init(number: String, day: Day, payer: Auxiliary, totals: VATTotals, vatPoint: Company.VATPoint) {
    self.number = number
    self.day = day
    self.payer = payer
    self.totals = totals
    self.vatPoint = vatPoint
  }

  public func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let lines = SaleLines(totals: totals, payer: payer, matching: number, vatPoint: vatPoint)
      .lines(in: chart, sales: chart.sales(at:))
    guard !lines.isEmpty else { return [] }
    return [
      try EntryDraft(
        event: .invoice, journal: .sales, day: day, pieceReference: number, pieceDay: day,
        label: "Facture \(number) \(payer.label)", lines: lines)
    ]
  }
}

/// The lines of a sale; with negative totals, those of a credit note.
struct SaleLines {
  let totals: VATTotals
  let payer: Auxiliary
  let matching: String
  let vatPoint: Company.VATPoint

  func lines(in chart: ChartOfAccounts, sales: (Rate) -> Account) -> [LedgerLine] {
    let debt = LedgerLine(
      debit: totals.gross, to: chart.customers, auxiliary: payer, matching: matching)
    let perRate = totals.shares.flatMap { share -> [LedgerLine?] in
      let vat = vatPoint == .debit ? chart.vatCollected(at: share.rate) : chart.vatPending(at: share.rate)
      return [
        LedgerLine(credit: share.net, to: sales(share.rate)), LedgerLine(credit: share.tax, to: vat),
      ]
    }
    return ([debt] + perRate).compactMap(\.self)
  }
}
