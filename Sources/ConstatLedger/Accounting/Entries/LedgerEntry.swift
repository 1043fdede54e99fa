public import ConstatCore

/// Why an entry cannot exist.
public enum EntryError: Error, Hashable, Sendable {
  case noLines
  case unbalanced(debit: Money, credit: Money)
  case blankPieceReference
  case blankLabel
}

/// How and when the money of an entry moved: the FEC of a non-commercial profit on cash basis
/// (BNC) has columns for it.
public struct Settlement: Hashable, Sendable {
  public let day: Day
  public let means: PaymentMeans

  public init(day: Day, means: PaymentMeans) {
    self.day = day
    self.means = means
  }
}

/// What an entry records. One source (an invoice, a payment, …) posts each event at most once,
/// which makes posting again harmless.
public enum EntryEvent: String, CaseIterable, Hashable, Sendable, Codable {
  case invoice
  case creditNote = "credit_note"
  case payment
  case reversal = "payment_reversal"
  case depositSlip = "deposit_slip"
  case creditAllocation = "credit_allocation"
  /// The VAT that falls due with, or is taken back by, one of the events above.
  case collectedVAT = "collected_vat"
}

/// An entry before it has a number: what an event posts. It always balances.
public struct EntryDraft: Hashable, Sendable {
  public let event: EntryEvent
  public let journal: Journal
  public let day: Day
  /// The number of the document that proves the entry.
  public let pieceReference: String
  public let pieceDay: Day
  public let label: String
  public let lines: [LedgerLine]
  public let settlement: Settlement?

  public init(
    event: EntryEvent, journal: Journal, day: Day, pieceReference: String, pieceDay: Day, label: String,
    lines: [LedgerLine], settlement: Settlement? = nil
  ) throws(EntryError) {
    guard !lines.isEmpty else { throw .noLines }
    guard pieceReference.contains(where: { !$0.isWhitespace }) else { throw .blankPieceReference }
    guard label.contains(where: { !$0.isWhitespace }) else { throw .blankLabel }
    let debit = lines.reduce(Money.zero) { $0 + $1.debit }
    let credit = lines.reduce(Money.zero) { $0 + $1.credit }
    guard debit == credit else { throw .unbalanced(debit: debit, credit: credit) }
    self.event = event
    self.journal = journal
    self.day = day
    self.pieceReference = pieceReference
    self.pieceDay = pieceDay
    self.label = label
    self.lines = lines
    self.settlement = settlement
  }

  public var total: Money { lines.reduce(.zero) { $0 + $1.debit } }
}

/// An entry in the books. It never changes: an error is corrected by another entry.
public struct LedgerEntry: Hashable, Sendable {
  public let draft: EntryDraft
  /// Contiguous from 1 per journal and fiscal year of the entry's day, taken from a locked
  /// counter in the transaction that posts. An entry with an earlier day takes the next number.
  public let number: Int
  /// The day it was recorded, from which on it is final: `ValidDate` of a definitive FEC.
  public let postedOn: Day

  public init(draft: EntryDraft, number: Int, postedOn: Day) {
    self.draft = draft
    self.number = number
    self.postedOn = postedOn
  }

  /// "VE000012": unique in a fiscal year across journals, since some tools group by it alone.
  public var code: String {
    let digits = String(number)
    return draft.journal.code + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}

/// What an event posts, given the company's accounts.
public protocol Posting: Sendable {
  /// The entries in the order in which they take their numbers; none when nothing moves, as
  /// for an invoice of zero.
  func entries(in chart: ChartOfAccounts) throws(EntryError) -> [EntryDraft]
}
