import ConstatCore
import Foundation
import Postgres

/// All SQL on one dossier's own row. Lists are in ``DossierListStore``, its contacts in ``DossierContactStore``.
struct DossierStore {
  let transaction: Transaction
  let organization: UUID

  init(_ transaction: Transaction, _ organization: UUID) {
    self.transaction = transaction
    self.organization = organization
  }

  /// One dossier as the wire has it, in one statement: its columns, the names behind its roles, its appointment, the
  /// facts about reports, invoices and instalments (DOS-25, DOS-27, DOS-28), and what is signed (MIS-29).
  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT d.id, d.version, d.number, d.internal_reference, d.nature, d.creation_mode, d.status, d.cancellation_reason,
      d.contact_origin, d.urgent, d.property_sold, d.building_id, d.module_id,
      d.requester_id, \(name("requester_id")) AS requester_name, d.prescriber_id, s.prescriber_name,
      d.owner_id, s.owner_name, d.occupant_id, \(name("occupant_id")) AS occupant_name,
      d.buyer_id, \(name("buyer_id")) AS buyer_name, d.payer_id, \(name("payer_id")) AS payer_name,
      d.notary_id, \(name("notary_id")) AS notary_name,
      d.managing_agent_id, \(name("managing_agent_id")) AS managing_agent_name,
      d.transaction_type, d.property_type, d.floor_area_hundredths, d.room_count, d.built_year, d.permit_year,
      d.termite_zone, d.heated, d.collective_heating, d.gas_installation_over_15_years,
      d.electrical_installation_over_15_years, d.co_ownership, d.public_sewer, d.noise_zone,
      d.street, d.address_complement, d.postcode, d.city, d.country, d.insee_code, d.latitude, d.longitude,
      d.floor, d.door, d.staircase, d.building_label, d.lot_number, d.key_pickup, d.escort, d.access_comment,
      d.preliminary_sale_date, d.on_site_payment_agreed, d.on_site_payment_means, d.quote_signed_on,
      d.ademe_form_signed_on,
      d.price_list_id, d.price_mode, d.gross_incl_tax_cents, d.discount_kind,
      system.percent(d.discount_rate) AS discount_rate, d.discount_cents, d.discount_comment, d.price_incl_tax_cents,
      system.percent(d.vat_rate) AS vat_rate, d.estimated_minutes, d.notes, d.created_by, d.archived_at, d.trashed_at,
      s.appointment_id, s.appointment_starts_at, s.appointment_ends_at, s.appointment_time_zone, s.technician_id,
      s.technician_name, s.report_count, s.blocked_report_count, s.downloaded_report_count, s.invoice_count,
      s.invoice_amount_cents, s.instalment_count, s.settled_instalment_count,
      m.finalised_at AS _mission_order_finalised_at,
      \(signed("technician")) AS _technician_signed_at, \(signed("ordering_party")) AS _ordering_party_signed_at,
      \(ProposalStore.openCount("dossier", "d.id", of: "d.organization_id")) AS open_proposals, d.created_at, d.updated_at,
      \(MissionPartStore.factColumns)
    FROM dossier d
    JOIN system.dossier_summary s ON s.organization_id = d.organization_id AND s.dossier_id = d.id
    LEFT JOIN mission_order m ON m.organization_id = d.organization_id AND m.dossier_id = d.id
    WHERE d.organization_id = \(organization) AND d.id = \(id)
    """
  }

  /// The displayed name of the contact in a role; `column` is one of the role columns.
  private static func name(_ column: SQL) -> SQL {
    """
    (SELECT system.displayed_name(c.company_name, c.last_name, c.first_name) FROM contact c
      WHERE c.organization_id = d.organization_id AND c.id = d.\(column))
    """
  }

  private static func signed(_ signer: SQL) -> SQL {
    """
    (SELECT max(g.signed_at) FROM signature g WHERE g.organization_id = m.organization_id
      AND g.mission_order_id = m.id AND g.signer = '\(signer)')
    """
  }

  /// The columns that rules need of a dossier as it stands, the row locked until the end of the transaction; nil when
  /// there is none.
  func current(_ id: UUID) async throws -> [String: JSONValue]? {
    let result = try await transaction.query(
      """
      SELECT d.version, d.nature, d.status, d.internal_reference, d.building_id, d.module_id, d.requester_id,
        d.prescriber_id, d.owner_id, d.occupant_id, d.buyer_id, d.payer_id, d.notary_id, d.managing_agent_id,
        d.transaction_type, d.property_type, d.floor_area_hundredths, d.room_count, d.built_year, d.permit_year,
        d.termite_zone, d.heated, d.collective_heating, d.gas_installation_over_15_years,
        d.electrical_installation_over_15_years, d.co_ownership, d.public_sewer, d.noise_zone, d.city, d.insee_code,
        d.price_list_id, d.price_mode, d.gross_incl_tax_cents, d.discount_kind, d.discount_rate, d.discount_cents,
        d.discount_comment, d.price_incl_tax_cents, d.vat_rate, d.estimated_minutes, d.archived_at, d.trashed_at
      FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(id) FOR NO KEY UPDATE
      """)
    return try result.first.flatMap { try JSONValue($0).object }
  }

  static func diagnosticCodes(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT DISTINCT g.diagnostic_code AS code FROM dossier_diagnostic g
    WHERE g.organization_id = \(organization) AND g.dossier_id = \(dossier)
    """
  }

  /// The dossier's number, next of its series (DOS-02).
  static let nextNumber: SQL = "SELECT system.next_number('dossier') AS number"

  /// What a dossier takes over from the module or building that it is on: address, place and facts, under the names
  /// that they have in a dossier. No row: no such module or building.
  static func place(_ organization: UUID, building: UUID?, module: UUID?) -> SQL {
    """
    SELECT b.id AS building_id, m.id AS module_id, b.street, b.address_complement, b.postcode, b.city, b.country,
      b.insee_code, b.latitude, b.longitude, b.name AS building_label, b.built_year, b.permit_year, b.co_ownership,
      b.collective_heating, b.termite_zone, m.property_type, m.floor_area_hundredths, m.room_count, m.floor, m.door,
      m.staircase, m.lot_number
    FROM building b LEFT JOIN module m ON m.organization_id = b.organization_id AND m.building_id = b.id
      AND m.id = \(module)
    WHERE b.organization_id = \(organization) AND b.id = coalesce(\(building), (SELECT x.building_id FROM module x
      WHERE x.organization_id = \(organization) AND x.id = \(module)))
    """
  }

  /// A contact's name and address.
  static func person(_ organization: UUID, _ contact: UUID?) -> SQL {
    """
    SELECT c.company_name, c.last_name, c.first_name, c.street, c.address_complement, c.postcode, c.city, c.country
    FROM contact c WHERE c.organization_id = \(organization) AND c.id = \(contact)
    """
  }
}
