import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Undoes a payment: a cheque that bounced, a direct debit refused, an entry by mistake. The payment and its
/// slip stay as they are; what it had settled is due again, and the VAT collected with it is taken back.
struct ReversePayment {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  /// `isMistake`: no money came back, it was entered wrongly; otherwise a cheque or a direct debit has bounced.
  func reverse(
    _ id: UUID, as reversal: UUID, reason: String, on day: Day, bankFee: Money, isMistake: Bool = false
  ) async throws {
    let found = try await transaction.first(PaymentRecord.self, PaymentStore.record(organization, id))
    guard let payment = found else { throw Problem.notFound }
    guard day >= payment.receivedOn else {
      throw Problem.field("/reversed_on", "out-of-range", "l'annulation précède le règlement")
    }
    let debtStore = DebtStore(transaction: transaction, organization: organization)
    let debts = try await debtStore.locked(where: DebtStore.settled(by: id))
    let store = PaymentStore(transaction: transaction, organization: organization, clock: clock)
    try await store.lockFree()
    let state = try await store.state(id)
    // Before a link is numbered: whoever catches this commits, and a number without a link would break the chain.
    if state.isReversed { throw PaymentError.alreadyReversed }
    let chain = ChainStore(transaction: transaction, organization: organization, clock: clock)
    let head = try await chain.lockHead()
    // Laid on another invoice before the chain was ours? That invoice is to be locked too.
    try await debtStore.expect(noneBut: debts, where: DebtStore.settled(by: id))
    guard
      let books = try await transaction.first(
        CompanyBooks.self, CompanyBooksStore.one(organization, payment.company))
    else { throw Problem.notFound }
    let undone = SettledDebts(debts, undoing: id, live: state.live)
    let record = ReversalRecord(
      id: reversal, payment: payment, reason: reason, reversedOn: day, bankFee: bankFee)
    let link = ChainLink(sealing: record.sealed, after: head)
    _ = try await transaction.pipeline([
      store.insertion(record, hash: link.hash), store.release(id, at: clock.now()),
      chain.insertion(link, kind: .reversal, document: reversal), debtStore.standings(undone.debts),
    ])
    let bounced = !isMistake && (payment.means == .cheque || payment.means == .directDebit)
    try await LedgerStore(transaction: transaction, organization: organization, clock: clock).post(
      ReversalPosting(
        number: record.number, day: day,
        payment: payment.posting(settled: undone.documents, collected: undone.collected),
        cause: bounced ? .bounced : .mistake, place: state.isAtBank ? .bank(nil) : .undeposited, fee: bankFee,
        collected: undone.collected),
      of: books, source: reversal, dossier: payment.dossier, at: clock.now())
  }
}
