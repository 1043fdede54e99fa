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

  /// Live cash on the same debt: that of the dossier, or without one that of the invoices.
  func cash(dossier: UUID?, invoices: [UUID]) async throws -> Money {
    let debt: SQL =
      dossier.map { "p.dossier_id = \($0)" } ?? """
        EXISTS (SELECT FROM payment_allocation a WHERE a.organization_id = p.organization_id AND a.payment_id = p.id
          AND a.invoice_id = ANY (\(invoices)) AND a.reversed_at IS NULL)
        """
    let cents: Int64? = try await transaction.value(
      """
      SELECT coalesce(sum(p.amount_cents), 0)::bigint FROM payment p
      WHERE p.organization_id = \(organization) AND p.means = 'cash' AND \(debt)
        AND NOT EXISTS (SELECT FROM payment_reversal r WHERE r.organization_id = p.organization_id AND r.payment_id = p.id)
      """)
    return Money(cents: cents ?? 0)
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
}
