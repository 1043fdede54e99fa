import ConstatCore
import ConstatLedger

/// A year of a company's life drawn from a seed: invoices at one to three rates, part payments by
/// every means, slips, bounced cheques, credit notes, refunds and overpayments, of two VAT
/// points. Each amount goes through the same allocation as in production.
struct RandomYear {
  private struct OpenInvoice {
    let number: String
    let payer: Auxiliary
    let vatPoint: Company.VATPoint
    var remains: VATTotals
    var credited = VATTotals.zero
    let totals: VATTotals
  }

  private(set) var books = Books()
  private(set) var documents: [String] = []
  private(set) var slips: [String: Money] = [:]
  private var random: Seeded
  private var invoices: [OpenInvoice] = []
  private var cheques: [(payment: PaymentPosting, settled: VATTotals)] = []
  private var day = Day.on("2026-01-02")
  private var count = 0
  /// What the payers paid beyond any document.
  private var credit = Money.zero
  let last = Day.on("2026-12-31")

  init(seed: UInt64, events: Int = 120) throws {
    random = Seeded(state: seed)
    for _ in 0..<events {
      day = min(day.adding(days: .random(in: 0...3, using: &random)), last)
      switch Int.random(in: 0..<11, using: &random) {
      case 0...3: try issue()
      case 4...7: try pay()
      case 8: try creditInvoice()
      case 9: try closeSlip()
      default: try bounce()
      }
    }
  }

  /// What 411 must hold: what remains due of every document, less the payers' free credit.
  var debts: Money { invoices.reduce(-credit) { $0 + $1.remains.gross } }

  /// The VAT that still waits for money: what 44574x must hold.
  var pendingVAT: Money {
    invoices.filter { $0.vatPoint == .collection }.reduce(.zero) { $0 + $1.remains.tax }
  }

  private mutating func next(_ prefix: String) -> String {
    count += 1
    return "\(prefix)-2026-\(count)"
  }

  private mutating func issue() throws {
    let rates = ["20", "10", "5.5", "8.5", "0"].shuffled(using: &random).prefix(
      .random(in: 1...3, using: &random))
    let totals = try VATTotals.of(rates.map { ($0, Int64.random(in: 0...90_000, using: &random)) })
    let invoice = OpenInvoice(
      number: next("FA"), payer: Bool.random(using: &random) ? .durand : .agence,
      vatPoint: Bool.random(using: &random) ? .debit : .collection, remains: totals, totals: totals)
    try books.post(
      InvoicePosting(
        number: invoice.number, day: day, payer: invoice.payer, totals: totals, vatPoint: invoice.vatPoint))
    if !totals.isZero { documents.append(invoice.number) }
    invoices.append(invoice)
  }

  private mutating func pay() throws {
    guard let index = invoices.indices.randomElement(using: &random) else { return }
    let invoice = invoices[index]
    let due = invoice.remains.gross
    let whole = Bool.random(using: &random) && !due.isZero
    let amount = whole ? due : Money(cents: .random(in: 1...30_000, using: &random))
    let allocation = invoice.remains.allocating(amount)
    let means = PaymentMeans.allCases.randomElement(using: &random) ?? .transfer
    let payment = PaymentPosting(
      number: next("RG"), day: day, payer: invoice.payer, means: means, amount: amount,
      settled: [SettledDocument(number: invoice.number, amount: allocation.settled.gross)],
      collected: invoice.vatPoint == .collection ? allocation.settled : .zero)
    try books.post(payment)
    invoices[index].remains = invoice.remains - allocation.settled
    credit += allocation.excess
    if means == .cheque, amount.isPositive { cheques.append((payment, allocation.settled)) }
  }

  private mutating func creditInvoice() throws {
    guard let index = invoices.indices.randomElement(using: &random) else { return }
    let invoice = invoices[index]
    guard invoice.credited.isZero, !invoice.totals.isZero else { return }
    let number = next("AV")
    try books.post(
      CreditNotePosting(
        number: number, day: day, invoiceNumber: invoice.number, payer: invoice.payer,
        credited: invoice.totals, vatPoint: invoice.vatPoint,
        reason: Bool.random(using: &random) ? .correction : .rebate))
    documents.append(number)
    invoices[index].credited = invoice.totals
    invoices[index].remains = invoice.remains - invoice.totals
  }

  private mutating func closeSlip() throws {
    guard !cheques.isEmpty else { return }
    let number = next("BR")
    let total = try cheques.map(\.payment.amount).total()
    try books.post(DepositSlipPosting(number: number, day: day, content: .cheque, total: total))
    slips[number] = total
    cheques = []
  }

  private mutating func bounce() throws {
    guard let (payment, undone) = cheques.popLast() else { return }
    try books.post(
      ReversalPosting(
        number: next("IM"), day: day, payment: payment, cause: .bounced, place: .undeposited,
        fee: Money(cents: .random(in: 0...1500, using: &random)), collected: payment.collected))
    for settled in payment.settled {
      guard let index = invoices.firstIndex(where: { $0.number == settled.number }) else { continue }
      invoices[index].remains = invoices[index].remains + undone
    }
    credit = credit - payment.excess
  }
}
