import ConstatCore
import ConstatServer
import Foundation
import Postgres

/// Reads, past all rules and as the superuser, what the database says of money.
struct BooksStore {
  let superuser: Pool
  let organization: UUID

  func books() async throws -> Books {
    var books = Books()
    for row in try await superuser.query(payments) {
      let contested: String? = try row.get("contested")
      books.payments.append(
        Books.Payment(
          id: (try row.get("id") as UUID).wire, dossier: try row.get("dossier_id", as: UUID?.self)?.wire,
          reference: try row.get("reference"), means: try row.get("means"),
          cents: try row.get("amount_cents"),
          isReversed: try row.get("is_reversed"), laid: try row.get("laid"),
          treasury: try row.get("treasury"),
          customers: try row.get("customers"), born: try row.get("born"), undone: try row.get("undone"),
          actor: try row.get("actor"),
          contested: try contested.map { text in
            Set(try JSONValue.parse(text).array?.compactMap(\.string) ?? [])
          }))
    }
    for row in try await superuser.query(invoices) {
      books.invoices.append(
        Books.Invoice(number: try row.get("number"), total: try row.get("total"), laid: try row.get("laid")))
    }
    for row in try await superuser.query(totals) {
      books.treasury = try row.get("treasury")
      books.customers = try row.get("customers")
    }
    books.crooked = try await superuser.query(crooked).map { try $0.get("number") }
    books.brokenLink = try await VerifyChain(querying: superuser).verify(organization).map { "\($0)" }
    return books
  }

  private var payments: SQL {
    """
    SELECT p.id, p.dossier_id, coalesce(p.reference, '') AS reference, p.means, p.amount_cents, r.id IS NOT NULL AS is_reversed,
      (SELECT coalesce(sum(a.amount_cents), 0)::bigint FROM payment_allocation a
        WHERE a.organization_id = p.organization_id AND a.payment_id = p.id AND a.reversed_at IS NULL) AS laid,
      l.treasury, l.customers, coalesce(h.actor, '') AS actor, coalesce(s.version, 0) AS born,
      (SELECT max(z.version) FROM system.history y JOIN system.seal z
        ON z.organization_id = y.organization_id AND z.transaction_id = y.transaction_id
        WHERE y.organization_id = r.organization_id AND y.row_id = r.id AND y.operation = 'insert') AS undone,
      (SELECT jsonb_path_query_array(c.theirs, '$.value[*].id')::text FROM sync_conflict c
        WHERE c.organization_id = p.organization_id AND c.entity_id = p.id AND c.field = '_surplus' LIMIT 1) AS contested
    FROM payment p
    LEFT JOIN payment_reversal r ON r.organization_id = p.organization_id AND r.payment_id = p.id
    LEFT JOIN system.history h ON h.organization_id = p.organization_id AND h.row_id = p.id AND h.operation = 'insert'
      AND h.table_name = 'payment'
    LEFT JOIN system.seal s ON s.organization_id = h.organization_id AND s.transaction_id = h.transaction_id
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(j.debit_cents - j.credit_cents) FILTER (WHERE j.account LIKE '5%'), 0)::bigint AS treasury,
        coalesce(sum(j.debit_cents - j.credit_cents) FILTER (WHERE j.account LIKE '411%'), 0)::bigint AS customers
      FROM journal_entry e JOIN journal_line j ON j.organization_id = e.organization_id AND j.entry_id = e.id
      WHERE e.organization_id = p.organization_id AND e.source_id IN (p.id, r.id)
    ) AS l
    WHERE p.organization_id = \(organization)
    """
  }

  private var invoices: SQL {
    """
    SELECT i.number, i.total_incl_tax_cents AS total,
      (SELECT coalesce(sum(a.amount_cents), 0)::bigint FROM payment_allocation a
        WHERE a.organization_id = i.organization_id AND a.invoice_id = i.id AND a.reversed_at IS NULL) AS laid
    FROM invoice i
    WHERE i.organization_id = \(organization) AND i.kind = 'invoice' AND i.status = 'issued'
    """
  }

  private var totals: SQL {
    """
    SELECT coalesce(sum(debit_cents - credit_cents) FILTER (WHERE account LIKE '5%'), 0)::bigint AS treasury,
      coalesce(sum(debit_cents - credit_cents) FILTER (WHERE account LIKE '411%'), 0)::bigint AS customers
    FROM journal_line WHERE organization_id = \(organization)
    """
  }

  private var crooked: SQL {
    """
    SELECT e.journal || e.number AS number FROM journal_entry e
    LEFT JOIN journal_line l ON l.organization_id = e.organization_id AND l.entry_id = e.id
    WHERE e.organization_id = \(organization) GROUP BY e.journal, e.number
    HAVING coalesce(sum(l.debit_cents - l.credit_cents), 1) <> 0
    """
  }
}
