import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// All SQL that writes invoices and credit notes, with their lines, VAT and instalments.
struct InvoiceStore {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  /// What a document is, as far as changing or issuing it asks; its row locked until the transaction ends.
  struct Head: RowDecodable {
    let id: UUID
    let version: Int64
    let kind: Invoice.Kind
    let status: Invoice.Status
    let company: UUID
    let dossier: UUID?
    let payer: UUID
    let corrected: UUID?
    let dueOn: Day?

    init(row: Row) throws {
      id = try row.get("id")
      version = try row.get("version")
      kind = Invoice.Kind(rawValue: try row.get("kind")) ?? .invoice
      status = Invoice.Status(rawValue: try row.get("status")) ?? .issued
      company = try row.get("company_id")
      dossier = try row.get("dossier_id")
      payer = try row.get("payer_id")
      corrected = try row.get("corrected_invoice_id")
      dueOn = try row.get("due_on")
    }
  }

  /// Locks a document; another organization's, or none: 404.
  func lock(_ id: UUID) async throws -> Head {
    let head = try await transaction.first(
      Head.self,
      """
      SELECT id, version, kind, status, company_id, dossier_id, payer_id, corrected_invoice_id, due_on FROM invoice
      WHERE organization_id = \(organization) AND id = \(id) FOR UPDATE
      """)
    guard let head else { throw Problem.notFound }
    return head
  }

  /// Replaces the lines, and with them the VAT per rate.
  func replace(linesOf invoice: UUID, by priced: PricedInvoice?, ids: [UUID?] = []) async throws {
    let lines = (priced?.lines ?? []).enumerated().map { index, line -> JSONValue in
      let id = (index < ids.count ? ids[index] : nil) ?? clock.newID()
      let members: [String: JSONValue] = [
        "id": .string(id.uuidString), "position": .integer(Int64(index + 1)),
      ]
      return .object(line.columns.merging(members) { $1 })
    }
    let shares = (priced?.totals.shares ?? []).map { share -> JSONValue in
      [
        "id": .string(clock.newID().uuidString), "vat_rate": .integer(Int64(share.rate.hundredths)),
        "base_cents": .integer(share.net.cents), "vat_cents": .integer(share.tax.cents),
      ]
    }
    _ = try await transaction.pipeline([
      "DELETE FROM invoice_line WHERE organization_id = \(organization) AND invoice_id = \(invoice)",
      "DELETE FROM invoice_vat WHERE organization_id = \(organization) AND invoice_id = \(invoice)",
      """
      INSERT INTO invoice_line (organization_id, id, invoice_id, position, reference, designation,
        quantity_ten_thousandths, unit_price_excl_tax_cents, discount_rate, vat_rate, total_excl_tax_cents)
      SELECT \(organization), l.id, \(invoice), l.position, l.reference, l.designation, l.quantity_ten_thousandths,
        l.unit_price_excl_tax_cents, l.discount_rate, l.vat_rate, l.total_excl_tax_cents
      FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(lines).serialized()))) AS l (id uuid, position integer,
        reference text, designation text, quantity_ten_thousandths bigint, unit_price_excl_tax_cents bigint,
        discount_rate integer, vat_rate integer, total_excl_tax_cents bigint)
      """,
      """
      INSERT INTO invoice_vat (organization_id, id, invoice_id, vat_rate, base_cents, vat_cents)
      SELECT \(organization), v.id, \(invoice), v.vat_rate, v.base_cents, v.vat_cents
      FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(shares).serialized()))) AS v (id uuid, vat_rate integer,
        base_cents bigint, vat_cents bigint)
      """,
    ])
  }

  func replace(
    instalmentsOf invoice: UUID, dossier: UUID?, by instalments: [Instalment], ids: [UUID?] = []
  ) async throws {
    let rows = instalments.enumerated().map { index, instalment -> JSONValue in
      let id = (index < ids.count ? ids[index] : nil) ?? clock.newID()
      return [
        "id": .string(id.uuidString), "position": .integer(Int64(index + 1)),
        "due_on": .string(instalment.dueOn.description), "amount_cents": .integer(instalment.amount.cents),
      ]
    }
    _ = try await transaction.pipeline([
      "DELETE FROM instalment WHERE organization_id = \(organization) AND invoice_id = \(invoice)",
      """
      INSERT INTO instalment (organization_id, id, invoice_id, dossier_id, position, due_on, amount_cents)
      SELECT \(organization), t.id, \(invoice), \(dossier), t.position, t.due_on, t.amount_cents
      FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(rows).serialized()))) AS t (id uuid, position integer,
        due_on date, amount_cents bigint)
      """,
    ])
  }

  /// The instalments of a draft follow it to another dossier.
  func move(instalmentsOf invoice: UUID, to dossier: UUID?) async throws {
    _ = try await transaction.execute(
      """
      UPDATE instalment SET dossier_id = \(dossier) WHERE organization_id = \(organization) AND invoice_id = \(invoice)
      """)
  }

  /// Deletes a draft with its parts.
  func delete(_ id: UUID, expected: Int64?) async throws {
    _ = try await transaction.pipeline([
      "DELETE FROM invoice_line WHERE organization_id = \(organization) AND invoice_id = \(id)",
      "DELETE FROM invoice_vat WHERE organization_id = \(organization) AND invoice_id = \(id)",
      "DELETE FROM instalment WHERE organization_id = \(organization) AND invoice_id = \(id)",
    ])
    try await RowStore(transaction: transaction).delete("invoice", id: id, expected: expected)
  }

  /// Takes the next number of a series, and the last day of issue of the company's documents of these kinds, whatever
  /// their year: a new year's first document closes the old year's series. The row of the series stays locked, so that
  /// a rollback leaves no gap.
  func nextNumber(
    _ counter: String, company: UUID, kinds: [Invoice.Kind]
  ) async throws -> (sequence: Int64, last: Day?) {
    let results = try await transaction.pipeline([
      "SELECT system.next_number(\(counter)) AS sequence",
      """
      SELECT max(issued_on) AS issued_on FROM invoice WHERE organization_id = \(organization)
        AND company_id = \(company) AND kind = ANY (\(kinds.map(\.rawValue))) AND status = 'issued'
      """,
    ])
    return (try results[0][0].get("sequence"), try results[1][0].get("issued_on"))
  }

  /// Turns the draft into the document.
  func issue(_ record: InvoiceRecord, hash: ChainHash, seller: JSONValue, payer: JSONValue) -> SQL {
    """
    UPDATE invoice SET status = 'issued', number = \(record.number), series = \(record.series),
      sequence = \(record.sequence), issued_on = \(record.issuedOn), issued_at = \(record.issuedAt),
      due_on = \(record.dueOn), seller = \(JSONB(bytes: seller.serialized())),
      payer = \(JSONB(bytes: payer.serialized())), hash = \(hash.bytes)
    WHERE organization_id = \(organization) AND id = \(record.id)
    """
  }

  /// The seller as documents show it.
  static func seller(_ organization: UUID, _ company: UUID) -> SQL {
    """
    SELECT jsonb_strip_nulls(jsonb_build_object('company_id', c.id::text, 'name', c.name, 'siren', c.siren,
      'siret', c.siret, 'vat_number', c.vat_number, 'street', c.street, 'address_complement', c.address_complement,
      'postcode', c.postcode, 'city', c.city, 'country', c.country, 'iban', c.iban, 'bic', c.bic,
      'vat_point', c.vat_point))::text AS seller
    FROM company c WHERE c.organization_id = \(organization) AND c.id = \(company)
    """
  }

  static func payerSnapshot(_ organization: UUID, invoice: UUID) -> SQL {
    "SELECT payer::text AS payer FROM invoice WHERE organization_id = \(organization) AND id = \(invoice)"
  }

  static func kind(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT kind FROM invoice WHERE organization_id = \(organization) AND id = \(id)"
  }

  static func draft(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT service_on, comment, currency, total_excl_tax_cents, total_vat_cents, total_incl_tax_cents
    FROM invoice WHERE organization_id = \(organization) AND id = \(id)
    """
  }

  static func record(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT id, kind, company_id, dossier_id, payer_id, corrected_invoice_id, number, series, sequence, issued_on,
      issued_at, due_on, service_on, comment, currency, total_excl_tax_cents, total_vat_cents, total_incl_tax_cents,
      seller::text AS seller, payer::text AS payer, hash
    FROM invoice WHERE organization_id = \(organization) AND id = \(id) AND status = 'issued'
    """
  }

  /// Statements whose results ``InvoiceParts`` reads, in order.
  static func parts(_ organization: UUID, _ invoice: UUID) -> [SQL] {
    [
      """
      SELECT reference, designation, quantity_ten_thousandths, unit_price_excl_tax_cents, discount_rate, vat_rate,
        total_excl_tax_cents
      FROM invoice_line WHERE organization_id = \(organization) AND invoice_id = \(invoice) ORDER BY position
      """,
      """
      SELECT vat_rate, base_cents, vat_cents FROM invoice_vat
      WHERE organization_id = \(organization) AND invoice_id = \(invoice) ORDER BY vat_rate DESC
      """,
      """
      SELECT due_on, amount_cents FROM instalment
      WHERE organization_id = \(organization) AND invoice_id = \(invoice) ORDER BY position
      """,
    ]
  }

  static func pricedDossier(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT d.number, d.payer_id, d.price_mode, d.gross_incl_tax_cents, d.discount_kind, d.discount_rate,
      d.discount_cents, d.price_incl_tax_cents, d.vat_rate,
      (SELECT string_agg(DISTINCT t.label, ', ') FROM dossier_diagnostic g
       JOIN diagnostic_type t ON t.organization_id = g.organization_id AND t.code = g.diagnostic_code
       WHERE g.organization_id = d.organization_id AND g.dossier_id = d.id) AS diagnostics
    FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(id)
    """
  }
}
