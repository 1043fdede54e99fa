import ConstatCore
import Foundation
import Postgres

/// What callers see of payments.
struct PaymentListStore {
  private static let columns: SQL = """
    p.id, p.version, p.company_id, p.number, p.dossier_id, p.payer_id, p.auxiliary_label AS payer_name, p.source,
    p.means, p.amount_cents, p.amount_cents - CASE WHEN r.id IS NULL THEN l.allocated ELSE p.amount_cents END
      AS unallocated_cents, p.received_on, p.received_at, p.reference, p.bank, p.issuer_name, p.comment,
    (SELECT s.deposit_slip_id FROM deposit_slip_item s WHERE s.organization_id = p.organization_id
      AND s.payment_id = p.id) AS deposit_slip_id,
    r.reversed_on, p.created_at, p.updated_at
    """

  private static let source: SQL = """
    FROM payment p
    LEFT JOIN payment_reversal r ON r.organization_id = p.organization_id AND r.payment_id = p.id
    CROSS JOIN LATERAL (SELECT coalesce(sum(a.amount_cents), 0)::bigint AS allocated FROM payment_allocation a
      WHERE a.organization_id = p.organization_id AND a.payment_id = p.id AND a.reversed_at IS NULL) AS l
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT \(columns), encode(p.hash, 'hex') AS hash,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'invoice_id', a.invoice_id, 'invoice_number', i.number,
        'instalment_id', a.instalment_id, 'instalment_position', t.position, 'amount_cents', a.amount_cents,
        'allocated_on', a.allocated_on, 'is_reversed', a.reversed_at IS NOT NULL,
        'by_vat_rate', (SELECT coalesce(jsonb_agg(jsonb_build_object('vat_rate', system.percent(v.key::bigint),
          'incl_tax_cents', v.value -> 0, 'vat_cents', v.value -> 1) ORDER BY v.key::bigint DESC), '[]')
          FROM jsonb_each(a.by_vat_rate) v))
        ORDER BY a.allocated_on, i.number, t.position, a.id), '[]')
        FROM payment_allocation a
        JOIN invoice i ON i.organization_id = a.organization_id AND i.id = a.invoice_id
        JOIN instalment t ON t.organization_id = a.organization_id AND t.id = a.instalment_id
        WHERE a.organization_id = p.organization_id AND a.payment_id = p.id) AS allocations,
      CASE WHEN r.id IS NOT NULL THEN jsonb_build_object('id', r.id, 'reason', r.reason, 'reversed_on', r.reversed_on,
        'bank_fee_cents', r.bank_fee_cents) END AS reversal
    \(source) WHERE p.organization_id = \(organization) AND p.id = \(id)
    """
  }

  static let filters = [
    "company_id", "dossier_id", "payer_id", "invoice_id", "means", "source", "unallocated", "reversed",
    "from", "to",
  ]

  /// Newest first.
  static func page(_ organization: UUID, _ query: QueryParameters, _ page: Page) throws -> SQL {
    try query.only(
      "limit", "cursor", "company_id", "dossier_id", "payer_id", "invoice_id", "means", "source",
      "unallocated",
      "reversed", "from", "to")
    return """
      SELECT \(columns), p.created_at::text AS _key \(source)
      WHERE p.organization_id = \(organization) \(try conditions(query))
      \(page.before("p.created_at", "p.id"))
      ORDER BY p.created_at DESC, p.id DESC LIMIT \(page.fetched)
      """
  }

  private static func conditions(_ query: QueryParameters) throws -> SQL {
    var conditions: SQL = ""
    if let company = try query.uuid("company_id") { conditions += "AND p.company_id = \(company) " }
    if let dossier = try query.uuid("dossier_id") { conditions += "AND p.dossier_id = \(dossier) " }
    if let payer = try query.uuid("payer_id") { conditions += "AND p.payer_id = \(payer) " }
    if let invoice = try query.uuid("invoice_id") {
      conditions += """
        AND EXISTS (SELECT FROM payment_allocation a WHERE a.organization_id = p.organization_id
          AND a.payment_id = p.id AND a.invoice_id = \(invoice) AND a.reversed_at IS NULL)\u{20}
        """
    }
    if let means = try query.choice("means", PaymentMeans.allCases.map(\.rawValue)) {
      conditions += "AND p.means = \(means) "
    }
    if let source = try query.choice("source", Payment.Source.allCases.map(\.rawValue)) {
      conditions += "AND p.source = \(source) "
    }
    if let unallocated = try query.bool("unallocated") {
      conditions += "AND (r.id IS NULL AND l.allocated < p.amount_cents) = \(unallocated) "
    }
    if let reversed = try query.bool("reversed") { conditions += "AND (r.id IS NOT NULL) = \(reversed) " }
    if let from = try query.day("from") { conditions += "AND p.received_on >= \(from) " }
    if let to = try query.day("to") { conditions += "AND p.received_on <= \(to) " }
    return conditions
  }
}
