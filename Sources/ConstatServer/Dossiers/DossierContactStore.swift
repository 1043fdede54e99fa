import ConstatCore
import Foundation
import Postgres

/// All SQL on the contact table of a dossier: who belongs to it, in which roles, and what each may see (DOS-57).
struct DossierContactStore {
  let transaction: Transaction
  let organization: UUID

  init(_ transaction: Transaction, _ organization: UUID) {
    self.transaction = transaction
    self.organization = organization
  }

  private static let rows: SQL = """
    SELECT k.id, k.version, k.dossier_id, k.contact_id,
      system.displayed_name(c.company_name, c.last_name, c.first_name) AS name, c.kind, c.email, c.phone, c.mobile,
      array_remove(ARRAY[
        CASE WHEN d.requester_id = k.contact_id THEN 'requester' END,
        CASE WHEN d.prescriber_id = k.contact_id THEN 'prescriber' END,
        CASE WHEN d.owner_id = k.contact_id THEN 'owner' END,
        CASE WHEN d.occupant_id = k.contact_id THEN 'occupant' END,
        CASE WHEN d.buyer_id = k.contact_id THEN 'buyer' END,
        CASE WHEN d.payer_id = k.contact_id THEN 'payer' END,
        CASE WHEN d.notary_id = k.contact_id THEN 'notary' END,
        CASE WHEN d.managing_agent_id = k.contact_id THEN 'managing_agent' END], NULL) AS roles,
      k.report_access, k.invoice_access, k.additional_recipient, c.never_block_reports, k.created_at, k.updated_at
    FROM dossier_contact k
    JOIN dossier d ON d.organization_id = k.organization_id AND d.id = k.dossier_id
    JOIN contact c ON c.organization_id = k.organization_id AND c.id = k.contact_id
    """

  static func all(_ organization: UUID, _ dossier: UUID) -> SQL {
    "\(rows) WHERE k.organization_id = \(organization) AND k.dossier_id = \(dossier) ORDER BY k.created_at, k.id"
  }

  static func one(_ organization: UUID, _ dossier: UUID, _ contact: UUID) -> SQL {
    """
    \(rows) WHERE k.organization_id = \(organization) AND k.dossier_id = \(dossier) AND k.contact_id = \(contact)
    """
  }

  /// Puts a contact into the dossier's table; one that is there keeps what it may see.
  func insert(_ id: UUID, _ contact: UUID, into dossier: UUID, _ rights: DossierRights) -> SQL {
    """
    INSERT INTO dossier_contact (organization_id, id, dossier_id, contact_id, report_access, invoice_access)
    VALUES (\(organization), \(id), \(dossier), \(contact), \(rights.reports), \(rights.invoice))
    ON CONFLICT (organization_id, dossier_id, contact_id) DO UPDATE SET
      report_access = dossier_contact.report_access OR EXCLUDED.report_access,
      invoice_access = dossier_contact.invoice_access OR EXCLUDED.invoice_access
    """
  }

  /// The invoice is now someone else's debt.
  func withdrawInvoice(from contact: UUID, of dossier: UUID) -> SQL {
    """
    UPDATE dossier_contact SET invoice_access = false
    WHERE organization_id = \(organization) AND dossier_id = \(dossier) AND contact_id = \(contact)
    """
  }

  /// Takes a contact without role out of the table, unless it was put there as a recipient.
  func remove(_ contact: UUID, from dossier: UUID) -> SQL {
    """
    DELETE FROM dossier_contact
    WHERE organization_id = \(organization) AND dossier_id = \(dossier) AND contact_id = \(contact)
      AND NOT additional_recipient
    """
  }

  func run(_ statements: [SQL]) async throws { _ = try await transaction.pipeline(statements) }

  /// The id of the contact's row; nil when the contact is not in the table.
  func row(of contact: UUID, in dossier: UUID) async throws -> UUID? {
    try await transaction.value(
      """
      SELECT k.id FROM dossier_contact k
      WHERE k.organization_id = \(organization) AND k.dossier_id = \(dossier) AND k.contact_id = \(contact)
      """)
  }
}
