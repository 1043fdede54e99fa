import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// A payment as it stands in its row, from which its seal can be made again at any time.
struct PaymentRecord {
  let id: UUID
  let company: UUID
  /// "R2026-00012": proves its entries.
  let number: String
  let dossier: UUID?
  let payer: UUID?
  /// The account under 411 that is credited with what no document takes.
  let auxiliary: Auxiliary
  let source: Payment.Source
  let means: PaymentMeans
  let amount: Money
  let receivedOn: Day
  let receivedAt: Instant
  let reference: String?
  let bank: String?
  let issuerName: String?
  let comment: String?

  /// "R2026": payments are counted by company and year of receipt.
  static func series(_ receivedOn: Day) -> String { InvoiceNumber.series(prefix: "R", year: receivedOn.year) }
  static func counter(_ company: UUID, _ series: String) -> String {
    "payment/\(company.uuidString.lowercased())/\(series)"
  }

  /// What the chain seals of it. What it settles may change, so it is not part of it.
  var sealed: ChainContent {
    ChainContent(
      kind: .payment, company: company.uuidString.lowercased(), series: PaymentRecord.series(receivedOn),
      number: number, day: receivedOn,
      party: .init(reference: auxiliary.number, name: auxiliary.label, address: ""), lines: [], totals: .zero,
      amount: amount,
      attributes: [
        "id": id.uuidString.lowercased(), "dossier_id": dossier?.uuidString.lowercased() ?? "",
        "payer_id": payer?.uuidString.lowercased() ?? "", "source": source.rawValue, "means": means.rawValue,
        "received_at": receivedAt.description, "reference": reference ?? "", "bank": bank ?? "",
        "issuer_name": issuerName ?? "", "comment": comment ?? "",
      ])
  }

  /// What it posts when it settles these documents.
  func posting(settled: [SettledDocument], collected: VATTotals) -> PaymentPosting {
    PaymentPosting(
      number: number, day: receivedOn, payer: auxiliary, means: means, amount: amount, settled: settled,
      collected: collected)
  }
}

extension PaymentRecord: RowDecodable {
  static let columns: SQL = """
    p.id, p.company_id, p.number, p.dossier_id, p.payer_id, p.auxiliary, p.auxiliary_label, p.source, p.means,
    p.amount_cents, p.received_on, p.received_at, p.reference, p.bank, p.issuer_name, p.comment, p.hash
    """

  init(row: Row) throws {
    id = try row.get("id")
    company = try row.get("company_id")
    number = try row.get("number")
    dossier = try row.get("dossier_id")
    payer = try row.get("payer_id")
    auxiliary = Auxiliary(number: try row.get("auxiliary"), label: try row.get("auxiliary_label"))
    source = Payment.Source(rawValue: try row.get("source")) ?? .office
    means = PaymentMeans(rawValue: try row.get("means")) ?? .transfer
    amount = Money(cents: try row.get("amount_cents"))
    receivedOn = try row.get("received_on")
    receivedAt = try row.get("received_at")
    reference = try row.get("reference")
    bank = try row.get("bank")
    issuerName = try row.get("issuer_name")
    comment = try row.get("comment")
  }
}
