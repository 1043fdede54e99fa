import ConstatCore
import Foundation
import Postgres

/// What becomes of two payments that may be the same money: the one that was entered twice is undone, and the other
/// settles what is then due. Nothing is deleted.
struct SettleDoublePayment {
  static let reason = "Double saisie d'un même règlement"

  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  /// Undoes payments, but for those that somebody undid already.
  func undo(_ payments: [UUID]) async throws {
    for id in payments {
      let payment = try await payment(id)
      let books = try await transaction.first(
        CompanyBooks.self, CompanyBooksStore.one(organization, payment.company))
      guard let books else { throw Problem.notFound }
      do {
        try await ReversePayment(transaction: transaction, organization: organization, clock: clock).reverse(
          id, as: clock.newID(), reason: Self.reason, on: max(books.day(of: clock.now()), payment.receivedOn),
          bankFee: .zero, isMistake: true)
      } catch PaymentError.alreadyReversed {
        continue
      }
    }
  }

  /// Lays what is free of the payment on what its dossier owes.
  func lay(_ id: UUID) async throws {
    let payment = try await payment(id)
    guard let dossier = payment.dossier else { return }
    let debts = try await DebtStore(transaction: transaction, organization: organization).locked(
      where: "i.company_id = \(payment.company) AND i.dossier_id = \(dossier)")
    for debt in debts where debt.due.gross.isPositive {
      do {
        try await AllocatePayment(transaction: transaction, organization: organization, clock: clock)
          .allocate(
            id, to: debt.id, choices: nil)
      } catch let problem as Problem where problem.code == "nothing-to-allocate" {
        return
      }
    }
  }

  private func payment(_ id: UUID) async throws -> PaymentRecord {
    let found = try await transaction.first(PaymentRecord.self, PaymentStore.record(organization, id))
    guard let payment = found else { throw Problem.notFound }
    return payment
  }
}
