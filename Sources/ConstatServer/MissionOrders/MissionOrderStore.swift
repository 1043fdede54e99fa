import ConstatCore
import Foundation
import Postgres

/// All SQL that reads mission orders: their ten steps, and what came back from the field. Devices write them through
/// the sync.
struct MissionOrderStore {
  static func dossier(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT d.id AS dossier_id, d.number AS dossier_number, d.payer_id, d.owner_id
    FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(id)
    """
  }

  /// The order as far as it was carried out; no row before its start.
  static func order(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT m.id, m.version, m.technician_id, concat_ws(' ', u.first_name, u.last_name) AS technician_name, m.started_at,
      m.started_latitude, m.started_longitude, m.confirmed_step, m.payer_present, m.payment_on_site, m.payment_means,
      m.receipt_requested, m.copy_requested, m.field_note, m.finalised_at, m.ended_at, m.ended_latitude,
      m.ended_longitude
    FROM mission_order m
    JOIN user_account u ON u.organization_id = m.organization_id AND u.id = m.technician_id
    WHERE m.organization_id = \(organization) AND m.dossier_id = \(dossier)
    """
  }

  static func signatures(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT g.id, g.signer, g.signer_name, g.signer_capacity, g.signed_at, encode(g.image_sha256, 'hex') AS image_sha256
    FROM signature g JOIN mission_order m ON m.organization_id = g.organization_id AND m.id = g.mission_order_id
    WHERE m.organization_id = \(organization) AND m.dossier_id = \(dossier) ORDER BY g.signed_at, g.id
    """
  }

  /// Step 1 (MIS-08).
  static func address(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT d.street, d.address_complement, d.postcode, d.city, d.country, d.insee_code, d.latitude, d.longitude
    FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(dossier)
    """
  }

  /// Step 2 (MIS-09).
  static func complement(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT d.floor, d.door, d.staircase, d.building_label, d.lot_number, d.key_pickup, d.escort, d.access_comment
    FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(dossier)
    """
  }

  /// Steps 3 and 4: every contact of the dossier, from whom the payer may be chosen (MIS-10, MIS-11).
  static func contacts(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT c.id, system.displayed_name(c.company_name, c.last_name, c.first_name) AS name, c.street,
      c.address_complement, c.postcode, c.city, c.email, c.phone, c.mobile
    FROM contact c WHERE c.organization_id = \(organization) AND (
      c.id IN (SELECT k.contact_id FROM dossier_contact k
        WHERE k.organization_id = \(organization) AND k.dossier_id = \(dossier))
      OR c.id IN (SELECT x.id FROM dossier d CROSS JOIN unnest(ARRAY[d.owner_id, d.payer_id]) AS x (id)
        WHERE d.organization_id = \(organization) AND d.id = \(dossier)))
    ORDER BY c.last_name, c.id
    """
  }

  /// Step 5 (MIS-12).
  static func outbuildings(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT b.id, b.kind, b.lot_number, b.comment FROM outbuilding b
    WHERE b.organization_id = \(organization) AND b.dossier_id = \(dossier) ORDER BY b.created_at, b.id
    """
  }

  /// Step 6, and the pre-conclusions of the end (MIS-13, MIS-19).
  static func diagnostics(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT g.id, g.diagnostic_code, t.label, g.source, g.pre_conclusion, g.outcome, g.visited_on
    FROM dossier_diagnostic g
    JOIN diagnostic_type t ON t.organization_id = g.organization_id AND t.code = g.diagnostic_code
    WHERE g.organization_id = \(organization) AND g.dossier_id = \(dossier) ORDER BY t.position, g.id
    """
  }

  /// Step 7 (MIS-14).
  static func price(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT d.price_mode, d.gross_incl_tax_cents, d.discount_kind, system.percent(d.discount_rate) AS discount_rate,
      d.discount_cents, d.discount_comment, d.price_incl_tax_cents, system.percent(d.vat_rate) AS vat_rate,
      d.on_site_payment_agreed, d.on_site_payment_means
    FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(dossier)
    """
  }

  /// Step 10: money taken on site (MIS-17).
  static func payments(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT p.id, p.means, p.amount_cents, p.received_at, p.reference, p.bank, p.issuer_name FROM payment p
    WHERE p.organization_id = \(organization) AND p.dossier_id = \(dossier) AND p.source = 'field'
    ORDER BY p.received_at, p.id
    """
  }

  /// What devices wrote of the dossier, and of its contacts since the mission began, field by field.
  static func fieldChanges(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT h.at, h.actor, h.table_name, h.row_id, h.operation, h.changes FROM system.history h
    WHERE h.organization_id = \(organization) AND h.channel = 'sync' AND h.dossier_id = \(dossier)
    UNION ALL
    SELECT h.at, h.actor, h.table_name, h.row_id, h.operation, h.changes FROM system.history h
    JOIN dossier_contact k ON k.organization_id = h.organization_id AND k.contact_id = h.row_id
      AND k.dossier_id = \(dossier)
    JOIN mission_order m ON m.organization_id = h.organization_id AND m.dossier_id = k.dossier_id
    JOIN device v ON v.organization_id = h.organization_id AND v.technician_id = m.technician_id
      AND h.actor = 'device:' || v.id
    WHERE h.organization_id = \(organization) AND h.channel = 'sync' AND h.table_name = 'contact'
      AND h.at >= m.started_at
    ORDER BY 1
    """
  }

  static func image(_ organization: UUID, signature: UUID) -> SQL {
    """
    SELECT \(BlobStore.columns) FROM signature g
    JOIN system.blob b ON b.organization_id = g.organization_id AND b.sha256 = g.image_sha256
    WHERE g.organization_id = \(organization) AND g.id = \(signature)
    """
  }
}
