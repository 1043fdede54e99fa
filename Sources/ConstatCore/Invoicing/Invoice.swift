/// An invoice or a credit note: a draft that may be changed, then an issued document that never is.
public enum Invoice {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case invoice
    case creditNote = "credit_note"
  }

  public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
    case draft
    case issued
  }

  /// A draft (INV-06..09, INV-20). Left out, `company_id` is the only company, `payer_id` the
  /// dossier's payer, `lines` the dossier's price, `instalments` one at the due date.
  public static let draft = FieldSet([
    .id, .defaulted("company_id", .uuid), .optional("dossier_id", .uuid),
    .defaulted("payer_id", .uuid), .optional("service_on", .day), .optional("due_on", .day),
    .optional("comment", .comment),
    .defaulted("lines", .list(of: .object(InvoiceLine.fields), max: 200)),
    .defaulted("instalments", .list(of: .object(Instalment.fields), max: 36)),
  ])

  /// A credit note on an issued invoice; without lines it credits all that is left (AMB-77).
  public static let creditNote = FieldSet([
    .id, .required("corrected_invoice_id", .uuid, writable: .creation), .optional("comment", .comment),
    .defaulted("lines", .list(of: .object(InvoiceLine.fields), max: 200)),
  ])

  public static func checkDraft(_ status: Status) throws(InvoiceError) {
    guard status == .draft else { throw .alreadyIssued }
  }

  /// The day of issue: not before the last of its series, so that numbers and days go together,
  /// and not to come. The year of the day is the year of the series: 2026-12-31T23:30Z is 2027
  /// in Paris. `corrected`: the day of the invoice that a credit note corrects, which it cannot precede.
  public static func checkIssueDay(
    _ day: Day, today: Day, lastInSeries: Day?, corrected: Day? = nil
  ) throws(InvoiceError) {
    if let corrected, day < corrected { throw .issueDayBeforeInvoice(given: day, invoice: corrected) }
    if let last = lastInSeries, day < last { throw .issueDayBeforeLast(given: day, last: last) }
    guard day <= today else { throw .issueDayInFuture(given: day, today: today) }
  }

  /// The due day where the draft names none: the company's term (INV-25).
  public static func dueDay(issuedOn day: Day, termDays: Int) -> Day { day.adding(days: termDays) }

  /// Refuses credits beyond the invoice. `left` is the invoice less its credit notes so far,
  /// read under its lock; `credit` is positive.
  public static func checkCredit(_ credit: VATTotals, left: VATTotals) throws(InvoiceError) {
    guard credit.gross <= left.gross else {
      throw .creditExceedsInvoice(credit: credit.gross, left: left.gross)
    }
    for share in credit.shares {
      let rest = left[share.rate] ?? VATShare(rate: share.rate, net: .zero, tax: .zero)
      guard share.gross <= rest.gross, share.net <= rest.net else {
        throw .creditExceedsRate(share.rate, credit: share.gross, left: rest.gross)
      }
    }
  }
}
