import ConstatCore
import ConstatLedger
import Foundation

/// Invoices after a payment, or a part of one, was laid on their instalments: what to write and what to post.
struct SettledDebts {
  /// The invoices as they then stand.
  private(set) var debts: [InvoiceDebt]
  private(set) var documents: [SettledDocument] = []
  /// What was settled of invoices whose VAT waits for collection.
  private(set) var collected = VATTotals.zero

  init(_ debts: [InvoiceDebt], laying parts: [PaymentAllocation.Part], of payment: UUID, means: PaymentMeans,
    isDeposited: Bool = false
  ) {
    self.debts = debts
    for index in debts.indices {
      let ours = parts.filter { $0.invoiceID == debts[index].id.uuidString }
      guard !ours.isEmpty else { continue }
      let amount = ours.reduce(Money.zero) { $0 + $1.amount }
      let settled = ours.reduce(VATTotals.zero) { $0 + $1.byRate }
      documents.append(SettledDocument(number: debts[index].number, debtor: debts[index].debtor, amount: amount))
      if debts[index].vatPoint == .collection { collected = collected + settled }
      self.debts[index].due = debts[index].due - settled
      for part in ours {
        guard let place = debts[index].instalments.firstIndex(where: { $0.id.uuidString == part.instalmentID })
        else { continue }
        self.debts[index].instalments[place].parts.append(
          .init(payment: payment, means: means, amount: part.amount, isDeposited: isDeposited))
      }
    }
  }
}
