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
        throw Problem.conflict(
          "chart-of-accounts-invalid", "Plan comptable de la société invalide", detail: "\(error)")
      }
    }
  }

  func day(of instant: Instant) -> Day { zone.day(of: instant) }

  /// The fiscal year that holds a day.
  func fiscalYear(of day: Day) -> FiscalYear {
    FiscalYear(holding: day, end: fiscalYearEnd)
      ?? FiscalYear(closing: Day(year: day.year, month: 12, day: 31)!)
  }
}
