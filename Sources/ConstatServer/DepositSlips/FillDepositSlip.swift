import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Puts instalments on an open slip and takes them off (DEP-06, DEP-08).
struct FillDepositSlip {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  func add(_ instalment: UUID, to slip: UUID) async throws {
    try await change(instalment, on: slip) { head, item in
      try head.slip.checkAdding(item)
      return head.id
    }
  }

  func remove(_ instalment: UUID, from slip: UUID) async throws {
    try await change(instalment, on: slip) { head, item in
      try head.slip.checkRemoving(item)
      return nil
    }
  }

  private func change(
    _ instalment: UUID, on slip: UUID,
    _ decide: (DepositSlipStore.Head, DepositSlip.Item) throws -> UUID?
  ) async throws {
    let store = DepositSlipStore(transaction: transaction, organization: organization, clock: clock)
    let debtStore = DebtStore(transaction: transaction, organization: organization)
    let head = try await store.lock(slip)
    var debts = try await debtStore.locked(
      where: DepositSlipStore.invoices(ofInstalments: "t.id = \(instalment)"))
    guard let index = debts.firstIndex(where: { $0.instalments.contains { $0.id == instalment } }),
      let place = debts[index].instalments.firstIndex(where: { $0.id == instalment })
    else { throw Problem.field("/instalment_id", "not-found", "échelon inconnu, ou de facture non émise") }
    let item = Self.item(debts[index].instalments[place], of: debts[index], beside: debts, for: head)
    debts[index].instalments[place].slip = try decide(head, item)
    _ = try await transaction.pipeline([debtStore.standings([debts[index]]), store.touch(slip)])
  }

  /// The instalment as slips see it: received as soon as money of it waits in the house, even where more is
  /// still due; on a slip also when a payment of it is, through another instalment: a cheque is one thing.
  static func item(
    _ instalment: InstalmentDebt, of invoice: InvoiceDebt, beside debts: [InvoiceDebt],
    for slip: DepositSlipStore.Head
  ) -> DepositSlip.Item {
    let waiting = instalment.parts.filter(\.awaitsSlip)
    let means = Set(waiting.map(\.means))
    let ours = Set(waiting.filter { $0.means == slip.means }.map(\.payment))
    let elsewhere = debts.flatMap(\.instalments).first { other in
      other.slip != nil && other.slip != slip.id
        && other.parts.contains { ours.contains($0.payment) && $0.awaitsSlip }
    }
    return DepositSlip.Item(
      instalmentID: instalment.id.uuidString, companyID: invoice.company.uuidString,
      status: waiting.isEmpty ? instalment.status : .received,
      means: means.contains(slip.means) ? [slip.means] : means,
      amount: waiting.filter { $0.means == slip.means }.reduce(.zero) { $0 + $1.amount },
      slipID: (instalment.slip ?? elsewhere?.slip)?.uuidString)
  }
}
