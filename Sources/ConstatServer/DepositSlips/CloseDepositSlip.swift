import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Closes a slip for good (DEP-09): its payments are handed to the bank whole, its total is sealed, and the
/// money moves in the books, at once or when the bank credits it, as the company chose.
struct CloseDepositSlip {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  func close(_ id: UUID) async throws {
    let store = DepositSlipStore(transaction: transaction, organization: organization, clock: clock)
    let debtStore = DebtStore(transaction: transaction, organization: organization)
    let head = try await store.lock(id)
    let ofSlip = DepositSlipStore.invoices(ofInstalments: "t.deposit_slip_id = \(id)")
    let debts = try await debtStore.locked(where: ofSlip)
    let items = try await items(of: head, debts, store)
    let total = try head.slip.total(closing: Self.checked(items, head))
    let chain = ChainStore(transaction: transaction, organization: organization, clock: clock)
    let last = try await chain.lockHead()
    // A payment of the slip was laid on another invoice before the chain was ours? Its instalments go to the bank too.
    try await debtStore.expect(noneBut: debts, where: ofSlip)
    let found = try await transaction.first(
      CompanyBooks.self, CompanyBooksStore.one(organization, head.company))
    guard let books = found else { throw Problem.notFound }
    let now = clock.now()
    let record = DepositSlipRecord(
      id: id, company: head.company, number: head.number, means: head.means, bank: head.bank,
      closedOn: books.day(of: now), closedAt: now, total: total, items: items)
    let link = ChainLink(sealing: record.sealed, after: last)
    _ = try await transaction.pipeline([
      store.insertion(of: items, slip: id), store.closing(record, hash: link.hash),
      chain.insertion(link, kind: .depositSlip, document: id),
      debtStore.standings(Self.deposited(debts, Set(items.map(\.payment)), on: id)),
    ])
    if books.chequeBankEntry == .slipClosure || head.means == .cash {
      try await post(record, record.total, on: record.closedOn, in: books)
    }
  }

  /// The bank has credited a closed slip: only where the company books cheques then and not at closure. A cheque that
  /// bounced before that was never on the account, and left 5112 with its reversal.
  func credit(_ id: UUID, on day: Day) async throws {
    let head = try await DepositSlipStore(transaction: transaction, organization: organization, clock: clock)
      .lock(id)
    guard head.status == .closed else { throw DepositSlipError.stillOpen }
    // So that no payment of the slip is reversed meanwhile.
    try await PaymentStore(transaction: transaction, organization: organization, clock: clock).lockFree()
    let results = try await transaction.pipeline(
      DepositSlipStore.record(organization, id) + [
        CompanyBooksStore.one(organization, head.company),
        LedgerStore.posted(organization, source: id), DepositSlipStore.returned(organization, id),
      ])
    guard let row = results[0].first, let books = try results[2].first(CompanyBooks.self) else {
      throw Problem.notFound
    }
    guard results[3].rowCount == 0 else {
      throw Problem.conflict("bank-credit-already-posted", "Le crédit en banque est déjà comptabilisé")
    }
    let record = try DepositSlipRecord(row: row, items: results[1])
    guard day >= record.closedOn else {
      throw Problem.field("/credited_on", "out-of-range", "le crédit précède la remise")
    }
    try await post(record, record.total - Money(cents: results[4][0].get("cents")), on: day, in: books)
  }

  private func post(
    _ record: DepositSlipRecord, _ total: Money, on day: Day, in books: CompanyBooks
  ) async throws {
    try await LedgerStore(transaction: transaction, organization: organization, clock: clock).post(
      DepositSlipPosting(number: record.number, day: day, content: record.content, total: total),
      of: books, source: record.id, dossier: nil, at: clock.now())
  }

  /// The payments that wait on the slip's instalments, each once and whole, in the order of invoices and
  /// instalments.
  private func items(
    of head: DepositSlipStore.Head, _ debts: [InvoiceDebt], _ store: DepositSlipStore
  ) async throws -> [DepositSlipRecord.Item] {
    var seen: Set<UUID> = []
    var found: [(payment: UUID, instalment: UUID)] = []
    for debt in debts.sorted(by: { $0.number < $1.number }) {
      for instalment in debt.instalments where instalment.slip == head.id {
        for part in instalment.parts where part.awaitsSlip && part.means == head.means {
          if seen.insert(part.payment).inserted { found.append((part.payment, instalment.id)) }
        }
      }
    }
    let amounts = try await store.amounts(of: found.map(\.payment))
    return found.map {
      .init(payment: $0.payment, instalment: $0.instalment, amount: amounts[$0.payment] ?? .zero)
    }
  }

  /// For Core: each instalment with the payments that it brings.
  private static func checked(
    _ items: [DepositSlipRecord.Item], _ head: DepositSlipStore.Head
  ) -> [DepositSlip.Item] {
    items.map { item in
      DepositSlip.Item(
        instalmentID: item.instalment.uuidString, companyID: head.company.uuidString,
        status: DepositSlip.statusOnSlip, means: [head.means], amount: item.amount, slipID: head.id.uuidString
      )
    }
  }

  /// The debts once these payments are at the bank. An instalment of which money is still in the house leaves
  /// the slip, so that it can go on another.
  private static func deposited(_ debts: [InvoiceDebt], _ payments: Set<UUID>, on slip: UUID) -> [InvoiceDebt]
  {
    var debts = debts
    for index in debts.indices {
      for place in debts[index].instalments.indices {
        var instalment = debts[index].instalments[place]
        instalment.parts = instalment.parts.map { part in
          .init(
            payment: part.payment, means: part.means, amount: part.amount,
            isDeposited: part.isDeposited || payments.contains(part.payment))
        }
        if instalment.slip == slip, instalment.parts.contains(where: \.awaitsSlip) { instalment.slip = nil }
        debts[index].instalments[place] = instalment
      }
    }
    return debts
  }
}
