public import ConstatCore

/// A payment undone: a cheque that bounced, a direct debit refused, an entry by mistake. The
/// payment and its slip stay as they are; the reversal is dated at the event, reopens the debts
/// that the payment had settled, takes back the VAT on collection, and books the bank's fee.
public struct ReversalPosting: Posting {
  /// Why the payment is undone: it only words the label.
  public enum Cause: String, CaseIterable, Hashable, Sendable, Codable {
    case bounced
    case mistake
  }

  /// Where the money was when it was undone.
  public enum Place: Hashable, Sendable {
    /// Not at the bank yet: a cheque not yet on a closed slip, cash in the till.
    case undeposited
    /// Credited on this bank account (nil: the chart's), so the bank takes it back.
    case bank(Account?)
  }

  public let number: String
  public let day: Day
  public let payment: PaymentPosting
  public let cause: Cause
  public let place: Place
  /// What the bank charged, without VAT; zero when nothing.
  public let fee: Money
  /// What had been collected of the payment's VAT and is given back, as a positive amount.
  public let collected: VATTotals

  public init(
    number: String, day: Day, payment: PaymentPosting, cause: Cause, place: Place,
    fee: Money = .zero, collected: VATTotals
  ) {
    self.number = number
    self.day = day
    self.payment = payment
    self.cause = cause
    self.place = place
    self.fee = fee
    self.collected = collected
  }

  public func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft] {
    let holder: Account
    let bank: Account
    switch place {
    case .undeposited:
      bank = payment.bank ?? chart.bank
      holder = payment.means.account(in: chart, bank: payment.bank)
    case .bank(let account):
      bank = account ?? payment.bank ?? chart.bank
      holder = bank
    }
    let reopened = payment.debtLines(in: chart).compactMap(\.self).compactMap { line in
      LedgerLine(
        debit: line.credit - line.debit, to: line.account, auxiliary: line.auxiliary,
        matching: line.matching)
    }
    let money = [
      LedgerLine(debit: fee, to: chart.bankFees), LedgerLine(credit: payment.amount, to: holder),
      LedgerLine(credit: fee, to: bank),
    ].compactMap(\.self)
    let vat = CollectedVAT(
      settled: -collected, day: day, pieceReference: number, pieceDay: day,
      label: "Annulation TVA sur encaissement \(payment.number) \(payment.payer.label)")
    let draft = try EntryDraft(
      event: .reversal, journal: place == .undeposited ? payment.means.journal : .bank, day: day,
      pieceReference: number, pieceDay: day, label: label, lines: reopened + money,
      settlement: Settlement(day: day, means: payment.means))
    return try [draft] + vat.entries(in: chart)
  }

  private var label: String {
    let subject = "\(payment.means.label.lowercased()) \(payment.number) \(payment.payer.label)"
    return cause == .bounced ? "Impayé \(subject)" : "Annulation \(subject)"
  }
}
