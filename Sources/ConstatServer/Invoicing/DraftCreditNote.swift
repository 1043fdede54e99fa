import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Makes and changes drafts of credit notes (INV-17): the mirror of lines on an issued invoice, never beyond
/// what is left of it in total and in each rate.
struct DraftCreditNote {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  private var store: InvoiceStore {
    InvoiceStore(transaction: transaction, organization: organization, clock: clock)
  }

  /// Without lines all that is left of the invoice is credited. False: this draft exists already.
  func create(_ id: UUID, _ columns: [String: JSONValue]) async throws -> Bool {
    guard let corrected = columns["corrected_invoice_id"]?.string.flatMap(UUID.init(uuidString:)) else {
      throw Problem.field("/corrected_invoice_id", "required", "la facture à corriger est attendue")
    }
    let invoice = try await invoice(corrected)
    let credit = try await credit(columns["lines"]?.array, on: invoice)
    var values: [String: JSONValue] = [
      "kind": .string(Invoice.Kind.creditNote.rawValue),
      "corrected_invoice_id": .string(corrected.uuidString),
      "company_id": .string(invoice.company.uuidString), "payer_id": .string(invoice.payer.uuidString),
      "dossier_id": JSONValue(invoice.dossier?.uuidString), "comment": columns["comment"] ?? .null,
    ]
    values.merge(DraftInvoice.totals(credit)) { $1 }
    let rows = RowStore(transaction: transaction)
    guard try await rows.insert("invoice", organization: organization, id: id, values) else {
      guard try await rows.matches("invoice", id: id, values) else {
        throw Problem.idTaken
      }
      return false
    }
    try await store.replace(linesOf: id, by: credit, ids: DraftInvoice.ids(columns["lines"]?.array))
    return true
  }

  /// The comment and the lines, within what is left.
  func change(_ head: InvoiceStore.Head, _ body: JSONValue) async throws {
    var values: [String: JSONValue]
    do { values = try Invoice.creditNote.checked(body, as: .patch) } catch { throw Problem(error) }
    if let lines = values.removeValue(forKey: "lines")?.array, let corrected = head.corrected {
      let credit = try await credit(lines, on: invoice(corrected))
      values.merge(DraftInvoice.totals(credit)) { $1 }
      try await store.replace(linesOf: head.id, by: credit, ids: DraftInvoice.ids(lines))
    }
    values["updated_at"] = .string(clock.now().description)
    try await RowStore(transaction: transaction).update("invoice", id: head.id, expected: nil, values)
  }

  /// The invoice to correct, locked: issued, and no credit note itself.
  private func invoice(_ id: UUID) async throws -> InvoiceDebt {
    let debts = DebtStore(transaction: transaction, organization: organization)
    if let found = try await debts.locked(where: "i.id = \(id)").first { return found }
    let kind: String? = try await transaction.value(InvoiceStore.kind(organization, id))
    guard let kind else { throw Problem.field("/corrected_invoice_id", "not-found", "facture inconnue") }
    throw kind == Invoice.Kind.invoice.rawValue ? InvoiceError.notIssued : InvoiceError.notCreditable
  }

  private func credit(_ lines: [JSONValue]?, on invoice: InvoiceDebt) async throws -> PricedInvoice {
    if let lines, !lines.isEmpty {
      let credit = -(try PricedInvoice(DraftInvoice.lines(lines)))
      try Invoice.checkCredit(-credit.totals, left: invoice.left)
      return credit
    }
    guard invoice.left.gross.isPositive else {
      throw InvoiceError.creditExceedsInvoice(credit: .zero, left: invoice.left.gross)
    }
    let parts = try InvoiceParts(
      await transaction.pipeline(InvoiceStore.parts(organization, invoice.id)))
    if parts.totals == invoice.left { return -(try PricedInvoice(lines: parts.lines, totals: parts.totals)) }
    return .crediting(invoice.left, designation: "Avoir sur facture \(invoice.number)")
  }
}
