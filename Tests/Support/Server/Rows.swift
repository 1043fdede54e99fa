import ConstatServer
public import Foundation
import Postgres

/// Rows of every kind in one organization, inserted by SQL, for tests that need something to be there.
public struct TestRows: Sendable {
  /// Kind of row to id, the kinds named as the tables.
  public fileprivate(set) var ids: [String: UUID] = [:]
  /// The agency's client account, signed in.
  public fileprivate(set) var agencyToken = ""
  /// The payer's client account, signed in.
  public fileprivate(set) var payerToken = ""

  public subscript(kind: String) -> UUID {
    guard let id = ids[kind] else { preconditionFailure("no row of kind \(kind)") }
    return id
  }

  fileprivate mutating func draw(_ kinds: String..., by clock: WallClock) {
    for kind in kinds { ids[kind] = clock.newID() }
  }
}

extension TestServer {
  /// A dossier with all that hangs on it: its prescriber is an agency, which sees the reports; its payer also
  /// sees the invoice. The report is a PDF, unblocked.
  public func rows(in org: TestOrganization) async throws -> TestRows {
    var rows = TestRows()
    rows.draw(
      "company", "contact", "agency", "payer", "building", "module", "diagnostic_type", "price_list",
      "price_list_line", "dossier", "dossier_contact", "payer_access", "outbuilding", "dossier_diagnostic",
      "appointment", "lead_analyser", "lead_analyser_booking", "mission_order", "signature", "document",
      "mission_document",
      by: services.clock)
    rows.draw(
      "device", "api_token", "invoice", "draft_invoice", "instalment", "payment", "payment_reversal",
      "deposit_slip", "attachment", "upload",
      "journal_entry", "sync_conflict", "parked_edit", "field_proposal", "agency_account", "payer_account",
      "session", "job",
      by: services.clock)
    rows.ids["technician"] = org.marc.id
    let made = rows
    try await asOwner(org.id) { transaction in
      _ = try await transaction.pipeline(Self.addressBook(org, made))
      _ = try await transaction.pipeline(Self.dossier(org, made))
      _ = try await transaction.pipeline(Self.fieldWork(org, made))
      _ = try await transaction.pipeline(Self.books(org, made))
    }
    rows.agencyToken = try await session(org.id, rows["agency_account"])
    rows.payerToken = try await session(org.id, rows["payer_account"])
    return rows
  }

  /// What a signature begins with; no one looks at the drawing.
  public static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The smallest PDF that a reader would open.
  public static let pdf = Array("%PDF-1.4\n%%EOF\n".utf8)

  private static func addressBook(_ org: TestOrganization, _ rows: TestRows) -> [SQL] {
    [
      """
      INSERT INTO company (organization_id, id, name, siren) VALUES (\(org.id), \(rows["company"]), 'SARL', '732829320')
      """,
      """
      INSERT INTO contact (organization_id, id, kind, last_name) VALUES
        (\(org.id), \(rows["contact"]), 'individual', 'Etcheverry'),
        (\(org.id), \(rows["agency"]), 'agency', 'Agence de la Nive'),
        (\(org.id), \(rows["payer"]), 'professional', 'Payeur')
      """,
      """
      INSERT INTO user_account (organization_id, id, kind, email, last_name, contact_id) VALUES
        (\(org.id), \(rows["agency_account"]), 'client', 'agence@example.test', 'Agence', \(rows["agency"])),
        (\(org.id), \(rows["payer_account"]), 'client', 'payeur@example.test', 'Payeur', \(rows["payer"]))
      """,
      """
      INSERT INTO building (organization_id, id, name) VALUES (\(org.id), \(rows["building"]), 'Résidence Adour')
      """,
      """
      INSERT INTO module (organization_id, id, building_id, label)
      VALUES (\(org.id), \(rows["module"]), \(rows["building"]), 'T3')
      """,
      """
      INSERT INTO diagnostic_type (organization_id, id, code, label)
      VALUES (\(org.id), \(rows["diagnostic_type"]), 'test_dpe', 'DPE')
      """,
      "INSERT INTO price_list (organization_id, id, name) VALUES (\(org.id), \(rows["price_list"]), 'Tarif')",
      """
      INSERT INTO price_list_line (organization_id, id, price_list_id, kind, label, diagnostic_codes,
        amount_incl_tax_cents)
      VALUES (\(org.id), \(rows["price_list_line"]), \(rows["price_list"]), 'unit', 'DPE', '{test_dpe}', 12000)
      """,
      """
      INSERT INTO api_token (organization_id, id, name, scopes, token_hash, created_by)
      VALUES (\(org.id), \(rows["api_token"]), 'Compta', '{invoices:read}', '\\x00', \(org.admin.id))
      """,
      """
      INSERT INTO system.session (organization_id, id, account_id, access_hash, access_expires_at, refresh_hash,
        expires_at)
      VALUES (\(org.id), \(rows["session"]), \(org.sales.id), '\\x01', now() + interval '1 hour', '\\x02',
        now() + interval '1 day')
      """,
    ]
  }

  private static func dossier(_ org: TestOrganization, _ rows: TestRows) -> [SQL] {
    [
      """
      INSERT INTO dossier (organization_id, id, number, nature, status, building_id, module_id, prescriber_id, payer_id,
        created_by, city)
      VALUES (\(org.id), \(rows["dossier"]), 9001, 'sale_rental_management', 'scheduled', \(rows["building"]),
        \(rows["module"]), \(rows["agency"]), \(rows["payer"]), 'sql:test', 'Bayonne')
      """,
      """
      INSERT INTO dossier_contact (organization_id, id, dossier_id, contact_id, report_access, invoice_access) VALUES
        (\(org.id), \(rows["dossier_contact"]), \(rows["dossier"]), \(rows["agency"]), true, false),
        (\(org.id), \(rows["payer_access"]), \(rows["dossier"]), \(rows["payer"]), true, true)
      """,
      """
      INSERT INTO outbuilding (organization_id, id, dossier_id, kind)
      VALUES (\(org.id), \(rows["outbuilding"]), \(rows["dossier"]), 'cellar')
      """,
      """
      INSERT INTO dossier_diagnostic (organization_id, id, dossier_id, diagnostic_code)
      VALUES (\(org.id), \(rows["dossier_diagnostic"]), \(rows["dossier"]), 'test_dpe')
      """,
      """
      INSERT INTO appointment (organization_id, id, dossier_id, technician_id, starts_at, ends_at, time_zone)
      VALUES (\(org.id), \(rows["appointment"]), \(rows["dossier"]), \(org.marc.id), '2026-12-01T08:00Z',
        '2026-12-01T10:00Z', 'Europe/Paris')
      """,
      """
      INSERT INTO lead_analyser (organization_id, id, name) VALUES (\(org.id), \(rows["lead_analyser"]), 'XRF 1')
      """,
      """
      INSERT INTO lead_analyser_booking (organization_id, id, lead_analyser_id, appointment_id, technician_id, day,
        half_day)
      VALUES (\(org.id), \(rows["lead_analyser_booking"]), \(rows["lead_analyser"]), \(rows["appointment"]),
        \(org.marc.id), '2026-12-01', 'morning')
      """,
      """
      INSERT INTO system.blob (organization_id, sha256, media_type, bytes)
      VALUES (\(org.id), sha256(\(pdf)), 'application/pdf', \(pdf)), (\(org.id), sha256(\(png)), 'image/png', \(png))
      """,
      """
      INSERT INTO document (organization_id, id, dossier_id, category, file_name, media_type, size_bytes, sha256)
      VALUES (\(org.id), \(rows["document"]), \(rows["dossier"]), 'report', 'DPE – étage 2.pdf', 'application/pdf',
        \(pdf.count), sha256(\(pdf)))
      """,
    ]
  }

  private static func fieldWork(_ org: TestOrganization, _ rows: TestRows) -> [SQL] {
    [
      """
      INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, started_latitude)
      VALUES (\(org.id), \(rows["mission_order"]), \(rows["dossier"]), \(org.marc.id), now(), 43.49)
      """,
      """
      INSERT INTO signature (organization_id, id, dossier_id, mission_order_id, signer, signer_name, signed_at,
        image_sha256)
      VALUES (\(org.id), \(rows["signature"]), \(rows["dossier"]), \(rows["mission_order"]), 'technician', 'Marc', now(),
        sha256(\(png)))
      """,
      """
      INSERT INTO mission_document (organization_id, id, dossier_id, part, content, content_sha256, state, requested_by,
        file_sha256, media_type, size_bytes, rendered_at)
      VALUES (\(org.id), \(rows["mission_document"]), \(rows["dossier"]), 'intervention_sheet', '{}', sha256('{}'),
        'rendered', 'sql:test', sha256(\(pdf)), 'application/pdf', \(pdf.count), now())
      """,
      """
      INSERT INTO device (organization_id, id, technician_id, name, secret_hash)
      VALUES (\(org.id), \(rows["device"]), \(org.marc.id), 'Tablette', '\\x00')
      """,
      """
      INSERT INTO sync_conflict (organization_id, id, dossier_id, entity_type, entity_id, field, policy, base, mine,
        theirs, chosen, device_id)
      VALUES (\(org.id), \(rows["sync_conflict"]), \(rows["dossier"]), 'dossier', \(rows["dossier"]), 'notes', 'contest',
        '{}', '{"value":"a"}', '{"value":"b"}', 'theirs', \(rows["device"]))
      """,
      """
      INSERT INTO parked_edit (organization_id, id, dossier_id, device_id, sequence, reason, mutation)
      VALUES (\(org.id), \(rows["parked_edit"]), \(rows["dossier"]), \(rows["device"]), 1, 'reassigned', '{}')
      """,
      """
      INSERT INTO attachment (organization_id, id, dossier_id, kind, file_name, media_type, size_bytes, sha256)
      VALUES (\(org.id), \(rows["attachment"]), \(rows["dossier"]), 'paper', 'facture.pdf', 'application/pdf',
        \(pdf.count), sha256(\(pdf)))
      """,
      """
      INSERT INTO system.upload (organization_id, id, actor, sha256, media_type, file_name, size_bytes, expires_at)
      VALUES (\(org.id), \(rows["upload"]), \("user:" + org.admin.wire), sha256('x'), 'image/png', 'p.png', 9,
        now() + interval '1 day')
      """,
      """
      INSERT INTO field_proposal (organization_id, id, dossier_id, entity_type, entity_id, field, signed_value,
        proposed_value, proposed_by)
      VALUES (\(org.id), \(rows["field_proposal"]), \(rows["dossier"]), 'dossier', \(rows["dossier"]), 'street', '"a"',
        '"b"', 'sql:test')
      """,
      """
      INSERT INTO system.job (organization_id, id, kind, arguments) VALUES (\(org.id), \(rows["job"]), 'test', '{}')
      """,
    ]
  }

  /// An issued invoice and a draft; a payment and its reversal. Parts of an issued invoice go in while it is
  /// a draft.
  private static func books(_ org: TestOrganization, _ rows: TestRows) -> [SQL] {
    [
      """
      INSERT INTO invoice (organization_id, id, company_id, kind, dossier_id, payer_id, total_excl_tax_cents,
        total_vat_cents, total_incl_tax_cents) VALUES
        (\(org.id), \(rows["invoice"]), \(rows["company"]), 'invoice', \(rows["dossier"]), \(rows["payer"]), 10000, 2000,
          12000),
        (\(org.id), \(rows["draft_invoice"]), \(rows["company"]), 'invoice', \(rows["dossier"]), \(rows["payer"]), 0, 0,
          0)
      """,
      """
      INSERT INTO instalment (organization_id, id, invoice_id, dossier_id, position, due_on, amount_cents)
      VALUES (\(org.id), \(rows["instalment"]), \(rows["invoice"]), \(rows["dossier"]), 1, '2026-12-31', 12000)
      """,
      """
      INSERT INTO invoice_line (organization_id, id, invoice_id, position, designation, unit_price_excl_tax_cents,
        vat_rate, total_excl_tax_cents)
      VALUES (\(org.id), gen_random_uuid(), \(rows["invoice"]), 1, 'DPE', 10000, 2000, 10000)
      """,
      """
      INSERT INTO invoice_vat (organization_id, id, invoice_id, vat_rate, base_cents, vat_cents)
      VALUES (\(org.id), gen_random_uuid(), \(rows["invoice"]), 2000, 10000, 2000)
      """,
      """
      UPDATE invoice SET status = 'issued', number = 'F-TEST-1', series = 'F-TEST', sequence = 1,
        issued_on = '2026-12-01', issued_at = now(), due_on = '2026-12-31', seller = '{"name":"SARL"}',
        payer = '{"name":"Payeur"}', hash = '\\x00'
      WHERE organization_id = \(org.id) AND id = \(rows["invoice"])
      """,
      """
      INSERT INTO payment (organization_id, id, company_id, dossier_id, payer_id, number, auxiliary, auxiliary_label,
        source, means, amount_cents, received_on, received_at, hash)
      VALUES (\(org.id), \(rows["payment"]), \(rows["company"]), \(rows["dossier"]), \(rows["payer"]), 'R-TEST-1',
        '411TEST', 'Payeur', 'office', 'cheque', 12000, '2026-12-01', now(), '\\x00')
      """,
      """
      INSERT INTO payment_reversal (organization_id, id, payment_id, reason, reversed_on, hash)
      VALUES (\(org.id), \(rows["payment_reversal"]), \(rows["payment"]), 'impayé', '2026-12-02', '\\x00')
      """,
      """
      INSERT INTO deposit_slip (organization_id, id, company_id, number, sequence, means, bank, status, closed_on,
        closed_at, total_cents, hash)
      VALUES (\(org.id), \(rows["deposit_slip"]), \(rows["company"]), 'B-1', 9001, 'cheque', 'Banque', 'closed',
        '2026-12-02', now(), 12000, '\\x00')
      """,
      """
      INSERT INTO journal_entry (organization_id, id, company_id, journal, fiscal_year, number, day, piece_reference,
        piece_day, label, event, source_id, validated_at)
      VALUES (\(org.id), \(rows["journal_entry"]), \(rows["company"]), 'OD', 2026, 9001, '2026-12-01', 'X', '2026-12-01',
        'X', 'test', \(rows["payment"]), now())
      """,
      """
      INSERT INTO journal_line (organization_id, id, entry_id, position, account, account_label, debit_cents,
        credit_cents) VALUES
        (\(org.id), gen_random_uuid(), \(rows["journal_entry"]), 1, '512', 'Banque', 100, 0),
        (\(org.id), gen_random_uuid(), \(rows["journal_entry"]), 2, '411', 'Clients', 0, 100)
      """,
    ]
  }
}
