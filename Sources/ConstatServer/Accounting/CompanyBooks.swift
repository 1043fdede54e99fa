import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// What numbering and posting need of a company, read in the transaction that uses it.
struct CompanyBooks: RowDecodable {
  let id: UUID
  let name: String
  let siren: String
  let vatPoint: Company.VATPoint
  let chequeBankEntry: Company.ChequeBankEntry
  let paymentTermDays: Int
  let fiscalYearEnd: String
  let invoicePrefix: String
  let creditNotePrefix: String
  /// The place whose days date its documents: 2026-12-31T23:30Z is already 2027 in Paris.
  let zone: Zone
  private let overrides: [String: String]

  init(row: Row) throws {
    id = try row.get("id")
    name = try row.get("name")
    siren = try row.get("siren")
    vatPoint = Company.VATPoint(rawValue: try row.get("vat_point")) ?? .collection
    chequeBankEntry = Company.ChequeBankEntry(rawValue: try row.get("cheque_bank_entry_at")) ?? .slipClosure
    paymentTermDays = try row.get("payment_term_days")
    fiscalYearEnd = try row.get("fiscal_year_end")
    invoicePrefix = try row.get("invoice_prefix")
    creditNotePrefix = try row.get("credit_note_prefix")
    zone = (try? Zone(try row.get("time_zone"))) ?? .paris
    overrides = (try JSONValue.parse(Array((try row.get("chart_of_accounts") as String).utf8)).object ?? [:])
      .compactMapValues(\.string)
  }

  /// The accounts that postings use; a company whose settings name an impossible account cannot post.
  var chart: ChartOfAccounts {
    get throws {
      do { return try ChartOfAccounts(overrides: overrides) } catch {
        throw Problem.conflict("chart-of-accounts-invalid", "Plan comptable de la société invalide", detail: "\(error)")
      }
    }
  }

  func day(of instant: Instant) -> Day { zone.day(of: instant) }

  /// The fiscal year that holds a day.
  func fiscalYear(of day: Day) -> FiscalYear {
    FiscalYear(holding: day, end: fiscalYearEnd) ?? FiscalYear(closing: Day(year: day.year, month: 12, day: 31)!)
  }
}

extension CompanyBooks {
  private static let columns: SQL = """
    c.id, c.name, c.siren, c.vat_point, c.cheque_bank_entry_at, c.payment_term_days, c.fiscal_year_end,
    c.invoice_prefix, c.credit_note_prefix, c.chart_of_accounts::text AS chart_of_accounts, o.time_zone
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT \(columns) FROM company c JOIN organization o ON o.organization_id = c.organization_id
    WHERE c.organization_id = \(organization) AND c.id = \(id)
    """
  }

  /// At most two, the eldest first: enough to know whether there is only one.
  static func eldest(_ organization: UUID) -> SQL {
    """
    SELECT \(columns) FROM company c JOIN organization o ON o.organization_id = c.organization_id
    WHERE c.organization_id = \(organization) ORDER BY c.created_at, c.id LIMIT 2
    """
  }

  /// The company whose invoices a dossier last had, otherwise the eldest.
  static func invoicing(_ organization: UUID, dossier: UUID?) -> SQL {
    """
    SELECT \(columns) FROM company c JOIN organization o ON o.organization_id = c.organization_id
    WHERE c.organization_id = \(organization)
    ORDER BY (SELECT max(i.issued_at) FROM invoice i WHERE i.organization_id = c.organization_id
        AND i.company_id = c.id AND i.dossier_id = \(dossier) AND i.status = 'issued') DESC NULLS LAST,
      c.created_at, c.id LIMIT 1
    """
  }

  /// The company named, or the only one.
  static func chosen(_ id: UUID?, of organization: UUID, in transaction: Transaction) async throws -> CompanyBooks {
    let found = try await transaction.all(CompanyBooks.self, id.map { one(organization, $0) } ?? eldest(organization))
    guard let first = found.first else {
      if id != nil { throw Problem.field("/company_id", "not-found", "société inconnue") }
      throw Problem.conflict("no-company", "Aucune société enregistrée")
    }
    guard found.count == 1 else {
      throw Problem.field("/company_id", "required", "plusieurs sociétés facturent : il faut en choisir une")
    }
    return first
  }
}
