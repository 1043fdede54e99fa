import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// All SQL that writes deposit slips. A slip is locked before the invoices of its instalments; instalments
/// only change under their invoice's lock, so a bounce and a closure cannot miss one another.
struct DepositSlipStore {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  /// A slip as it stands, locked until the transaction ends.
  struct Head: RowDecodable {
    let id: UUID
    let company: UUID
    let number: String
    let means: PaymentMeans
    let bank: String
    let status: DepositSlip.Status

    init(row: Row) throws {
      id = try row.get("id")
      company = try row.get("company_id")
      number = try row.get("number")
      means = PaymentMeans(rawValue: try row.get("means")) ?? .cheque
      bank = try row.get("bank")
      status = DepositSlip.Status(rawValue: try row.get("status")) ?? .closed
    }

    /// For Core's rules.
    var slip: DepositSlip {
      DepositSlip(id: id.uuidString, companyID: company.uuidString, means: means, status: status)
    }
  }

  func lock(_ id: UUID) async throws -> Head {
    let head = try await transaction.first(
      Head.self,
      """
      SELECT id, company_id, number, means, bank, status FROM deposit_slip
      WHERE organization_id = \(organization) AND id = \(id) FOR NO KEY UPDATE
      """)
    guard let head else { throw Problem.notFound }
    return head
  }

  /// False: a slip with this id exists already.
  func create(_ id: UUID, company: UUID, means: String, bank: String, on day: Day) async throws -> Bool {
    let sequence: Int64? = try await transaction.value(
      "SELECT system.next_number(\("deposit_slip/\(company.uuidString.lowercased())"))")
    let number = try InvoiceNumber(prefix: "B", year: day.year, sequence: sequence ?? 0)
    return try await RowStore(transaction: transaction).insert(
      "deposit_slip", organization: organization, id: id,
      [
        "company_id": .string(company.uuidString), "means": .string(means), "bank": .string(bank),
        "number": .string(number.text), "sequence": .integer(number.sequence),
      ])
  }

  /// Invoices of the instalments that the condition on `t` picks, and those that share a payment with them.
  static func invoices(ofInstalments condition: SQL) -> SQL {
    """
    i.id IN (
      SELECT t.invoice_id FROM instalment t WHERE t.organization_id = i.organization_id AND \(condition)
      UNION
      SELECT o.invoice_id FROM instalment t
      JOIN payment_allocation a ON a.organization_id = t.organization_id AND a.instalment_id = t.id
        AND a.reversed_at IS NULL
      JOIN payment_allocation o ON o.organization_id = a.organization_id AND o.payment_id = a.payment_id
        AND o.reversed_at IS NULL
      WHERE t.organization_id = i.organization_id AND \(condition))
    """
  }

  /// What payments came to, by id.
  func amounts(of payments: [UUID]) async throws -> [UUID: Money] {
    let rows = try await transaction.query(
      "SELECT id, amount_cents FROM payment WHERE organization_id = \(organization) AND id = ANY (\(payments))"
    )
    return Dictionary(
      uniqueKeysWithValues: try rows.map { (try $0.get("id"), Money(cents: try $0.get("amount_cents"))) })
  }

  func insertion(of items: [DepositSlipRecord.Item], slip: UUID) -> SQL {
    let rows = items.enumerated().map { index, item -> JSONValue in
      [
        "id": .string(clock.newID().uuidString), "payment_id": .string(item.payment.uuidString),
        "instalment_id": .string(item.instalment.uuidString), "position": .integer(Int64(index + 1)),
        "amount_cents": .integer(item.amount.cents),
      ]
    }
    return """
      INSERT INTO deposit_slip_item (organization_id, id, deposit_slip_id, payment_id, instalment_id, position,
        amount_cents)
      SELECT \(organization), x.id, \(slip), x.payment_id, x.instalment_id, x.position, x.amount_cents
      FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(rows).serialized()))) AS x (id uuid, payment_id uuid,
        instalment_id uuid, position integer, amount_cents bigint)
      """
  }

  func closing(_ record: DepositSlipRecord, hash: ChainHash) -> SQL {
    """
    UPDATE deposit_slip SET status = 'closed', closed_on = \(record.closedOn), closed_at = \(record.closedAt),
      total_cents = \(record.total.cents), hash = \(hash.bytes)
    WHERE organization_id = \(organization) AND id = \(record.id)
    """
  }

  /// What of a closed slip was undone since, in cents.
  static func returned(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT coalesce(sum(k.amount_cents), 0)::bigint AS cents FROM deposit_slip_item k
    JOIN payment_reversal r ON r.organization_id = k.organization_id AND r.payment_id = k.payment_id
    WHERE k.organization_id = \(organization) AND k.deposit_slip_id = \(id)
    """
  }

  /// A slip whose instalments change gets a new version with them.
  func touch(_ slip: UUID) -> SQL {
    """
    UPDATE deposit_slip SET updated_at = \(clock.now()) WHERE organization_id = \(organization) AND id = \(slip)
    """
  }

  /// Two statements whose results ``DepositSlipRecord`` reads.
  static func record(_ organization: UUID, _ id: UUID) -> [SQL] {
    [
      """
      SELECT id, company_id, number, means, bank, closed_on, closed_at, total_cents, hash FROM deposit_slip
      WHERE organization_id = \(organization) AND id = \(id) AND status = 'closed'
      """,
      """
      SELECT payment_id, instalment_id, amount_cents FROM deposit_slip_item
      WHERE organization_id = \(organization) AND deposit_slip_id = \(id) ORDER BY position
      """,
    ]
  }
}
