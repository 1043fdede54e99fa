public import ConstatCore

/// The card processor pays out: what waited in 511x reaches the bank, less the fee (627).
public struct CardPayoutPosting: Posting {
  public let reference: String
  public let day: Day
  public let bank: Account?
  /// The card payments that are paid out, before the fee.
  public let gross: Money
  public let fee: Money

  public init(reference: String, day: Day, bank: Account? = nil, gross: Money, fee: Money) {
    self.reference = reference
    self.day = day
    self.bank = bank
    self.gross = gross
    self.fee = fee
  }

  public func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let lines = [
      LedgerLine(debit: gross - fee, to: bank ?? chart.bank),
      LedgerLine(debit: fee, to: chart.bankFees), LedgerLine(credit: gross, to: chart.cards),
    ].compactMap(\.self)
    guard !lines.isEmpty else { return [] }
    return [
      try EntryDraft(
        event: .cardPayout, journal: .bank, day: day, pieceReference: reference, pieceDay: day,
        label: "Versement cartes bancaires \(reference)", lines: lines,
        settlement: Settlement(day: day, means: .card))
    ]
  }
}
