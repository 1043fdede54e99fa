import ConstatCore

/// The VAT that falls due when money is collected on invoices whose VAT waits for it: from
/// 44574x to 44571x, per rate, for exactly the tax that the payment settled. Negative amounts
/// give it back, as when a cheque bounces or a customer is refunded.
struct CollectedVAT {
  let settled: VATTotals
  let day: Day
  let pieceReference: String
  let pieceDay: Day
  let label: String

  func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let lines = settled.shares.flatMap { share in
      [
        LedgerLine(debit: share.tax, to: chart.vatPending(at: share.rate)),
        LedgerLine(credit: share.tax, to: chart.vatCollected(at: share.rate)),
      ].compactMap(\.self)
    }
    guard !lines.isEmpty else { return [] }
    return [
      try EntryDraft(
        event: .collectedVAT, journal: .miscellaneous, day: day, pieceReference: pieceReference,
        pieceDay: pieceDay,
        label: label, lines: lines)
    ]
  }
}
