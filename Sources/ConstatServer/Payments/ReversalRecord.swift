import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// A payment undone, as it stands in its row.
struct ReversalRecord {
  let id: UUID
  let payment: PaymentRecord
  let reason: String
  let reversedOn: Day
  let bankFee: Money

  /// Its payment's number with a letter: a payment is undone once.
  var number: String { payment.number + "-I" }

  var sealed: ChainContent {
    ChainContent(
      kind: .reversal, company: payment.company.uuidString.lowercased(),
      series: PaymentRecord.series(payment.receivedOn), number: number, day: reversedOn, party: nil,
      lines: [],
      totals: .zero, amount: payment.amount,
      attributes: [
        "id": id.uuidString.lowercased(), "payment_id": payment.id.uuidString.lowercased(), "reason": reason,
        "bank_fee_cents": String(bankFee.cents),
      ])
  }
}

extension ReversalRecord: RowDecodable {
  init(row: Row) throws {
    id = try row.get("reversal_id")
    payment = try PaymentRecord(row: row)
    reason = try row.get("reason")
    reversedOn = try row.get("reversed_on")
    bankFee = Money(cents: try row.get("bank_fee_cents"))
  }
}
