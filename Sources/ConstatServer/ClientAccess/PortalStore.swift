import ConstatCore
import Foundation
import Postgres

/// All SQL of what a client account sees. A main account sees what its sub-accounts see (CON-14), a sub-account only
/// its own (CON-15); a dossier where a contact has a row, its reports with `report_access`, its invoices with
/// `invoice_access` or as their payer (DOC-07). A block does not reach contacts who are never blocked (CON-19).
struct PortalStore {
  let organization: UUID
  /// The contact whose account asks.
  let contact: UUID

  /// `reader`: the contact and its sub-accounts.
  private var readers: SQL {
    """
    WITH reader AS (
      SELECT c.id, c.never_block_reports OR m.never_block_reports AS never_blocked
      FROM contact m JOIN contact c ON c.organization_id = m.organization_id
        AND (c.id = m.id OR c.main_account_id = m.id)
      WHERE m.organization_id = \(organization) AND m.id = \(contact)
    )
    """
  }

  /// `granted`: what the readers may see, by dossier.
  private var rights: SQL {
    """
    \(readers), granted AS (
      SELECT a.dossier_id, bool_or(a.report_access) AS report_access, bool_or(a.invoice_access) AS invoice_access,
        bool_or(a.report_access AND r.never_blocked) AS never_blocked
      FROM dossier_contact a JOIN reader r ON r.id = a.contact_id
      WHERE a.organization_id = \(organization) GROUP BY a.dossier_id
    )
    """
  }

  /// The same for one dossier, so that a look at one document does not weigh all that an agency may see.
  private func rights(in dossier: SQL) -> SQL {
    """
    LATERAL (
      SELECT bool_or(a.report_access) AS report_access, bool_or(a.invoice_access) AS invoice_access,
        bool_or(a.report_access AND r.never_blocked) AS never_blocked
      FROM dossier_contact a JOIN reader r ON r.id = a.contact_id
      WHERE a.organization_id = \(organization) AND a.dossier_id = \(dossier) HAVING count(*) > 0
    ) g ON true
    """
  }

  private static let dossierColumns: SQL = """
    d.id, d.number, d.nature, d.status, d.transaction_type, d.property_type, d.street, d.address_complement, d.postcode,
    d.city, d.building_label, d.staircase, d.floor, d.door, d.lot_number, d.property_sold,
    g.report_access, g.invoice_access, d.created_at
    """

  func dossiers(_ page: Page) -> SQL {
    """
    \(rights)
    SELECT \(Self.dossierColumns), d.created_at::text AS _key
    FROM granted g JOIN dossier d ON d.organization_id = \(organization) AND d.id = g.dossier_id
    WHERE d.trashed_at IS NULL \(page.before("d.created_at", "d.id"))
    ORDER BY d.created_at DESC, d.id DESC LIMIT \(page.fetched)
    """
  }

  /// With its visits and its diagnostics, whose validity goes with the reports.
  func dossier(_ id: UUID) -> SQL {
    """
    \(readers)
    SELECT \(Self.dossierColumns),
      coalesce((SELECT json_agg(json_build_object('starts_at', system.wire_instant(p.starts_at),
          'ends_at', system.wire_instant(p.ends_at), 'time_zone', p.time_zone, 'status', p.status) ORDER BY p.starts_at)
        FROM appointment p WHERE p.organization_id = \(organization) AND p.dossier_id = d.id AND p.kind = 'mission'),
        '[]') AS appointments,
      coalesce((SELECT json_agg(json_build_object('diagnostic_code', x.diagnostic_code, 'label', t.label,
          'visited_on', CASE WHEN g.report_access THEN x.visited_on END,
          'valid_until', CASE WHEN g.report_access THEN x.valid_until END) ORDER BY t.position, x.diagnostic_code)
        FROM dossier_diagnostic x JOIN diagnostic_type t ON t.organization_id = x.organization_id
          AND t.code = x.diagnostic_code
        WHERE x.organization_id = \(organization) AND x.dossier_id = d.id), '[]') AS diagnostics
    FROM dossier d JOIN \(rights(in: "d.id"))
    WHERE d.organization_id = \(organization) AND d.id = \(id) AND d.trashed_at IS NULL
    """
  }

  /// Reports and what goes with them need the right on reports; quotes, contracts and reminders tell prices, so they go
  /// with the right on invoices.
  private var documents: SQL {
    """
    FROM document f
    JOIN dossier d ON d.organization_id = f.organization_id AND d.id = f.dossier_id AND d.trashed_at IS NULL
    JOIN \(rights(in: "d.id"))
    WHERE f.organization_id = \(organization) AND CASE
      WHEN f.category IN ('report', 'health_booklet', 'annex') THEN g.report_access ELSE g.invoice_access END
    """
  }

  func documents(of dossier: UUID) -> SQL {
    """
    \(readers)
    SELECT f.id, f.dossier_id, f.category, f.file_name, f.media_type, f.size_bytes,
      f.blocked AND NOT g.never_blocked AS blocked,
      CASE WHEN f.blocked AND NOT g.never_blocked THEN f.blocked_reason END AS blocked_reason, f.created_at
    \(documents) AND f.dossier_id = \(dossier) ORDER BY f.created_at DESC, f.id DESC LIMIT 500
    """
  }

  /// The document as a file to send, when it may be known of at all.
  func file(_ id: UUID) -> SQL {
    """
    \(readers)
    SELECT f.id, f.dossier_id, f.file_name, f.media_type, f.sha256, f.blocked AND NOT g.never_blocked AS blocked,
      f.blocked_reason
    \(documents) AND f.id = \(id)
    """
  }

  private static let invoiceColumns: SQL = """
    i.id, i.kind, i.number, i.dossier_id, i.corrected_invoice_id, i.issued_on, i.due_on, i.service_on, i.currency,
    i.total_excl_tax_cents, i.total_vat_cents, i.total_incl_tax_cents
    """

  func invoices(_ page: Page) -> SQL {
    """
    \(rights), visible AS (
      SELECT i.id FROM granted g
      JOIN invoice i ON i.organization_id = \(organization) AND i.dossier_id = g.dossier_id
      WHERE g.invoice_access AND i.status = 'issued'
      UNION
      SELECT i.id FROM reader r JOIN invoice i ON i.organization_id = \(organization) AND i.payer_id = r.id
      WHERE i.status = 'issued'
    )
    SELECT \(Self.invoiceColumns), i.issued_at::text AS _key
    FROM visible v JOIN invoice i ON i.organization_id = \(organization) AND i.id = v.id
    WHERE true \(page.before("i.issued_at", "i.id"))
    ORDER BY i.issued_at DESC, i.id DESC LIMIT \(page.fetched)
    """
  }

  func invoice(_ id: UUID) -> SQL {
    """
    \(readers)
    SELECT \(Self.invoiceColumns), i.seller, i.payer, i.comment,
      (SELECT json_agg(json_build_object('designation', l.designation, 'quantity',
          system.decimal(l.quantity_ten_thousandths), 'unit_price_excl_tax_cents', l.unit_price_excl_tax_cents,
          'discount_rate', system.percent(l.discount_rate), 'vat_rate', system.percent(l.vat_rate),
          'total_excl_tax_cents', l.total_excl_tax_cents) ORDER BY l.position)
        FROM invoice_line l WHERE l.organization_id = i.organization_id AND l.invoice_id = i.id) AS lines,
      (SELECT json_agg(json_build_object('vat_rate', system.percent(v.vat_rate), 'base_cents', v.base_cents,
          'vat_cents', v.vat_cents) ORDER BY v.vat_rate)
        FROM invoice_vat v WHERE v.organization_id = i.organization_id AND v.invoice_id = i.id) AS vat,
      (SELECT json_agg(json_build_object('due_on', s.due_on, 'amount_cents', s.amount_cents, 'status', s.status)
          ORDER BY s.position)
        FROM instalment s WHERE s.organization_id = i.organization_id AND s.invoice_id = i.id) AS instalments
    FROM invoice i LEFT JOIN \(rights(in: "i.dossier_id"))
    WHERE i.organization_id = \(organization) AND i.id = \(id) AND i.status = 'issued'
      AND (g.invoice_access OR i.payer_id IN (SELECT r.id FROM reader r))
    """
  }
}
