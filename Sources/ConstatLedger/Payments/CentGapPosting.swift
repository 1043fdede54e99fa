public import ConstatCore

/// A gap of cents between what is due and what was paid, given up: a loss on 658 when the payer
/// paid too little, a gain on 758 when too much. The document's debt is closed; the VAT that was
/// waiting for these cents falls due with them, so that 44574x closes too.
public struct CentGapPosting: Posting {
  public let number: String
  public let day: Day
  public let payer: Auxiliary
  public let document: String
  /// What remained due: positive is lost, negative is gained.
  public let gap: Money
  public let collected: VATTotals

  public init(
    number: String, day: Day, payer: Auxiliary, document: String, gap: Money, collected: VATTotals
  ) {
    self.number = number
    self.day = day
    self.payer = payer
    self.document = document
    self.gap = gap
    self.collected = collected
  }

  public func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let lines = [
      LedgerLine(debit: gap, to: gap.isNegative ? chart.gapGains : chart.gapLosses),
      LedgerLine(credit: gap, to: chart.customers, auxiliary: payer, matching: document),
    ].compactMap(\.self)
    let vat = CollectedVAT(
      settled: collected, day: day, pieceReference: number, pieceDay: day,
      label: "TVA sur écart de règlement \(document) \(payer.label)")
    guard !lines.isEmpty else { return try vat.entries(in: chart) }
    let draft = try EntryDraft(
      event: .centGap, journal: .miscellaneous, day: day, pieceReference: number, pieceDay: day,
      label: "Écart de règlement \(document) \(payer.label)", lines: lines)
    return try [draft] + vat.entries(in: chart)
  }
}
