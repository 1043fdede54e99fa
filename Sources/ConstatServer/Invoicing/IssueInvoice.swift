import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Issues a draft: number, day, frozen seller and payer, due day, link in the chain and entries, all in the transaction
/// of the caller. From then on nothing but a credit note corrects it (CGI ann. II art. 242 nonies A).
struct IssueInvoice {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  private var store: InvoiceStore {
    InvoiceStore(transaction: transaction, organization: organization, clock: clock)
  }

  /// `day` nil: today where the organization is.
  func issue(_ id: UUID, on day: Day? = nil) async throws {
    let head = try await store.lock(id)
    try Invoice.checkDraft(head.status)
    var corrected: InvoiceDebt?
    if let invoice = head.corrected {
      corrected = try await DebtStore(transaction: transaction, organization: organization)
        .locked(where: "i.id = \(invoice)").first
      guard corrected != nil else { throw InvoiceError.notCreditable }
    }
    let draft = try await draft(head, corrected: corrected)
    if let corrected { try Invoice.checkCredit(-draft.parts.totals, left: corrected.left) }
    let chain = ChainStore(transaction: transaction, organization: organization, clock: clock)
    let last = try await chain.lockHead()
    let record = try await number(draft, on: day, at: clock.now(), correcting: corrected)
    if record.kind == .invoice, draft.parts.instalments.isEmpty {
      try await store.replace(instalmentsOf: id, dossier: head.dossier, by: record.instalments)
    }
    let link = ChainLink(sealing: record.sealed, after: last)
    var statements = [
      store.issue(record, hash: link.hash, seller: draft.seller, payer: draft.payer),
      chain.insertion(link, kind: record.sealed.kind, document: id),
    ]
    if var corrected {
      corrected.due = corrected.due + record.totals
      statements.append(
        DebtStore(transaction: transaction, organization: organization).standings([corrected]))
    }
    _ = try await transaction.pipeline(statements)
    let ledger = LedgerStore(transaction: transaction, organization: organization, clock: clock)
    try await post(record, draft, corrected: corrected, in: ledger)
  }

  /// All that a draft becomes a document from.
  private struct Draft {
    let head: InvoiceStore.Head
    let books: CompanyBooks
    let parts: InvoiceParts
    let seller: JSONValue
    let payer: JSONValue
    let row: Row
  }

  /// A credit note shows the payer of the invoice that it corrects, and follows its VAT point.
  private func draft(_ head: InvoiceStore.Head, corrected: InvoiceDebt?) async throws -> Draft {
    let results = try await transaction.pipeline(
      [
        CompanyBooksStore.numbering(organization, head.company),
        InvoiceStore.seller(organization, head.company),
        PaymentStore.payer(organization, head.payer),
        InvoiceStore.payerSnapshot(organization, invoice: corrected?.id ?? head.id),
        InvoiceStore.draft(organization, head.id),
      ] + InvoiceStore.parts(organization, head.id))
    guard let books = try results[0].first(CompanyBooks.self),
      let contact = try results[2].first(PayerSnapshot.self),
      let row = results[4].first, case .object(var seller) = try Self.json(results[1][0].get("seller"))
    else { throw Problem.notFound }
    if let corrected { seller["vat_point"] = .string(corrected.vatPoint.rawValue) }
    let payer = corrected == nil ? contact.json : try Self.json(results[3][0].get("payer"))
    let parts = try InvoiceParts(results[5...])
    _ = try PricedInvoice(lines: parts.lines, totals: parts.totals, rest: corrected.map { -$0.left })
    return Draft(head: head, books: books, parts: parts, seller: .object(seller), payer: payer, row: row)
  }

  private static func json(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

  /// The document that the draft becomes. Invoices and credit notes of a company that gives both one prefix share a
  /// series.
  private func number(
    _ draft: Draft, on day: Day?, at instant: Instant, correcting corrected: InvoiceDebt?
  ) async throws -> InvoiceRecord {
    let (head, books) = (draft.head, draft.books)
    let today = books.day(of: instant)
    let issuedOn = day ?? today
    let prefix = head.kind == .invoice ? books.invoicePrefix : books.creditNotePrefix
    let series = InvoiceNumber.series(prefix: prefix, year: issuedOn.year)
    let isShared = books.invoicePrefix == books.creditNotePrefix
    let counter = InvoiceNumber.counter(
      company: head.company.uuidString.lowercased(), kind: isShared ? .invoice : head.kind, series: series)
    let (sequence, last) = try await store.nextNumber(
      counter, company: head.company, kinds: isShared ? Invoice.Kind.allCases : [head.kind])
    try Invoice.checkIssueDay(
      issuedOn, today: today, lastInSeries: last, corrected: corrected?.issuedOn)
    let dueOn =
      head.kind == .creditNote
      ? issuedOn
      : head.dueOn ?? draft.parts.instalments.last?.dueOn
        ?? Invoice.dueDay(issuedOn: issuedOn, termDays: books.paymentTermDays)
    let total = draft.parts.totals.gross
    let instalments =
      head.kind == .creditNote
      ? [] : try Instalment.checked(draft.parts.instalments, total: total, issuedOn: issuedOn, dueOn: dueOn)
    let row = draft.row
    return InvoiceRecord(
      id: head.id, kind: head.kind, company: head.company, dossier: head.dossier, payerID: head.payer,
      corrected: head.corrected,
      number: try InvoiceNumber(prefix: prefix, year: issuedOn.year, sequence: sequence).text, series: series,
      sequence: sequence, issuedOn: issuedOn, issuedAt: instant, dueOn: dueOn,
      serviceOn: try row.get("service_on"), comment: try row.get("comment"),
      currency: try row.get("currency"),
      amounts: [
        try row.get("total_excl_tax_cents"), try row.get("total_vat_cents"),
        try row.get("total_incl_tax_cents"),
      ],
      seller: (draft.seller.object ?? [:]).compactMapValues(\.string),
      payer: (draft.payer.object ?? [:]).compactMapValues(\.string), lines: draft.parts.lines,
      totals: draft.parts.totals, instalments: instalments)
  }

  private func post(
    _ record: InvoiceRecord, _ draft: Draft, corrected: InvoiceDebt?, in ledger: LedgerStore
  ) async throws {
    if let corrected {
      try await ledger.post(
        CreditNotePosting(
          number: record.number, day: record.issuedOn, invoiceNumber: corrected.number,
          payer: corrected.debtor,
          credited: -record.totals, vatPoint: corrected.vatPoint),
        of: draft.books, source: record.id, dossier: record.dossier, at: record.issuedAt)
    } else {
      let payer = Auxiliary(
        number: record.payer["auxiliary"] ?? PayerSnapshot.unknown.number,
        label: record.payer["auxiliary_label"] ?? PayerSnapshot.unknown.label)
      try await ledger.post(
        InvoicePosting(
          number: record.number, day: record.issuedOn, payer: payer, totals: record.totals,
          vatPoint: draft.books.vatPoint),
        of: draft.books, source: record.id, dossier: record.dossier, at: record.issuedAt)
    }
  }
}
