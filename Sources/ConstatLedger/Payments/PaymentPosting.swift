public import ConstatCore

/// The part of a payment that settles one document.
public struct SettledDocument: Hashable, Sendable {
  public let number: String
  /// Whose debt it is, where someone else pays it (a notary for the seller); nil: the payer's own.
  public let debtor: Auxiliary?
  /// Negative when the money is given back.
  public let amount: Money

  public init(number: String, debtor: Auxiliary? = nil, amount: Money) {
    self.number = number
    self.debtor = debtor
    self.amount = amount
  }
}

/// A payment received: the money arrives where its means of payment waits, the payer's debt falls by
/// document, and what exceeds the documents stays as the payer's credit on 411. Where the
/// documents' VAT waits for collection, the tax of what was settled falls due, rate by rate.
/// A refund is a payment with negative amounts.
public struct PaymentPosting: Posting {
  public let number: String
  public let day: Day
  public let payer: Auxiliary
  public let means: PaymentMeans
  /// The organization's bank account; nil takes the chart's.
  public let bank: Account?
  public let amount: Money
  public let settled: [SettledDocument]
  /// What was settled of documents whose VAT point is collection; zero for those on débits, and
  /// for a cheque where the company's VAT point is the deposit.
  public let collected: VATTotals

  public init(
    number: String, day: Day, payer: Auxiliary, means: PaymentMeans, bank: Account? = nil, amount: Money,
    settled: [SettledDocument], collected: VATTotals
  ) {
    self.number = number
    self.day = day
    self.payer = payer
    self.means = means
    self.bank = bank
    self.amount = amount
    self.settled = settled
    self.collected = collected
  }

  /// What no document takes: an overpayment, the payer's credit.
  public var excess: Money { settled.reduce(amount) { $0 - $1.amount } }

  public func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let money = LedgerLine(debit: amount, to: means.account(in: chart, bank: bank))
    let lines = ([money] + debtLines(in: chart)).compactMap(\.self)
    let vat = CollectedVAT(
      settled: collected, day: day, pieceReference: number, pieceDay: day,
      label: "TVA sur encaissement \(number) \(payer.label)")
    guard !lines.isEmpty else { return try vat.entries(in: chart) }
    let word = amount.isNegative ? "Remboursement" : "Règlement"
    let draft = try EntryDraft(
      event: .payment, journal: means.journal, day: day, pieceReference: number, pieceDay: day,
      label: "\(word) \(means.label.lowercased()) \(number) \(payer.label)",
      lines: lines, settlement: Settlement(day: day, means: means))
    return try [draft] + vat.entries(in: chart)
  }

  /// One 411 line per document, so that each can be lettered, and one for the excess.
  func debtLines(in chart: ChartOfAccounts) -> [LedgerLine?] {
    settled.map { part in
      LedgerLine(
        credit: part.amount, to: chart.customers, auxiliary: part.debtor ?? payer, matching: part.number)
    } + [LedgerLine(credit: excess, to: chart.customers, auxiliary: payer)]
  }
}
