import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// What is owed on an issued invoice: by rate, and by instalment.
struct InvoiceDebt {
  let id: UUID
  let number: String
  let issuedOn: Day
  let company: UUID
  let dossier: UUID?
  let payer: UUID
  let debtor: Auxiliary
  let vatPoint: Company.VATPoint
  /// Invoiced less credited: what credit notes may still take.
  var left: VATTotals
  /// The same less paid: negative once more was paid than is left.
  var due: VATTotals
  var instalments: [InstalmentDebt]

  /// What Core may lay a payment on.
  var open: [PaymentAllocation.Open] {
    instalments.filter { $0.remaining.isPositive }.map {
      PaymentAllocation.Open(
        instalmentID: $0.id.uuidString, invoiceID: id.uuidString, dueOn: $0.dueOn, position: $0.position,
        remaining: $0.remaining)
    }
  }
}

/// An instalment with the live parts of payments on it.
struct InstalmentDebt {
  /// A live part of a payment.
  struct Part {
    let payment: UUID
    let means: PaymentMeans
    let amount: Money
    /// Handed to the bank on a closed slip.
    let isDeposited: Bool

    /// Cash or a cheque that is still in the house.
    var awaitsSlip: Bool { means.goesOnDepositSlip && !isDeposited }
  }

  let id: UUID
  let position: Int
  let dueOn: Day
  let amount: Money
  let status: Instalment.Status
  var slip: UUID?
  var parts: [Part]

  var paid: Money { parts.reduce(.zero) { $0 + $1.amount } }
  var remaining: Money { amount - paid }

  /// Where it stands, given whether its whole invoice is settled: what credits took off needs no payment.
  func standing(invoiceSettled: Bool) -> Instalment.Status {
    guard paid.isPositive, invoiceSettled || !remaining.isPositive else { return .pending }
    let waiting = Set(parts.filter(\.awaitsSlip).map(\.means))
    return slip != nil && !waiting.isEmpty ? DepositSlip.statusOnSlip : Instalment.Status.covered(by: waiting)
  }
}
