public import ConstatCore

/// Money already received that changes its purpose: a payer's credit used on an invoice, or what
/// was paid on a credited invoice moved to another. No money moves; the debts of one payer do,
/// and the VAT on collection follows.
public struct CreditAllocationPosting: Posting {
  public let number: String
  public let day: Day
  public let payer: Auxiliary
  /// Whose debt the target is, where it is not the payer's own.
  public let debtor: Auxiliary?
  /// The document that gives; nil is the payer's free credit.
  public let source: String?
  /// The document that takes; nil returns the amount to the free credit.
  public let target: String?
  public let amount: Money
  /// The change in collected amounts, target less source, of documents on collection.
  public let collected: VATTotals

  public init(
    number: String, day: Day, payer: Auxiliary, debtor: Auxiliary? = nil, source: String?, target: String?,
    amount: Money, collected: VATTotals
  ) {
    self.number = number
    self.day = day
    self.payer = payer
    self.debtor = debtor
    self.source = source
    self.target = target
    self.amount = amount
    self.collected = collected
  }

  public func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let lines = [
      LedgerLine(debit: amount, to: chart.customers, auxiliary: payer, matching: source),
      LedgerLine(credit: amount, to: chart.customers, auxiliary: debtor ?? payer, matching: target),
    ].compactMap(\.self)
    let vat = CollectedVAT(
      settled: collected, day: day, pieceReference: number, pieceDay: day,
      label: "TVA sur affectation \(number) \(payer.label)")
    guard !lines.isEmpty else { return try vat.entries(in: chart) }
    let draft = try EntryDraft(
      event: .creditAllocation, journal: .miscellaneous, day: day, pieceReference: number, pieceDay: day,
      label: "Affectation \(number) \(payer.label)", lines: lines)
    return try [draft] + vat.entries(in: chart)
  }
}
