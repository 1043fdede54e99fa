/// Why an invoice, a credit note or its instalments are refused.
public enum InvoiceError: Error, Hashable, Sendable {
  case noLines
  case amountOutOfRange
  /// Stored lines and VAT contradict one another for this rate.
  case totalsDoNotMatch(Rate)
  /// Only drafts may be changed, deleted or issued (INV-06).
  case alreadyIssued
  case notIssued
  /// Numbers follow the days of issue (CGI ann. II 242 nonies A).
  case issueDayBeforeLast(given: Day, last: Day)
  case issueDayInFuture(given: Day, today: Day)
  /// A credit note comes after what it corrects.
  case issueDayBeforeInvoice(given: Day, invoice: Day)
  case dueBeforeIssue(due: Day, issue: Day)
  case numberMalformed(String)
  case instalmentsDoNotAddUp(total: Money, instalments: Money)
  case instalmentNotPositive(position: Int)
  case instalmentsOutOfOrder(position: Int)
  /// Credits of an invoice never exceed it, in total and in each rate.
  case creditExceedsInvoice(credit: Money, left: Money)
  case creditExceedsRate(Rate, credit: Money, left: Money)
  /// A credit note credits an issued invoice, not another credit note.
  case notCreditable
  /// Only settled invoices are archived (AMB-43).
  case notSettled(remaining: Money)

  public var code: String {
    switch self {
    case .noLines: "invoice-without-lines"
    case .amountOutOfRange: "amount-out-of-range"
    case .totalsDoNotMatch: "totals-do-not-match"
    case .alreadyIssued: "invoice-already-issued"
    case .notIssued: "invoice-not-issued"
    case .issueDayBeforeLast: "issue-day-before-last"
    case .issueDayInFuture: "issue-day-in-future"
    case .issueDayBeforeInvoice: "issue-day-before-invoice"
    case .dueBeforeIssue: "due-before-issue"
    case .numberMalformed: "invoice-number-malformed"
    case .instalmentsDoNotAddUp: "instalments-do-not-add-up"
    case .instalmentNotPositive: "instalment-not-positive"
    case .instalmentsOutOfOrder: "instalments-out-of-order"
    case .creditExceedsInvoice, .creditExceedsRate: "credit-exceeds-invoice"
    case .notCreditable: "not-creditable"
    case .notSettled: "invoice-not-settled"
    }
  }
}
