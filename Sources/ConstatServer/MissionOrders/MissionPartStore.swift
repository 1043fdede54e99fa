import ConstatCore
import Foundation
import Postgres

/// All SQL that reads what the parts of a mission order are made of, and what stands for or against each.
struct MissionPartStore {
  /// Who ordered: the requester, or else who pays, or else who owns.
  static let orderingRoles = ["requester", "payer", "owner"]

  /// The contact of the first of these roles that a dossier has; alias `d`.
  static let orderingParty: SQL = .script(
    trusted: "coalesce(\(orderingRoles.map { "d.\($0)_id" }.joined(separator: ", ")))")

  /// What decides whether a part is to be had, as columns that stay inside the server. Aliases: `d` a dossier, `m` its
  /// mission order.
  static let factColumns: SQL = """
    d.status = 'cancelled' AS _is_cancelled,
    EXISTS (SELECT 1 FROM appointment fa WHERE fa.organization_id = d.organization_id AND fa.dossier_id = d.id
      AND fa.kind = 'mission' AND fa.status <> 'cancelled') AS _has_appointment,
    d.price_incl_tax_cents IS NOT NULL AS _has_price,
    \(orderingParty) IS NOT NULL AS _has_ordering_party,
    d.quote_signed_on IS NOT NULL AS _is_quote_signed, m.finalised_at IS NOT NULL AS _is_order_signed,
    \(paidOnSite) AS _is_paid_on_site
    """

  private static let paidOnSite: SQL = """
    EXISTS (SELECT 1 FROM payment fp WHERE fp.organization_id = d.organization_id AND fp.dossier_id = d.id
      AND fp.source = 'field' AND NOT EXISTS (SELECT 1 FROM payment_reversal fr
        WHERE fr.organization_id = fp.organization_id AND fr.payment_id = fp.id))
    """

  static func facts(_ row: Row) throws -> MissionOrderPart.Facts {
    func fact(_ name: String) throws -> Bool { try row.get(name, as: Bool?.self) ?? false }
    return try MissionOrderPart.Facts(
      isCancelled: fact("_is_cancelled"), hasAppointment: fact("_has_appointment"),
      hasPrice: fact("_has_price"), hasOrderingParty: fact("_has_ordering_party"),
      isQuoteSigned: fact("_is_quote_signed"), isOrderSigned: fact("_is_order_signed"),
      isPaidOnSite: fact("_is_paid_on_site"))
  }

  static func facts(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT \(factColumns) FROM dossier d
    LEFT JOIN mission_order m ON m.organization_id = d.organization_id AND m.dossier_id = d.id
    WHERE d.organization_id = \(organization) AND d.id = \(dossier)
    """
  }

  /// What every part says at its head.
  static func head(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT d.number AS dossier_number, d.internal_reference, d.nature, d.street, d.address_complement, d.postcode, d.city,
      d.country, d.building_label, d.staircase, d.floor, d.door, d.lot_number
    FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(dossier)
    """
  }

  /// The legal entity in whose name the part speaks: the one that took the money on site, or else the first.
  static func company(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT c.name, c.siren, c.siret, c.vat_number, c.street, c.address_complement, c.postcode, c.city, c.country
    FROM company c WHERE c.organization_id = \(organization)
    ORDER BY c.id = (SELECT p.company_id FROM payment p WHERE p.organization_id = \(organization)
      AND p.dossier_id = \(dossier) AND p.source = 'field' ORDER BY p.received_at DESC LIMIT 1) DESC NULLS LAST,
      c.created_at, c.id LIMIT 1
    """
  }

  /// What the technician must know of the property and of the order.
  static func technical(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT d.property_type, d.floor_area_hundredths, d.room_count, d.built_year, d.permit_year, d.termite_zone, d.heated,
      d.collective_heating, d.gas_installation_over_15_years, d.electrical_installation_over_15_years, d.co_ownership,
      d.public_sewer, d.noise_zone, d.latitude, d.longitude, d.key_pickup, d.escort, d.access_comment, d.urgent,
      d.transaction_type, d.preliminary_sale_date, d.on_site_payment_agreed, d.on_site_payment_means, d.quote_signed_on,
      d.ademe_form_signed_on, d.estimated_minutes, d.notes, b.name AS building_name, u.label AS module_label
    FROM dossier d LEFT JOIN building b ON b.organization_id = d.organization_id AND b.id = d.building_id
    LEFT JOIN module u ON u.organization_id = d.organization_id AND u.id = d.module_id
    WHERE d.organization_id = \(organization) AND d.id = \(dossier)
    """
  }

  /// Who has a role in the dossier.
  static func parties(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT r.role, system.displayed_name(c.company_name, c.last_name, c.first_name) AS name, c.street,
      c.address_complement, c.postcode, c.city, c.email, c.phone, c.mobile
    FROM dossier d CROSS JOIN LATERAL (VALUES (1, 'requester', d.requester_id), (2, 'prescriber', d.prescriber_id),
      (3, 'owner', d.owner_id), (4, 'occupant', d.occupant_id), (5, 'buyer', d.buyer_id), (6, 'payer', d.payer_id),
      (7, 'notary', d.notary_id), (8, 'managing_agent', d.managing_agent_id)) AS r (place, role, contact_id)
    JOIN contact c ON c.organization_id = d.organization_id AND c.id = r.contact_id
    WHERE d.organization_id = \(organization) AND d.id = \(dossier) ORDER BY r.place
    """
  }

  static func visits(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT a.starts_at, a.ends_at, a.time_zone, concat_ws(' ', u.first_name, u.last_name) AS technician_name, a.status,
      a.comment, (SELECT l.name FROM lead_analyser_booking x
        JOIN lead_analyser l ON l.organization_id = x.organization_id AND l.id = x.lead_analyser_id
        WHERE x.organization_id = a.organization_id AND x.appointment_id = a.id ORDER BY x.day, x.half_day DESC LIMIT 1)
        AS lead_analyser_name
    FROM appointment a JOIN user_account u ON u.organization_id = a.organization_id AND u.id = a.technician_id
    WHERE a.organization_id = \(organization) AND a.dossier_id = \(dossier) AND a.kind = 'mission'
      AND a.status <> 'cancelled'
    ORDER BY a.starts_at, a.id
    """
  }

  /// What both parties have signed, with whose names; the drawings by the SHA-256 of their bytes. None before the order
  /// is finalised: until then the office may change what the one who signed has read.
  static func signatures(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT g.signer, g.signer_name, g.signer_capacity, g.signed_at, encode(g.image_sha256, 'hex') AS image_sha256
    FROM signature g JOIN mission_order m ON m.organization_id = g.organization_id AND m.id = g.mission_order_id
    WHERE m.organization_id = \(organization) AND m.dossier_id = \(dossier) AND m.finalised_at IS NOT NULL
    ORDER BY g.signed_at, g.id
    """
  }

  /// Money taken on site and kept.
  static func payments(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT p.number, p.means, p.amount_cents, p.received_on, p.reference, p.bank, p.issuer_name,
      system.displayed_name(c.company_name, c.last_name, c.first_name) AS payer_name,
      concat_ws(' ', u.first_name, u.last_name) AS received_by
    FROM payment p LEFT JOIN contact c ON c.organization_id = p.organization_id AND c.id = p.payer_id
    LEFT JOIN mission_order m ON m.organization_id = p.organization_id AND m.dossier_id = p.dossier_id
    LEFT JOIN user_account u ON u.organization_id = m.organization_id AND u.id = m.technician_id
    WHERE p.organization_id = \(organization) AND p.dossier_id = \(dossier) AND p.source = 'field'
      AND NOT EXISTS (SELECT 1 FROM payment_reversal v
        WHERE v.organization_id = p.organization_id AND v.payment_id = p.id)
    ORDER BY p.received_at, p.id
    """
  }
}
