import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Reads what is owed on invoices under their locks, so that no two payments or credit notes take the same euro.
struct DebtStore {
  let transaction: Transaction
  let organization: UUID

  /// The condition on `i` that picks the invoices of these instalments.
  static func ofInstalments(_ instalments: [UUID]) -> SQL {
    """
    i.id IN (SELECT t.invoice_id FROM instalment t WHERE t.organization_id = i.organization_id
      AND t.id = ANY (\(instalments)))
    """
  }

  /// The condition on `i` that picks the invoices of which a payment settles a part.
  static func settled(by payment: UUID) -> SQL {
    """
    i.id IN (SELECT a.invoice_id FROM payment_allocation a WHERE a.organization_id = i.organization_id
      AND a.payment_id = \(payment) AND a.reversed_at IS NULL)
    """
  }

  /// Starts the transaction again, as one that lost against another, where the condition on `i` by now picks invoices
  /// that were not locked with these.
  func expect(noneBut debts: [InvoiceDebt], where condition: SQL) async throws {
    _ = try await transaction.query(
      """
      SELECT system.expect(NOT EXISTS (
        SELECT FROM invoice i WHERE \(issued(condition)) AND i.id <> ALL (\(debts.map(\.id)))))
      """)
  }

  private func issued(_ condition: SQL) -> SQL {
    "i.organization_id = \(organization) AND i.kind = 'invoice' AND i.status = 'issued' AND \(condition)"
  }

  /// The issued invoices that the condition on `i` picks, locked in the order of their ids until the transaction ends.
  func locked(where condition: SQL) async throws -> [InvoiceDebt] {
    let chosen = issued(condition)
    let results = try await transaction.pipeline([
      """
      SELECT i.id, i.number, i.issued_on, i.company_id, i.dossier_id, i.payer_id,
        coalesce(i.payer ->> 'auxiliary', \(PayerSnapshot.unknown.number)) AS auxiliary,
        coalesce(i.payer ->> 'auxiliary_label', \(PayerSnapshot.unknown.label)) AS auxiliary_label,
        i.seller ->> 'vat_point' AS vat_point
      FROM invoice i WHERE \(chosen) ORDER BY i.id FOR NO KEY UPDATE
      """,
      """
      SELECT i.id AS invoice_id, v.vat_rate, sum(v.base_cents)::bigint AS base_cents, sum(v.vat_cents)::bigint AS vat_cents
      FROM invoice i
      JOIN invoice d ON d.organization_id = i.organization_id AND (d.id = i.id OR d.corrected_invoice_id = i.id)
        AND d.status = 'issued'
      JOIN invoice_vat v ON v.organization_id = d.organization_id AND v.invoice_id = d.id
      WHERE \(chosen) GROUP BY i.id, v.vat_rate
      """,
      """
      SELECT t.id, t.invoice_id, t.position, t.due_on, t.amount_cents, t.status, t.deposit_slip_id
      FROM invoice i JOIN instalment t ON t.organization_id = i.organization_id AND t.invoice_id = i.id
      WHERE \(chosen) ORDER BY t.invoice_id, t.position
      """,
      """
      SELECT a.invoice_id, a.instalment_id, a.payment_id, a.amount_cents, a.by_vat_rate::text AS by_vat_rate, p.means,
        EXISTS (SELECT FROM deposit_slip_item s WHERE s.organization_id = p.organization_id AND s.payment_id = p.id)
          AS is_deposited
      FROM invoice i
      JOIN payment_allocation a ON a.organization_id = i.organization_id AND a.invoice_id = i.id
        AND a.reversed_at IS NULL
      JOIN payment p ON p.organization_id = a.organization_id AND p.id = a.payment_id
      WHERE \(chosen) ORDER BY a.id
      """,
    ])
    return try Self.debts(results)
  }

  private static func debts(_ results: [QueryResult]) throws -> [InvoiceDebt] {
    var due: [UUID: [VATShare]] = [:]
    for row in results[1] {
      due[try row.get("invoice_id"), default: []].append(
        VATShare(
          rate: Rate(hundredths: try row.get("vat_rate")), net: Money(cents: try row.get("base_cents")),
          tax: Money(cents: try row.get("vat_cents"))))
    }
    let left = due.mapValues(VATTotals.init)
    var totals = left
    var parts: [UUID: [InstalmentDebt.Part]] = [:]
    for row in results[3] {
      let invoice: UUID = try row.get("invoice_id")
      let settled = VATTotals(
        byVATRate: try JSONValue.parse(Array((try row.get("by_vat_rate") as String).utf8)))
      totals[invoice] = (totals[invoice] ?? .zero) - (settled ?? .zero)
      parts[try row.get("instalment_id"), default: []].append(
        .init(
          payment: try row.get("payment_id"),
          means: PaymentMeans(rawValue: try row.get("means")) ?? .transfer,
          amount: Money(cents: try row.get("amount_cents")), isDeposited: try row.get("is_deposited")))
    }
    var instalments: [UUID: [InstalmentDebt]] = [:]
    for row in results[2] {
      let id: UUID = try row.get("id")
      instalments[try row.get("invoice_id"), default: []].append(
        InstalmentDebt(
          id: id, position: try row.get("position"), dueOn: try row.get("due_on"),
          amount: Money(cents: try row.get("amount_cents")),
          status: Instalment.Status(rawValue: try row.get("status")) ?? .pending,
          slip: try row.get("deposit_slip_id"), parts: parts[id] ?? []))
    }
    return try results[0].map { row in
      let id: UUID = try row.get("id")
      return InvoiceDebt(
        id: id, number: try row.get("number"), issuedOn: try row.get("issued_on"),
        company: try row.get("company_id"),
        dossier: try row.get("dossier_id"), payer: try row.get("payer_id"),
        debtor: Auxiliary(number: try row.get("auxiliary"), label: try row.get("auxiliary_label")),
        vatPoint: Company.VATPoint(rawValue: try row.get("vat_point")) ?? .collection,
        left: left[id] ?? .zero,
        due: totals[id] ?? .zero, instalments: instalments[id] ?? [])
    }
  }

  /// Writes where the instalments of these invoices now stand; those that stand there already are left alone.
  func standings(_ debts: [InvoiceDebt]) -> SQL {
    let rows = debts.flatMap { debt in
      debt.instalments.map { instalment -> JSONValue in
        let status = instalment.standing(invoiceSettled: !debt.due.gross.isPositive)
        let isOnSlip = instalment.slip != nil && instalment.parts.contains(where: \.awaitsSlip)
        let keepsSlip = isOnSlip || (instalment.slip != nil && status == .cashed)
        return [
          "id": .string(instalment.id.uuidString), "status": .string(status.rawValue),
          "deposit_slip_id": keepsSlip ? JSONValue(instalment.slip?.uuidString) : .null,
        ]
      }
    }
    return """
      UPDATE instalment t SET status = x.status, deposit_slip_id = x.deposit_slip_id
      FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(rows).serialized()))) AS x (id uuid, status text,
        deposit_slip_id uuid)
      WHERE t.organization_id = \(organization) AND t.id = x.id
        AND (t.status, t.deposit_slip_id) IS DISTINCT FROM (x.status, x.deposit_slip_id)
      """
  }
}
