import ConstatCore
import Foundation
import Postgres

/// What staff and API tokens see of invoices and credit notes; clients see theirs in the portal (INV-27).
struct InvoiceListStore {
  /// What an invoice comes to beyond its own row: `credited` and `paid`, in cents.
  private static let balance: SQL = """
    CROSS JOIN LATERAL (SELECT
      coalesce((SELECT -sum(n.total_incl_tax_cents) FROM invoice n WHERE n.organization_id = i.organization_id
        AND n.corrected_invoice_id = i.id AND n.status = 'issued'), 0)::bigint AS credited,
      coalesce((SELECT sum(a.amount_cents) FROM payment_allocation a WHERE a.organization_id = i.organization_id
        AND a.invoice_id = i.id AND a.reversed_at IS NULL), 0)::bigint AS paid) AS b
    """

  private static let columns: SQL = """
    i.id, i.version, i.company_id, i.kind, i.status, i.number, i.dossier_id, d.number AS dossier_number,
    d.internal_reference AS dossier_reference, i.payer_id,
    coalesce(i.payer ->> 'name', nullif(c.company_name, ''), concat_ws(' ', c.last_name, c.first_name)) AS payer_name,
    i.corrected_invoice_id,
    (SELECT coalesce(array_agg(n.number ORDER BY n.number), '{}') FROM invoice n
      WHERE n.organization_id = i.organization_id AND n.status = 'issued'
        AND (n.corrected_invoice_id = i.id OR n.id = i.corrected_invoice_id)) AS linked_numbers,
    i.issued_on, i.due_on, i.service_on, i.currency, d.price_incl_tax_cents AS mission_price_cents,
    i.total_excl_tax_cents, i.total_vat_cents, i.total_incl_tax_cents, b.credited AS credited_cents,
    b.paid AS paid_cents, \(balanceOf) AS balance_cents, greatest(\(balanceOf), 0) AS remaining_due_cents,
    i.status = 'issued' AND \(balanceOf) <= 0 AS settled, i.archived_at, i.created_at, i.updated_at
    """

  /// What is owed: nothing on a draft or a credit note; below zero the payer's credit.
  private static let balanceOf: SQL = """
    CASE WHEN i.status = 'issued' AND i.kind = 'invoice' THEN i.total_incl_tax_cents - b.credited - b.paid ELSE 0 END
    """

  private static let source: SQL = """
    FROM invoice i \(balance)
    JOIN contact c ON c.organization_id = i.organization_id AND c.id = i.payer_id
    LEFT JOIN dossier d ON d.organization_id = i.organization_id AND d.id = i.dossier_id
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT \(columns), i.comment, i.seller, i.payer, encode(i.hash, 'hex') AS hash,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'position', l.position, 'reference', l.reference,
        'designation', l.designation, 'quantity', system.decimal(l.quantity_ten_thousandths),
        'unit_price_excl_tax_cents', l.unit_price_excl_tax_cents, 'discount_rate', system.percent(l.discount_rate),
        'vat_rate', system.percent(l.vat_rate), 'total_excl_tax_cents', l.total_excl_tax_cents) ORDER BY l.position),
        '[]') FROM invoice_line l WHERE l.organization_id = i.organization_id AND l.invoice_id = i.id) AS lines,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('vat_rate', system.percent(v.vat_rate),
        'base_cents', v.base_cents, 'vat_cents', v.vat_cents) ORDER BY v.vat_rate DESC), '[]')
        FROM invoice_vat v WHERE v.organization_id = i.organization_id AND v.invoice_id = i.id) AS vat,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'position', t.position, 'due_on', t.due_on,
        'amount_cents', t.amount_cents, 'status', t.status, 'deposit_slip_id', t.deposit_slip_id,
        'paid_cents', (SELECT coalesce(sum(a.amount_cents), 0)::bigint FROM payment_allocation a
          WHERE a.organization_id = t.organization_id AND a.instalment_id = t.id AND a.reversed_at IS NULL))
        ORDER BY t.position), '[]')
        FROM instalment t WHERE t.organization_id = i.organization_id AND t.invoice_id = i.id) AS instalments,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'kind', n.kind, 'number', n.number) ORDER BY n.number),
        '[]') FROM invoice n WHERE n.organization_id = i.organization_id AND n.status = 'issued'
        AND (n.corrected_invoice_id = i.id OR n.id = i.corrected_invoice_id)) AS linked
    \(source)
    WHERE i.organization_id = \(organization) AND i.id = \(id)
    """
  }

  static let filters = [
    "status", "kind", "company_id", "dossier_id", "payer_id", "settled", "archived", "from", "to",
  ]

  /// Newest first.
  static func page(_ organization: UUID, _ query: QueryParameters, _ page: Page) throws -> SQL {
    try query.only(
      "limit", "cursor", "status", "kind", "company_id", "dossier_id", "payer_id", "settled", "archived",
      "from", "to")
    return """
      SELECT \(columns), i.created_at::text AS _key \(source)
      WHERE i.organization_id = \(organization) \(try conditions(query))
      \(page.before("i.created_at", "i.id"))
      ORDER BY i.created_at DESC, i.id DESC LIMIT \(page.fetched)
      """
  }

  private static func conditions(_ query: QueryParameters) throws -> SQL {
    var conditions: SQL = ""
    if let status = try query.choice("status", Invoice.Status.allCases.map(\.rawValue)) {
      conditions += "AND i.status = \(status) "
    }
    if let kind = try query.choice("kind", Invoice.Kind.allCases.map(\.rawValue)) {
      conditions += "AND i.kind = \(kind) "
    }
    if let company = try query.uuid("company_id") { conditions += "AND i.company_id = \(company) " }
    if let dossier = try query.uuid("dossier_id") { conditions += "AND i.dossier_id = \(dossier) " }
    if let payer = try query.uuid("payer_id") { conditions += "AND i.payer_id = \(payer) " }
    if let settled = try query.bool("settled") {
      conditions += "AND (i.status = 'issued' AND \(balanceOf) <= 0) = \(settled) "
    }
    if let archived = try query.bool("archived") {
      conditions += "AND (i.archived_at IS NOT NULL) = \(archived) "
    }
    if let from = try query.day("from") { conditions += "AND i.issued_on >= \(from) " }
    if let to = try query.day("to") { conditions += "AND i.issued_on <= \(to) " }
    return conditions
  }

  static let instalmentFilters = [
    "status", "invoice_id", "dossier_id", "company_id", "deposit_slip_id", "due_from", "due_to",
  ]

  /// Instalments of issued invoices with the columns of the list (INV-21), newest first.
  static func instalments(_ organization: UUID, _ query: QueryParameters, _ page: Page) throws -> SQL {
    try query.only(
      "limit", "cursor", "status", "invoice_id", "dossier_id", "company_id", "deposit_slip_id", "due_from",
      "due_to")
    var conditions: SQL = ""
    if let status = try query.choice("status", Instalment.Status.allCases.map(\.rawValue)) {
      conditions += "AND t.status = \(status) "
    }
    if let invoice = try query.uuid("invoice_id") { conditions += "AND t.invoice_id = \(invoice) " }
    if let dossier = try query.uuid("dossier_id") { conditions += "AND t.dossier_id = \(dossier) " }
    if let company = try query.uuid("company_id") { conditions += "AND i.company_id = \(company) " }
    if let slip = try query.uuid("deposit_slip_id") { conditions += "AND t.deposit_slip_id = \(slip) " }
    if let from = try query.day("due_from") { conditions += "AND t.due_on >= \(from) " }
    if let to = try query.day("due_to") { conditions += "AND t.due_on <= \(to) " }
    return """
      SELECT t.id, t.version, i.company_id, t.invoice_id, i.number AS invoice_number, t.position, t.dossier_id,
        d.number AS dossier_number, d.internal_reference AS dossier_reference,
        d.price_incl_tax_cents AS mission_price_cents, i.total_incl_tax_cents AS invoice_total_cents, t.amount_cents,
        (SELECT coalesce(sum(a.amount_cents), 0)::bigint FROM payment_allocation a
          WHERE a.organization_id = t.organization_id AND a.instalment_id = t.id AND a.reversed_at IS NULL) AS paid_cents,
        t.due_on, t.status, t.deposit_slip_id, s.number AS deposit_slip_number, t.created_at, t.updated_at,
        t.created_at::text AS _key
      FROM instalment t
      JOIN invoice i ON i.organization_id = t.organization_id AND i.id = t.invoice_id
      LEFT JOIN dossier d ON d.organization_id = t.organization_id AND d.id = t.dossier_id
      LEFT JOIN deposit_slip s ON s.organization_id = t.organization_id AND s.id = t.deposit_slip_id
      WHERE t.organization_id = \(organization) AND i.status = 'issued' \(conditions)
      \(page.before("t.created_at", "t.id"))
      ORDER BY t.created_at DESC, t.id DESC LIMIT \(page.fetched)
      """
  }
}
