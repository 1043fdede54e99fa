import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// A closed slip as it stands in its rows.
struct DepositSlipRecord {
  /// A payment that the slip hands over, whole, and the instalment that brought it there.
  struct Item {
    let payment: UUID
    let instalment: UUID
    let amount: Money
  }

  let id: UUID
  let company: UUID
  let number: String
  let means: PaymentMeans
  let bank: String
  let closedOn: Day
  let closedAt: Instant
  let total: Money
  let items: [Item]

  var content: DepositSlipPosting.Content { means == .cash ? .cash : .cheque }

  var sealed: ChainContent {
    ChainContent(
      kind: .depositSlip, company: company.uuidString.lowercased(), series: "B", number: number,
      day: closedOn,
      party: nil,
      lines: items.map {
        .init(
          reference: $0.payment.uuidString.lowercased(), label: $0.instalment.uuidString.lowercased(),
          amount: $0.amount)
      },
      totals: .zero, amount: total,
      attributes: [
        "id": id.uuidString.lowercased(), "means": means.rawValue, "bank": bank,
        "closed_at": closedAt.description,
      ])
  }
}

extension DepositSlipRecord {
  init(row: Row, items: QueryResult) throws {
    self.init(
      id: try row.get("id"), company: try row.get("company_id"), number: try row.get("number"),
      means: PaymentMeans(rawValue: try row.get("means")) ?? .cheque, bank: try row.get("bank"),
      closedOn: try row.get("closed_on"), closedAt: try row.get("closed_at"),
      total: Money(cents: try row.get("total_cents")),
      items: try items.map {
        Item(
          payment: try $0.get("payment_id"), instalment: try $0.get("instalment_id"),
          amount: Money(cents: try $0.get("amount_cents")))
      })
  }
}
