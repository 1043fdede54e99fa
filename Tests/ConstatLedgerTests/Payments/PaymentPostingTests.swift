import ConstatCore
import ConstatLedger
import Testing

@Suite struct PaymentPostingTests {
  static let day = Day.on("2026-11-21")
  static let chart = ChartOfAccounts()

  static func payment(
    _ cents: Int64, by means: PaymentMeans, settling: Int64? = nil, collected: VATTotals = .zero
  ) -> PaymentPosting {
    PaymentPosting(
      number: "RG-1", day: day, payer: .durand, means: means, amount: Money(cents: cents),
      settled: [SettledDocument(number: "FA-1", amount: Money(cents: settling ?? cents))],
      collected: collected)
  }

  @Test(arguments: [
    (PaymentMeans.cheque, "511200", Journal.bank), (.cash, "530000", .cash), (.card, "511500", .bank),
    (.onlineCard, "511500", .bank),
    (.transfer, "512000", .bank), (.directDebit, "512000", .bank),
  ]) func `each means has the account where the money waits`(
    means: PaymentMeans, account: String, journal: Journal
  ) throws {
    let drafts = try Self.payment(12000, by: means).entries(in: Self.chart)
    #expect(drafts.map(\.summary) == [["\(account) D 120,00", "411000 C 120,00"]])
    #expect(drafts[0].journal == journal)
    #expect(drafts[0].settlement == Settlement(day: Self.day, means: means))
  }

  @Test func `a transfer goes to the bank account named`() throws {
    let bank = try Account("512100", "Crédit Maritime")
    let payment = PaymentPosting(
      number: "RG-1", day: Self.day, payer: .durand, means: .transfer, bank: bank,
      amount: Money(cents: 1), settled: [], collected: .zero)
    #expect(try payment.entries(in: Self.chart)[0].lines[0].account == bank)
  }

  @Test func `paying 115 of 230 at two rates makes VAT of 10.00 and 5.00 due, the rest with the rest`() throws
  {
    var books = Books()
    let totals = try VATTotals.of([("20", 10000), ("10", 10000)])
    try books.post(
      InvoicePosting(number: "FA-1", day: Self.day, payer: .durand, totals: totals, vatPoint: .collection))
    let first = totals.allocating(Money(cents: 11500)).settled
    let posted = try books.post(Self.payment(11500, by: .transfer, collected: first))
    #expect(posted.map(\.code) == ["BQ000001", "OD000001"])
    #expect(
      posted[1].draft.summary == ["445741 D 10,00", "445711 C 10,00", "445742 D 5,00", "445712 C 5,00"])
    let second = (totals - first).allocating(Money(cents: 11500)).settled
    try books.post(Self.payment(11500, by: .transfer, collected: second))
    #expect(books.balance("44574").isZero)
    #expect(books.balance("445711") == Money(cents: -2000))
    #expect(books.balance("445712") == Money(cents: -1000))
    #expect(books.balance("411").isZero)
  }

  @Test func `an overpayment of 130 on 120 stays as 10 of credit on 411, of no document`() throws {
    let payment = Self.payment(13000, by: .transfer, settling: 12000)
    #expect(payment.excess == Money(cents: 1000))
    let draft = try payment.entries(in: Self.chart)[0]
    #expect(draft.summary == ["512000 D 130,00", "411000 C 120,00", "411000 C 10,00"])
    #expect(draft.lines.map(\.matching) == [nil, "FA-1", nil])
  }

  @Test func `a payer's credit moves to an invoice without moving money, and its VAT falls due`() throws {
    let totals = try VATTotals.of([("20", 833)])
    let posting = CreditAllocationPosting(
      number: "AF-1", day: Self.day, payer: .durand, source: nil, target: "FA-2",
      amount: Money(cents: 1000), collected: totals)
    let drafts = try posting.entries(in: Self.chart)
    #expect(
      drafts.map(\.summary) == [
        ["411000 D 10,00", "411000 C 10,00"], ["445741 D 1,67", "445711 C 1,67"],
      ])
    #expect(drafts[0].lines.map(\.matching) == [nil, "FA-2"])
  }

  @Test func `a paid and credited invoice leaves 50 to the payer, and the refund closes every account`()
    throws
  {
    var books = Books()
    let totals = try VATTotals.of([("20", 10000)])
    try books.post(
      InvoicePosting(number: "FA-1", day: Self.day, payer: .durand, totals: totals, vatPoint: .collection))
    let paid = totals.allocating(Money(cents: 5000)).settled
    try books.post(Self.payment(5000, by: .transfer, collected: paid))
    try books.post(
      CreditNotePosting(
        number: "AV-1", day: Self.day, invoiceNumber: "FA-1", payer: .durand, credited: totals,
        vatPoint: .collection))
    #expect(books.balance("411") == Money(cents: -5000))
    let refund = (totals - paid - totals).allocating(Money(cents: -5000)).settled
    let posted = try books.post(Self.payment(-5000, by: .transfer, collected: refund))
    #expect(posted[0].draft.label.hasPrefix("Remboursement virement"))
    for account in ["411", "512", "706", "44571", "44574"] { #expect(books.balance(account).isZero) }
  }

  @Test func `a cheque that bounces after its slip reopens the debt, takes the VAT back and costs a fee`()
    throws
  {
    var books = Books()
    let totals = try VATTotals.of([("20", 10000)])
    try books.post(
      InvoicePosting(number: "FA-1", day: Self.day, payer: .durand, totals: totals, vatPoint: .collection))
    let cheque = Self.payment(12000, by: .cheque, collected: totals)
    try books.post(cheque)
    let slip = try books.post(
      DepositSlipPosting(number: "BR-1", day: Self.day, content: .cheque, total: Money(cents: 12000)))
    let bounced = Day.on("2026-12-03")
    let posted = try books.post(
      ReversalPosting(
        number: "IM-1", day: bounced, payment: cheque, cause: .bounced, place: .bank(nil),
        fee: Money(cents: 1500), collected: totals))
    #expect(
      posted.map(\.draft.summary) == [
        ["411000 D 120,00", "627000 D 15,00", "512000 C 120,00", "512000 C 15,00"],
        ["445741 C 20,00", "445711 D 20,00"],
      ])
    #expect(posted.allSatisfy { $0.draft.day == bounced })
    #expect(slip[0].draft.total == Money(cents: 12000))
    #expect(books.balance("411", auxiliary: "C00001") == Money(cents: 12000))
    #expect(books.balance("5112").isZero)
    #expect(books.balance("44571").isZero)
  }

  @Test func `a cheque undone before its slip leaves 5112 and not the bank`() throws {
    let cheque = Self.payment(12000, by: .cheque)
    let posting = ReversalPosting(
      number: "AN-1", day: Self.day, payment: cheque, cause: .mistake, place: .undeposited,
      collected: .zero)
    let drafts = try posting.entries(in: Self.chart)
    #expect(drafts.map(\.summary) == [["411000 D 120,00", "511200 C 120,00"]])
    #expect(drafts[0].label == "Annulation chèque RG-1 DURAND Alice")
  }
}
