import ConstatCore
import Foundation
import Postgres

/// All SQL on organizations and their companies.
struct OrganizationStore {
  static func organization(_ organization: UUID) -> SQL {
    """
    SELECT o.id, o.version, o.slug, o.name, o.time_zone, o.half_day_split, o.currency, o.online_card_payments,
      o.withheld_information, o.created_at, o.updated_at
    FROM organization o WHERE o.organization_id = \(organization)
    """
  }

  static let columns: SQL = """
    c.id, c.version, c.name, c.siren, c.siret, c.vat_number, c.street, c.address_complement, c.postcode, c.city,
    c.country, c.iban, c.bic, c.vat_point, c.cheque_bank_entry_at, c.payment_term_days, c.fiscal_year_end,
    c.invoice_prefix, c.credit_note_prefix, c.chart_of_accounts, c.created_at, c.updated_at
    """

  static func company(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM company c WHERE c.organization_id = \(organization) AND c.id = \(id)"
  }

  static func companies(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor")
    return """
      SELECT \(columns), c.created_at::text AS _key FROM company c
      WHERE c.organization_id = \(organization) \(page.before("c.created_at", "c.id"))
      ORDER BY c.created_at DESC, c.id DESC LIMIT \(page.fetched)
      """
  }

  /// Locks a company against whoever is about to issue a document of it.
  static func lock(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT c.id FROM company c WHERE c.organization_id = \(organization) AND c.id = \(id) FOR UPDATE"
  }

  /// The company's prefixes, and whether it has issued anything under them. After its lock, to see who was first.
  static func prefixes(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT c.invoice_prefix, c.credit_note_prefix, EXISTS (SELECT 1 FROM invoice i
      WHERE i.organization_id = c.organization_id AND i.company_id = c.id AND i.status = 'issued') AS has_issued
    FROM company c WHERE c.organization_id = \(organization) AND c.id = \(id)
    """
  }
}
