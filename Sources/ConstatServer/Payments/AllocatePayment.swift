import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Lays what is free of a payment on instalments: a cheque taken in the field before its invoice was issued, or what
/// someone paid too much. No money moves; the debts do, and the VAT on collection falls due.
struct AllocatePayment {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  /// An invoice, whose due instalments are taken the earliest first, or choices: one of the two.
  func allocate(_ id: UUID, to invoice: UUID?, choices: [RecordPayment.Choice]?) async throws {
    let found = try await transaction.first(PaymentRecord.self, PaymentStore.record(organization, id))
    guard let payment = found else { throw Problem.notFound }
    guard (invoice == nil) != (choices == nil) else {
      throw Problem.field("/invoice_id", "inconsistent", "une facture ou des affectations, et pas les deux")
    }
    let debtStore = DebtStore(transaction: transaction, organization: organization)
    let instalments = (choices ?? []).map(\.instalment)
    let target: SQL = invoice.map { "i.id = \($0)" } ?? DebtStore.ofInstalments(instalments)
    let debts = try await debtStore.locked(where: "i.company_id = \(payment.company) AND \(target)")
    if invoice != nil, debts.isEmpty {
      throw Problem.field(
        "/invoice_id", "not-found", "facture inconnue, ou non émise par la société du règlement")
    }
    let store = PaymentStore(transaction: transaction, organization: organization, clock: clock)
    try await store.lockFree()
    let state = try await store.state(id)
    if state.isReversed { throw PaymentError.alreadyReversed }
    let free = payment.amount - state.live.values.reduce(.zero) { $0 + $1.gross }
    let open = debts.flatMap(\.open)
    let due = Dictionary(uniqueKeysWithValues: debts.map { ($0.id.uuidString, $0.due) })
    let laid =
      try choices.map {
        try PaymentAllocation.chosen(
          free, as: $0.map { ($0.instalment.uuidString, $0.amount) }, over: open, due: due)
      } ?? .byDueDay(free, over: open, due: due)
    guard !laid.parts.isEmpty else {
      throw Problem.conflict(
        "nothing-to-allocate", "Rien à affecter",
        members: ["unallocated_cents": .integer(free.cents)])
    }
    // What names the dossier was counted for its debt when it was recorded; of any other debt it is more cash.
    let others = debts.filter { $0.dossier == nil || $0.dossier != payment.dossier }
    let added = laid.parts.filter { part in others.contains { $0.id.uuidString == part.invoiceID } }
    try await store.limitCash(
      added.reduce(.zero) { $0 + $1.amount }, means: payment.means, on: others)
    try await write(laid.parts, of: payment, isDeposited: state.isDeposited, over: debts)
  }

  /// Each invoice settled has an entry of its own, whose source is its first part.
  private func write(
    _ parts: [PaymentAllocation.Part], of payment: PaymentRecord, isDeposited: Bool, over debts: [InvoiceDebt]
  ) async throws {
    let now = clock.now()
    let books = try await transaction.first(
      CompanyBooks.self, CompanyBooksStore.one(organization, payment.company))
    guard let books else { throw Problem.notFound }
    let settled = SettledDebts(
      debts, laying: parts, of: payment.id, means: payment.means, isDeposited: isDeposited)
    let drawn = parts.map { (id: clock.newID(), part: $0) }
    let today = books.day(of: now)
    let store = PaymentStore(transaction: transaction, organization: organization, clock: clock)
    _ = try await transaction.pipeline([
      store.insertion(of: drawn, payment: payment.id, on: today),
      DebtStore(transaction: transaction, organization: organization).standings(settled.debts),
    ])
    let ledger = LedgerStore(transaction: transaction, organization: organization, clock: clock)
    for part in settled.parts {
      guard let source = drawn.first(where: { $0.part.invoiceID == part.invoice.uuidString })?.id else {
        continue
      }
      try await ledger.post(
        CreditAllocationPosting(
          number: payment.number, day: today, payer: payment.auxiliary, debtor: part.document.debtor,
          source: nil,
          target: part.document.number, amount: part.document.amount, collected: part.collected),
        of: books, source: source, dossier: payment.dossier, at: now)
    }
  }
}
