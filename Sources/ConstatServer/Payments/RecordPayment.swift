public import ConstatCore
import ConstatLedger
public import Foundation
public import Postgres

/// Records money received: the payment itself, which never changes again, its link in the chain, its entries,
/// and what it settles. Called by the office's route and by a device's push, each inside its own transaction.
public struct RecordPayment: Sendable {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  public init(transaction: Transaction, organization: UUID, clock: WallClock) {
    self.transaction = transaction
    self.organization = organization
    self.clock = clock
  }

  /// What someone chose to settle.
  public struct Choice: Sendable {
    public let instalment: UUID
    public let amount: Money

    public init(instalment: UUID, amount: Money) {
      self.instalment = instalment
      self.amount = amount
    }
  }

  /// Records a payment, unless one with this id is recorded already (then false, and nothing changes).
  ///
  /// `company` nil: the one that invoiced the dossier last, otherwise the eldest. `payer` nil: the dossier's
  /// payer. `choices` nil: the payer's due instalments of the dossier, the earliest first. What nothing due
  /// takes stays the payer's credit. Cash beyond what the law allows is refused to the office; in the field
  /// it was taken, so it is recorded.
  @discardableResult
  public func record(
    id: UUID, company: UUID? = nil, dossier: UUID?, payer: UUID?, source: Payment.Source, means: PaymentMeans,
    amountCents: Int64, receivedOn: Day, receivedAt: Instant, reference: String? = nil, bank: String? = nil,
    issuerName: String? = nil, comment: String? = nil, choices: [Choice]? = nil
  ) async throws -> Bool {
    let amount = Money(cents: amountCents)
    guard amount.isPositive else { throw PaymentError.amountNotPositive }
    let known = try await transaction.pipeline([
      PaymentStore.record(organization, id), PaymentStore.dossierPayer(organization, dossier),
      company.map { CompanyBooksStore.one(organization, $0) }
        ?? CompanyBooksStore.invoicing(organization, dossier: dossier),
    ])
    if known[0].rowCount > 0 { return false }
    let payer = try payer ?? known[1].first?.get("payer_id")
    guard let books = try known[2].first(CompanyBooks.self) else {
      throw company == nil
        ? Problem.conflict("no-company", "Aucune société enregistrée")
        : Problem.field("/company_id", "not-found", "société inconnue")
    }
    if source == .office, receivedOn > books.day(of: clock.now()) {
      throw Problem.field("/received_on", "out-of-range", "la date de règlement est à venir")
    }
    let debts = try await debts(of: books.id, dossier: dossier, payer: payer, choices: choices)
    let laid = try lay(amount, as: choices, over: debts)
    // Under the chain's lock, so that no other payment comes between what is counted and what is written.
    let chain = ChainStore(transaction: transaction, organization: organization, clock: clock)
    let head = try await chain.lockHead()
    if source == .office { try await store.limitCash(amount, means: means, on: debts, dossier: dossier) }
    let owed = debts.first { $0.id.uuidString == laid.parts.first?.invoiceID }
    let snapshot = try await transaction.first(
      PayerSnapshot.self, PaymentStore.payer(organization, payer ?? owed?.payer))
    if payer != nil, snapshot == nil { throw Problem.field("/payer_id", "not-found", "contact inconnu") }
    let payment = PaymentRecord(
      id: id, company: books.id,
      number: try await store.nextNumber(books.id, receivedOn: receivedOn), dossier: dossier,
      payer: snapshot?.contact,
      auxiliary: snapshot?.auxiliary ?? PayerSnapshot.unknown, source: source, means: means,
      amount: amount, receivedOn: receivedOn, receivedAt: receivedAt, reference: reference, bank: bank,
      issuerName: issuerName, comment: comment)
    try await write(payment, settling: laid.parts, of: debts, books, after: head, chain)
    return true
  }

  private var store: PaymentStore {
    PaymentStore(transaction: transaction, organization: organization, clock: clock)
  }

  private func write(
    _ payment: PaymentRecord, settling parts: [PaymentAllocation.Part], of debts: [InvoiceDebt],
    _ books: CompanyBooks, after head: ChainHead, _ chain: ChainStore
  ) async throws {
    let settled = SettledDebts(debts, laying: parts, of: payment.id, means: payment.means)
    let link = ChainLink(sealing: payment.sealed, after: head)
    var statements = [
      store.insertion(payment, hash: link.hash), chain.insertion(link, kind: .payment, document: payment.id),
    ]
    if !parts.isEmpty {
      statements.append(
        store.insertion(of: parts.map { (clock.newID(), $0) }, payment: payment.id, on: payment.receivedOn))
      statements.append(
        DebtStore(transaction: transaction, organization: organization).standings(settled.debts))
    }
    _ = try await transaction.pipeline(statements)
    try await LedgerStore(transaction: transaction, organization: organization, clock: clock).post(
      payment.posting(settled: settled.documents, collected: settled.collected), of: books,
      source: payment.id,
      dossier: payment.dossier, at: clock.now())
  }

  /// The invoices that the payment may settle, locked.
  private func debts(
    of company: UUID, dossier: UUID?, payer: UUID?, choices: [Choice]?
  ) async throws -> [InvoiceDebt] {
    let store = DebtStore(transaction: transaction, organization: organization)
    if let choices {
      let instalments = choices.map(\.instalment)
      guard !instalments.isEmpty else { return [] }
      return try await store.locked(
        where: "i.company_id = \(company) AND \(DebtStore.ofInstalments(instalments))")
    }
    guard let dossier else { return [] }
    let ofPayer: SQL = payer.map { "AND i.payer_id = \($0)" } ?? ""
    return try await store.locked(where: "i.company_id = \(company) AND i.dossier_id = \(dossier) \(ofPayer)")
  }

  private func lay(
    _ amount: Money, as choices: [Choice]?, over debts: [InvoiceDebt]
  ) throws -> PaymentAllocation {
    let open = debts.flatMap(\.open)
    let due = Dictionary(uniqueKeysWithValues: debts.map { ($0.id.uuidString, $0.due) })
    guard let choices else { return .byDueDay(amount, over: open, due: due) }
    return try .chosen(
      amount, as: choices.map { ($0.instalment.uuidString, $0.amount) }, over: open, due: due)
  }
}
