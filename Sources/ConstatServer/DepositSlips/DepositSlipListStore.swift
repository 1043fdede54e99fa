import ConstatCore
import Foundation
import Postgres

/// What callers see of deposit slips. Of an open slip the payments are those that its closure would hand over now; of a
/// closed one those that it did.
struct DepositSlipListStore {
  private static let columns: SQL = """
    s.id, s.version, s.company_id, s.number, s.means, s.bank, s.status, s.closed_on, s.closed_at,
    coalesce(s.total_cents, n.total) AS total_cents, n.count AS instalment_count, s.created_at, s.updated_at
    """

  /// One row per payment on a slip, with the instalment that brought it there.
  private static let content: SQL = """
    (SELECT k.deposit_slip_id, k.payment_id, k.instalment_id, k.amount_cents, k.position::bigint AS position
     FROM deposit_slip_item k WHERE k.organization_id = s.organization_id AND k.deposit_slip_id = s.id
     UNION ALL
     SELECT s.id, w.payment_id, w.instalment_id, w.amount_cents,
       row_number() OVER (ORDER BY w.number, w.instalment_position)
     FROM (SELECT DISTINCT ON (p.id) p.id AS payment_id, t.id AS instalment_id, p.amount_cents, i.number,
         t.position AS instalment_position
       FROM instalment t
       JOIN invoice i ON i.organization_id = t.organization_id AND i.id = t.invoice_id
       JOIN payment_allocation a ON a.organization_id = t.organization_id AND a.instalment_id = t.id
         AND a.reversed_at IS NULL
       JOIN payment p ON p.organization_id = a.organization_id AND p.id = a.payment_id AND p.means = s.means
       WHERE s.status = 'open' AND t.organization_id = s.organization_id AND t.deposit_slip_id = s.id
         AND NOT EXISTS (SELECT FROM deposit_slip_item k WHERE k.organization_id = p.organization_id
           AND k.payment_id = p.id)
       ORDER BY p.id, i.number, t.position) w)
    """

  private static let source: SQL = """
    FROM deposit_slip s
    CROSS JOIN LATERAL (SELECT coalesce(sum(x.amount_cents), 0)::bigint AS total,
      count(DISTINCT x.instalment_id) AS count FROM \(content) x) AS n
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT \(columns), encode(s.hash, 'hex') AS hash,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('payment_id', x.payment_id, 'payment_number', p.number,
        'reference', p.reference, 'issuer_name', p.issuer_name, 'payer_name', p.auxiliary_label,
        'instalment_id', x.instalment_id, 'instalment_position', t.position, 'instalment_status', t.status,
        'instalment_amount_cents', t.amount_cents, 'invoice_id', t.invoice_id, 'invoice_number', i.number,
        'amount_cents', x.amount_cents) ORDER BY x.position), '[]')
        FROM \(content) x
        JOIN payment p ON p.organization_id = s.organization_id AND p.id = x.payment_id
        JOIN instalment t ON t.organization_id = s.organization_id AND t.id = x.instalment_id
        JOIN invoice i ON i.organization_id = t.organization_id AND i.id = t.invoice_id) AS items
    \(source) WHERE s.organization_id = \(organization) AND s.id = \(id)
    """
  }

  static let filters = ["status", "means", "bank", "company_id", "from", "to"]

  /// Newest first (DEP-03).
  static func page(_ organization: UUID, _ query: QueryParameters, _ page: Page) throws -> SQL {
    try query.only("limit", "cursor", "status", "means", "bank", "company_id", "from", "to")
    var conditions: SQL = ""
    if let status = try query.choice("status", DepositSlip.Status.allCases.map(\.rawValue)) {
      conditions += "AND s.status = \(status) "
    }
    if let means = try query.choice("means", ["cheque", "cash"]) { conditions += "AND s.means = \(means) " }
    if let bank = try query.text("bank") { conditions += "AND system.fold(s.bank) = system.fold(\(bank)) " }
    if let company = try query.uuid("company_id") { conditions += "AND s.company_id = \(company) " }
    if let from = try query.day("from") { conditions += "AND s.closed_on >= \(from) " }
    if let to = try query.day("to") { conditions += "AND s.closed_on <= \(to) " }
    return """
      SELECT \(columns), s.created_at::text AS _key \(source)
      WHERE s.organization_id = \(organization) \(conditions) \(page.before("s.created_at", "s.id"))
      ORDER BY s.created_at DESC, s.id DESC LIMIT \(page.fetched)
      """
  }
}
