import ConstatCore
import Foundation
import Postgres

/// Looks for money that was recorded twice: by a device that had no network, and by the office meanwhile.
struct DoublePaymentStore {
  let organization: UUID

  /// How much of a payment just recorded is beyond what the dossier owes, and the live payments on the same debt that
  /// others recorded after `known`, the version that the device had seen. Without an invoice the dossier's price is
  /// what is owed.
  func search(_ payment: UUID, dossier: UUID, known: Int64, device: UUID) -> SQL {
    """
    WITH own AS (
      SELECT p.amount_cents, (SELECT coalesce(sum(a.amount_cents), 0)::bigint FROM payment_allocation a
        WHERE a.organization_id = p.organization_id AND a.payment_id = p.id AND a.reversed_at IS NULL) AS laid
      FROM payment p WHERE p.organization_id = \(organization) AND p.id = \(payment)
    ), owed AS (
      SELECT i.id FROM invoice i WHERE i.organization_id = \(organization) AND i.dossier_id = \(dossier)
        AND i.kind = 'invoice' AND i.status = 'issued'
    ), live AS (
      SELECT p.id, p.number, p.means, p.amount_cents, p.received_on FROM payment p
      WHERE p.organization_id = \(organization) AND (p.dossier_id = \(dossier) OR EXISTS (
          SELECT FROM payment_allocation a WHERE a.organization_id = p.organization_id AND a.payment_id = p.id
            AND a.invoice_id IN (SELECT id FROM owed)))
        AND NOT EXISTS (SELECT FROM payment_reversal r
          WHERE r.organization_id = p.organization_id AND r.payment_id = p.id)
    ), rival AS (
      SELECT l.id, l.number, l.means, l.amount_cents, l.received_on, e.born, s.actor FROM live l
      JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.type = 'payment' AND e.id = l.id
      LEFT JOIN system.seal s ON s.organization_id = e.organization_id AND s.version = e.born
      WHERE l.id <> \(payment) AND e.born > \(known) AND s.device_id IS DISTINCT FROM \(device)
    )
    SELECT CASE WHEN EXISTS (SELECT FROM owed) THEN own.amount_cents - own.laid
        ELSE least(own.amount_cents, (SELECT sum(amount_cents)::bigint FROM live) - coalesce(d.price_incl_tax_cents, 0))
      END AS surplus_cents,
      (SELECT jsonb_agg(jsonb_build_object('id', r.id, 'number', r.number, 'means', r.means,
        'amount_cents', r.amount_cents, 'received_on', r.received_on) ORDER BY r.born, r.id) FROM rival r) AS rivals,
      (SELECT max(r.born) FROM rival r) AS version,
      (SELECT r.actor FROM rival r ORDER BY r.born DESC, r.id DESC LIMIT 1) AS actor
    FROM own JOIN dossier d ON d.organization_id = \(organization) AND d.id = \(dossier)
    """
  }
}
