import ConstatCore
import ConstatLedger
import Foundation

/// Invoices after a payment, or a part of one, was laid on their instalments: what to write and what to post.
struct SettledDebts {
  /// One invoice's part of the payment.
  struct Part {
    let invoice: UUID
    let document: SettledDocument
    /// What falls due of its VAT: nothing where it was due at issue.
    let collected: VATTotals
  }

  /// The invoices as they then stand.
  private(set) var debts: [InvoiceDebt]
  private(set) var parts: [Part] = []

  var documents: [SettledDocument] { parts.map(\.document) }
  var collected: VATTotals { parts.reduce(.zero) { $0 + $1.collected } }

  init(
    _ debts: [InvoiceDebt], laying laid: [PaymentAllocation.Part], of payment: UUID, means: PaymentMeans,
    isDeposited: Bool = false
  ) {
    self.debts = debts
    for (index, debt) in debts.enumerated() {
      let ours = laid.filter { $0.invoiceID == debt.id.uuidString }
      guard !ours.isEmpty else { continue }
      let settled = ours.reduce(VATTotals.zero) { $0 + $1.byRate }
      parts.append(
        Part(
          invoice: debt.id,
          document: SettledDocument(
            number: debt.number, debtor: debt.debtor, amount: ours.reduce(.zero) { $0 + $1.amount }),
          collected: debt.vatPoint == .collection ? settled : .zero))
      self.debts[index].due = debt.due - settled
      for part in ours {
        guard let place = debt.instalments.firstIndex(where: { $0.id.uuidString == part.instalmentID }) else {
          continue
        }
        self.debts[index].instalments[place].parts.append(
          .init(payment: payment, means: means, amount: part.amount, isDeposited: isDeposited))
      }
    }
  }

  /// Invoices after a payment was undone: its parts gone, their debts open again. `live` is what it settled,
  /// by invoice and rate.
  init(_ debts: [InvoiceDebt], undoing payment: UUID, live: [UUID: VATTotals]) {
    self.debts = debts
    for (index, debt) in debts.enumerated() {
      guard let settled = live[debt.id] else { continue }
      parts.append(
        Part(
          invoice: debt.id,
          document: SettledDocument(number: debt.number, debtor: debt.debtor, amount: settled.gross),
          collected: debt.vatPoint == .collection ? settled : .zero))
      self.debts[index].due = debt.due + settled
      for place in debt.instalments.indices {
        self.debts[index].instalments[place].parts.removeAll { $0.payment == payment }
      }
    }
  }
}
