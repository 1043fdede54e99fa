import ConstatCore
import Foundation
import Postgres

/// Reads what numbering and posting need of companies.
struct CompanyBooksStore {
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

  /// The same for whoever takes a number: the company stays as it is, its prefixes and its VAT point with it, until the
  /// number is out.
  static func numbering(_ organization: UUID, _ id: UUID) -> SQL {
    "\(one(organization, id)) FOR SHARE OF c"
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
  static func chosen(_ id: UUID?, of organization: UUID, in transaction: Transaction) async throws
    -> CompanyBooks
  {
    let found = try await transaction.all(
      CompanyBooks.self, id.map { one(organization, $0) } ?? eldest(organization))
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
