import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Reads the rows of the table of invoices (INV-13, INV-18).
struct InvoiceExportStore {
  /// Invoices and credit notes that a company issued in a period, as they were issued.
  static func period(_ organization: UUID, company: UUID, from: Day, to: Day) -> SQL {
    """
    SELECT i.kind, i.seller ->> 'name' AS company, i.number, i.payer ->> 'name' AS payer, i.issued_on, i.due_on,
      (SELECT coalesce(array_agg(n.number ORDER BY n.number), '{}') FROM invoice n
        WHERE n.organization_id = i.organization_id AND n.status = 'issued'
          AND (n.corrected_invoice_id = i.id OR n.id = i.corrected_invoice_id)) AS linked,
      d.number AS dossier, d.internal_reference, d.price_incl_tax_cents,
      (SELECT min(a.starts_at) FROM appointment a WHERE a.organization_id = i.organization_id
        AND a.dossier_id = i.dossier_id AND a.kind = 'mission' AND a.status <> 'cancelled') AS appointment_at,
      i.total_incl_tax_cents,
      i.total_incl_tax_cents - coalesce((SELECT -sum(n.total_incl_tax_cents) FROM invoice n
        WHERE n.organization_id = i.organization_id AND n.corrected_invoice_id = i.id AND n.status = 'issued'), 0)::bigint
        - coalesce((SELECT sum(p.amount_cents) FROM payment_allocation p
        WHERE p.organization_id = i.organization_id AND p.invoice_id = i.id AND p.reversed_at IS NULL), 0)::bigint
        AS balance,
      (SELECT CASE WHEN bool_or(EXISTS (SELECT FROM document_download w WHERE w.organization_id = o.organization_id
          AND w.document_id = o.id)) THEN 'downloaded' WHEN bool_or(NOT o.blocked) THEN 'online' ELSE 'offline' END
        FROM document o WHERE o.organization_id = i.organization_id AND o.dossier_id = i.dossier_id
          AND o.category = 'report') AS reports
    FROM invoice i LEFT JOIN dossier d ON d.organization_id = i.organization_id AND d.id = i.dossier_id
    WHERE i.organization_id = \(organization) AND i.company_id = \(company) AND i.status = 'issued'
      AND i.issued_on >= \(from) AND i.issued_on <= \(to)
    ORDER BY i.issued_at, i.series, i.sequence
    """
  }

  static func row(_ row: Row, in zone: Zone) throws -> InvoicesCSV.Row {
    let isInvoice = try row.get("kind") == Invoice.Kind.invoice.rawValue
    let balance = isInvoice ? Money(cents: try row.get("balance")) : .zero
    let appointment: Instant? = try row.get("appointment_at")
    return InvoicesCSV.Row(
      company: try row.get("company"), number: try row.get("number"), linked: try row.get("linked"),
      dossiers: try [row.get("dossier", as: Int64?.self)].compactMap { $0.map(String.init) },
      references: try [row.get("internal_reference", as: String?.self)].compactMap(\.self),
      payer: try row.get("payer"), issuedOn: try row.get("issued_on"),
      appointmentOn: appointment.map(zone.day(of:)),
      dueOn: try row.get("due_on"),
      missionCost: Money(cents: try row.get("price_incl_tax_cents", as: Int64?.self) ?? 0),
      total: Money(cents: try row.get("total_incl_tax_cents")), remainingDue: max(balance, .zero),
      reports: InvoicesCSV.Reports(rawValue: try row.get("reports", as: String?.self) ?? "") ?? .offline,
      isSettled: !balance.isPositive)
  }
}
