import ConstatCore
import Testing

@Suite struct PaymentTests {
  private let ten = Rate(hundredths: 1000)

  private func totals(_ shares: (Rate, Int64, Int64)...) -> VATTotals {
    VATTotals(shares.map { VATShare(rate: $0.0, net: Money(cents: $0.1), tax: Money(cents: $0.2)) })
  }

  private func open(_ id: String, _ invoice: String, _ due: String, _ cents: Int64, position: Int = 1)
    -> PaymentAllocation.Open
  {
    PaymentAllocation.Open(
      instalmentID: id, invoiceID: invoice, dueOn: Day(due)!, position: position,
      remaining: Money(cents: cents))
  }

  @Test func `130 paid on 120 settles it and leaves 10 of credit (domain case 7)`() {
    let allocation = PaymentAllocation.byDueDay(
      Money(cents: 13000), over: [open("i1", "f1", "2027-01-31", 12000)],
      due: ["f1": totals((.normal, 10000, 2000))])
    #expect(allocation.parts.map(\.amount.cents) == [12000])
    #expect(allocation.excess == Money(cents: 1000))
  }

  @Test func `115 paid on 120 and 110 at two rates splits 60 and 55 (domain case 8)`() {
    let due = totals((.normal, 10000, 2000), (ten, 10000, 1000))
    let allocation = PaymentAllocation.byDueDay(
      Money(cents: 11500), over: [open("i1", "f1", "2027-01-31", 23000)], due: ["f1": due])
    let byRate = allocation.parts[0].byRate
    #expect(byRate[.normal]?.gross == Money(cents: 6000))
    #expect(byRate[.normal]?.tax == Money(cents: 1000))
    #expect(byRate[ten]?.gross == Money(cents: 5500))
    #expect(byRate[ten]?.tax == Money(cents: 500))
  }

  @Test func `whatever the payments, every rate closes to the cent`() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<300 {
      let invoice = try PricedInvoice(
        [Rate.normal, ten, Rate(hundredths: 550)].map { rate in
          InvoiceLine(
            designation: "x", unitPrice: .inclTax(Money(cents: .random(in: 1...30000, using: &random))),
            vatRate: rate)
        }
      ).totals
      var due = invoice
      while due.gross.isPositive {
        let payment = Money(cents: .random(in: 1...20000, using: &random))
        let result = PaymentAllocation.byDueDay(
          payment, over: [open("i", "f", "2027-01-01", due.gross.cents)], due: ["f": due])
        #expect(result.parts.allSatisfy { $0.byRate.gross == $0.amount })
        #expect(result.parts.reduce(result.excess) { $0 + $1.amount } == payment)
        due = result.parts.reduce(due) { $0 - $1.byRate }
      }
      #expect(due.isZero)
    }
  }

  @Test func `the earliest due instalments are settled first, across invoices`() {
    let due = ["f1": totals((.normal, 20000, 4000)), "f2": totals((.normal, 10000, 2000))]
    let allocation = PaymentAllocation.byDueDay(
      Money(cents: 20000),
      over: [
        open("i2", "f1", "2027-03-01", 12000, position: 2), open("i1", "f1", "2027-01-01", 12000),
        open("j1", "f2", "2027-02-01", 12000),
      ], due: due)
    #expect(allocation.parts.map(\.instalmentID) == ["i1", "j1"])
    #expect(allocation.parts.map(\.amount.cents) == [12000, 8000])
    #expect(allocation.excess == .zero)
  }

  @Test func `a credited invoice takes no more than what is left of it`() {
    let allocation = PaymentAllocation.byDueDay(
      Money(cents: 12000), over: [open("i1", "f1", "2027-01-01", 12000)],
      due: ["f1": totals((.normal, 2500, 500))])
    #expect(allocation.parts.map(\.amount.cents) == [3000])
    #expect(allocation.excess == Money(cents: 9000))
  }

  @Test func `a chosen allocation stays within the instalment, the invoice and the payment`() throws {
    let opens = [open("i1", "f1", "2027-01-01", 12000), open("i2", "f1", "2027-02-01", 12000, position: 2)]
    let due = ["f1": totals((.normal, 20000, 4000))]
    func choose(_ choices: [(instalmentID: String, amount: Money)], _ cents: Int64 = 15000) throws
      -> PaymentAllocation
    {
      try PaymentAllocation.chosen(Money(cents: cents), as: choices, over: opens, due: due)
    }
    let result = try choose([("i2", Money(cents: 12000)), ("i1", Money(cents: 2000))])
    #expect(result.parts.map(\.instalmentID) == ["i2", "i1"])
    #expect(result.excess == Money(cents: 1000))
    #expect(throws: PaymentError.exceedsInstalment("i1", remaining: Money(cents: 12000))) {
      try choose([("i1", Money(cents: 12001))])
    }
    #expect(throws: PaymentError.exceedsPayment(left: Money(cents: 3000))) {
      try choose([("i1", Money(cents: 12000)), ("i2", Money(cents: 3001))])
    }
    #expect(throws: PaymentError.instalmentNotOpen("i9")) { try choose([("i9", Money(cents: 1))]) }
    #expect(throws: PaymentError.instalmentTwice("i1")) {
      try choose([("i1", Money(cents: 1)), ("i1", Money(cents: 1))])
    }
    #expect(throws: PaymentError.amountNotPositive) { try choose([("i1", .zero)]) }
  }

  @Test func `the split by rate goes through its column and back`() {
    let split = totals((.normal, 5000, 1000), (ten, 5000, 500))
    #expect(split.byVATRate == ["2000": [6000, 1000], "1000": [5500, 500]])
    #expect(VATTotals(byVATRate: split.byVATRate) == split)
    #expect(VATTotals(byVATRate: ["x": [1, 2]]) == nil)
    #expect(VATTotals(byVATRate: ["2000": [1]]) == nil)
  }

  @Test func `cash stops at 1,000 euros of one debt, however it is cut (CMF D112-3)`() throws {
    try CashLimit.check(Money(cents: 100_000), means: .cash, alreadyInCash: .zero)
    #expect(throws: PaymentError.cashLimit(limit: Money(cents: 100_000), alreadyPaid: Money(cents: 60_000))) {
      try CashLimit.check(Money(cents: 40_001), means: .cash, alreadyInCash: Money(cents: 60_000))
    }
    try CashLimit.check(Money(cents: 500_000), means: .cheque, alreadyInCash: Money(cents: 100_000))
  }

  @Test func `cheques and cash wait for their slip, the rest is at the bank (AMB-41)`() {
    #expect(Instalment.Status.covered(by: [.cheque]) == .received)
    #expect(Instalment.Status.covered(by: [.cash, .card]) == .received)
    #expect(Instalment.Status.covered(by: [.onlineCard]) == .cashed)
    #expect(Instalment.Status.covered(by: [.transfer]) == .cashed)
  }
}
