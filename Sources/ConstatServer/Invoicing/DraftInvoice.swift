import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Makes and changes drafts of invoices (INV-05…09): nothing of them is frozen, and their totals follow their lines.
struct DraftInvoice {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  private var store: InvoiceStore {
    InvoiceStore(transaction: transaction, organization: organization, clock: clock)
  }

  /// False: a draft with this id and these columns exists already.
  func create(_ id: UUID, _ columns: [String: JSONValue]) async throws -> Bool {
    var values = columns
    let lines = values.removeValue(forKey: "lines")?.array
    let instalments = values.removeValue(forKey: "instalments")?.array ?? []
    let dossierID = values["dossier_id"]?.string.flatMap(UUID.init(uuidString:))
    let dossier = try await dossierID.asyncMap(pricedDossier)
    let company = try await CompanyBooksStore.chosen(
      values["company_id"]?.string.flatMap(UUID.init(uuidString:)), of: organization, in: transaction)
    values["company_id"] = .string(company.id.uuidString)
    if values["payer_id"] == nil {
      guard let payer = dossier?.payer else {
        throw Problem.field("/payer_id", "required", "le dossier n'a pas de payeur : il faut l'indiquer")
      }
      values["payer_id"] = .string(payer.uuidString)
    }
    let worded = try lines.map(Self.lines) ?? dossier?.lines ?? []
    let priced = worded.isEmpty ? nil : try PricedInvoice(worded)
    values.merge(Self.totals(priced)) { $1 }
    values["kind"] = .string(Invoice.Kind.invoice.rawValue)
    let rows = RowStore(transaction: transaction)
    guard try await rows.insert("invoice", organization: organization, id: id, values) else {
      guard try await rows.matches("invoice", id: id, values) else {
        throw Problem.idTaken
      }
      return false
    }
    try await store.replace(linesOf: id, by: priced, ids: Self.ids(lines))
    try await store.replace(
      instalmentsOf: id, dossier: dossierID, by: Self.instalments(instalments), ids: Self.ids(instalments))
    return true
  }

  /// Lines and instalments given replace those that were.
  func change(_ id: UUID, expected: Int64?, _ body: JSONValue) async throws {
    let head = try await store.lock(id)
    if let expected, expected != head.version { throw Problem.stale(current: head.version) }
    try Invoice.checkDraft(head.status)
    if head.kind == .creditNote {
      return try await DraftCreditNote(transaction: transaction, organization: organization, clock: clock)
        .change(head, body)
    }
    var values: [String: JSONValue]
    do { values = try Invoice.draft.checked(body, as: .patch) } catch { throw Problem(error) }
    let lines = values.removeValue(forKey: "lines")?.array
    let instalments = values.removeValue(forKey: "instalments")?.array
    if let lines {
      let worded = try Self.lines(lines)
      let priced = worded.isEmpty ? nil : try PricedInvoice(worded)
      values.merge(Self.totals(priced)) { $1 }
      try await store.replace(linesOf: id, by: priced, ids: Self.ids(lines))
    }
    var dossier = head.dossier
    if let given = values["dossier_id"] { dossier = given.string.flatMap(UUID.init(uuidString:)) }
    if let instalments {
      try await store.replace(
        instalmentsOf: id, dossier: dossier, by: Self.instalments(instalments), ids: Self.ids(instalments))
    } else if dossier != head.dossier {
      try await store.move(instalmentsOf: id, to: dossier)
    }
    // Parts have rows of their own: the draft's version grows whichever of them changed.
    values["updated_at"] = .string(clock.now().description)
    try await RowStore(transaction: transaction).update("invoice", id: id, expected: nil, values)
  }

  func delete(_ id: UUID, expected: Int64?) async throws {
    let head = try await store.lock(id)
    try Invoice.checkDraft(head.status)
    if let expected, expected != head.version { throw Problem.stale(current: head.version) }
    try await store.delete(id, expected: expected)
  }

  private func pricedDossier(_ id: UUID) async throws -> PricedDossier {
    let found = try await transaction.first(PricedDossier.self, InvoiceStore.pricedDossier(organization, id))
    guard let found else { throw Problem.field("/dossier_id", "not-found", "dossier inconnu") }
    return found
  }

  /// The lines of a body, each wrong one with its place.
  static func lines(_ lines: [JSONValue]) throws -> [InvoiceLine] {
    do {
      return try lines.enumerated().map { try InvoiceLine(columns: $1.object ?? [:], at: "/lines/\($0)") }
    } catch let faults as FieldProblems {
      throw Problem(faults)
    }
  }

  private static func instalments(_ instalments: [JSONValue]) -> [Instalment] {
    instalments.map { Instalment(columns: $0.object ?? [:]) }
  }

  static func ids(_ parts: [JSONValue]?) -> [UUID?] {
    (parts ?? []).map { $0["id"]?.string.flatMap(UUID.init(uuidString:)) }
  }

  static func totals(_ priced: PricedInvoice?) -> [String: JSONValue] {
    let totals = priced?.totals ?? .zero
    return [
      "total_excl_tax_cents": .integer(totals.net.cents), "total_vat_cents": .integer(totals.tax.cents),
      "total_incl_tax_cents": .integer(totals.gross.cents),
    ]
  }
}

extension Optional {
  fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
    guard let value = self else { return nil }
    return try await transform(value)
  }
}
