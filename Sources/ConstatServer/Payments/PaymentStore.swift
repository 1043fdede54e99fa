import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// All SQL that writes payments, what they settle, and what undoes them.
struct PaymentStore {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  static func record(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT \(PaymentRecord.columns) FROM payment p WHERE p.organization_id = \(organization) AND p.id = \(id)
    """
  }

  static func payer(_ organization: UUID, _ id: UUID?) -> SQL {
    """
    SELECT \(PayerSnapshot.columns) FROM contact c WHERE c.organization_id = \(organization) AND c.id = \(id)
    """
  }

  static func company(_ organization: UUID, ofInstalments instalments: [UUID]) -> SQL {
    """
    SELECT i.company_id FROM instalment t
    JOIN invoice i ON i.organization_id = t.organization_id AND i.id = t.invoice_id
    WHERE t.organization_id = \(organization) AND t.id = ANY (\(instalments)) ORDER BY i.id LIMIT 1
    """
  }

  /// A payment undone, with the payment.
  static func reversal(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT r.hash, \(PaymentRecord.columns), r.id AS reversal_id, r.reason, r.reversed_on, r.bank_fee_cents
    FROM payment_reversal r JOIN payment p ON p.organization_id = r.organization_id AND p.id = r.payment_id
    WHERE r.organization_id = \(organization) AND r.id = \(id)
    """
  }

  static func dossierPayer(_ organization: UUID, _ dossier: UUID?) -> SQL {
    "SELECT payer_id FROM dossier WHERE organization_id = \(organization) AND id = \(dossier)"
  }

  /// The next number of the payments of a company and year, its series locked until the transaction ends.
  func nextNumber(_ company: UUID, receivedOn day: Day) async throws -> String {
    let counter = PaymentRecord.counter(company, PaymentRecord.series(day))
    let sequence: Int64? = try await transaction.value("SELECT system.next_number(\(counter))")
    return try InvoiceNumber(prefix: "R", year: day.year, sequence: sequence ?? 0).text
  }

  /// Live cash on the same debt, which is that of the dossiers and invoices: what was laid on their invoices, whatever
  /// dossier the payment names, and what lies nowhere yet of payments for the dossiers.
  func cash(dossiers: [UUID], invoices: [UUID]) async throws -> Money {
    let cents: Int64? = try await transaction.value(
      """
      WITH debt AS (
        SELECT i.id FROM invoice i WHERE i.organization_id = \(organization)
          AND (i.id = ANY (\(invoices)) OR i.dossier_id = ANY (\(dossiers)))
      ), candidate AS (
        SELECT p.id FROM payment p WHERE p.organization_id = \(organization) AND p.dossier_id = ANY (\(dossiers))
        UNION
        SELECT a.payment_id FROM payment_allocation a WHERE a.organization_id = \(organization)
          AND a.invoice_id IN (SELECT id FROM debt)
      )
      SELECT coalesce(sum(l.on_debt + CASE WHEN p.dossier_id = ANY (\(dossiers)) THEN p.amount_cents - l.laid ELSE 0 END),
        0)::bigint
      FROM candidate c JOIN payment p ON p.organization_id = \(organization) AND p.id = c.id
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(a.amount_cents), 0) AS laid,
          coalesce(sum(a.amount_cents) FILTER (WHERE a.invoice_id IN (SELECT id FROM debt)), 0) AS on_debt
        FROM payment_allocation a WHERE a.organization_id = p.organization_id AND a.payment_id = p.id
          AND a.reversed_at IS NULL
      ) l
      WHERE p.means = 'cash' AND NOT EXISTS (SELECT FROM payment_reversal r
        WHERE r.organization_id = p.organization_id AND r.payment_id = p.id)
      """)
    return Money(cents: cents ?? 0)
  }

  /// Refuses more cash on the debt of these dossiers and invoices than the law allows (CMF L112-6), what was paid of it so
  /// far counted. To be asked under the chain's lock, so that no other payment comes between what is counted and what is
  /// written.
  func limitCash(_ amount: Money, means: PaymentMeans, on debts: [InvoiceDebt], dossier: UUID? = nil)
    async throws
  {
    guard means == .cash, amount.isPositive else { return }
    let dossiers = Set(([dossier] + debts.map(\.dossier)).compactMap(\.self))
    let already = try await cash(dossiers: Array(dossiers), invoices: debts.map(\.id))
    try CashLimit.check(amount, means: means, alreadyInCash: already)
  }

  func insertion(_ payment: PaymentRecord, hash: ChainHash) -> SQL {
    """
    INSERT INTO payment (organization_id, id, company_id, number, dossier_id, payer_id, auxiliary, auxiliary_label,
      source, means, amount_cents, received_on, received_at, reference, bank, issuer_name, comment, hash)
    VALUES (\(organization), \(payment.id), \(payment.company), \(payment.number), \(payment.dossier),
      \(payment.payer), \(payment.auxiliary.number), \(payment.auxiliary.label), \(payment.source.rawValue),
      \(payment.means.rawValue), \(payment.amount.cents), \(payment.receivedOn), \(payment.receivedAt),
      \(payment.reference), \(payment.bank), \(payment.issuerName), \(payment.comment), \(hash.bytes))
    """
  }

  /// The parts with the ids that they get; those of one payment come in one statement.
  func insertion(of parts: [(id: UUID, part: PaymentAllocation.Part)], payment: UUID, on day: Day) -> SQL {
    let rows = parts.map { id, part -> JSONValue in
      [
        "id": .string(id.uuidString), "invoice_id": .string(part.invoiceID),
        "instalment_id": .string(part.instalmentID), "amount_cents": .integer(part.amount.cents),
        "by_vat_rate": part.byRate.byVATRate,
      ]
    }
    return """
      INSERT INTO payment_allocation (organization_id, id, payment_id, invoice_id, instalment_id, amount_cents,
        by_vat_rate, allocated_on)
      SELECT \(organization), a.id, \(payment), a.invoice_id, a.instalment_id, a.amount_cents, a.by_vat_rate, \(day)
      FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(rows).serialized()))) AS a (id uuid, invoice_id uuid,
        instalment_id uuid, amount_cents bigint, by_vat_rate jsonb)
      """
  }

  /// Where a payment stands.
  struct State {
    let isReversed: Bool
    /// Handed to the bank on a closed slip.
    let isDeposited: Bool
    /// The bank has booked that slip.
    let isAtBank: Bool
    /// What it settles, by invoice and rate.
    let live: [UUID: VATTotals]
  }

  /// Read after the chain was locked, so that nobody allocates or reverses the payment meanwhile.
  func state(_ id: UUID) async throws -> State {
    let results = try await transaction.pipeline([
      """
      SELECT EXISTS (SELECT FROM payment_reversal r WHERE r.organization_id = \(organization)
          AND r.payment_id = \(id)) AS is_reversed,
        EXISTS (SELECT FROM deposit_slip_item s WHERE s.organization_id = \(organization) AND s.payment_id = \(id))
          AS is_deposited,
        EXISTS (SELECT FROM deposit_slip_item s
          JOIN journal_entry e ON e.organization_id = s.organization_id AND e.source_id = s.deposit_slip_id
          WHERE s.organization_id = \(organization) AND s.payment_id = \(id)) AS is_at_bank
      """,
      """
      SELECT invoice_id, by_vat_rate::text AS by_vat_rate FROM payment_allocation
      WHERE organization_id = \(organization) AND payment_id = \(id) AND reversed_at IS NULL
      """,
    ])
    var live: [UUID: VATTotals] = [:]
    for row in results[1] {
      let settled = VATTotals(
        byVATRate: try JSONValue.parse(Array((try row.get("by_vat_rate") as String).utf8)))
      let invoice: UUID = try row.get("invoice_id")
      live[invoice] = (live[invoice] ?? .zero) + (settled ?? .zero)
    }
    let row = results[0][0]
    return State(
      isReversed: try row.get("is_reversed"), isDeposited: try row.get("is_deposited"),
      isAtBank: try row.get("is_at_bank"), live: live)
  }

  /// Holds the chain without sealing anything: two allocations of one payment take turns.
  func lockFree() async throws {
    _ = try await transaction.query(
      "SELECT last FROM system.counter WHERE organization_id = \(organization) AND series = 'chain' FOR UPDATE"
    )
  }

  func insertion(_ reversal: ReversalRecord, hash: ChainHash) -> SQL {
    """
    INSERT INTO payment_reversal (organization_id, id, payment_id, reason, reversed_on, bank_fee_cents, hash)
    VALUES (\(organization), \(reversal.id), \(reversal.payment.id), \(reversal.reason), \(reversal.reversedOn),
      \(reversal.bankFee.cents), \(hash.bytes))
    """
  }

  /// Frees what a payment settled.
  func release(_ id: UUID, at instant: Instant) -> SQL {
    """
    UPDATE payment_allocation SET reversed_at = \(instant)
    WHERE organization_id = \(organization) AND payment_id = \(id) AND reversed_at IS NULL
    """
  }
}
