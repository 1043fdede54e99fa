import ConstatCore
import Testing

@Suite struct InvoiceTests {
  private func net(_ cents: Int64, rate: Rate = .normal) -> InvoiceLine {
    InvoiceLine(designation: "x", unitPrice: .exclTax(Money(cents: cents)), vatRate: rate)
  }

  private func gross(_ cents: Int64, rate: Rate = .normal, quantity: Quantity = .one) -> InvoiceLine {
    InvoiceLine(designation: "x", quantity: quantity, unitPrice: .inclTax(Money(cents: cents)), vatRate: rate)
  }

  @Test func `299.33, 179.33 and 99.34 at 20 % make 115.60 of VAT and 693.60 in all (domain case 1)`() throws
  {
    let invoice = try PricedInvoice([net(29933), net(17933), net(9934)])
    #expect(invoice.totals.tax == Money(cents: 11560))
    #expect(invoice.totals.gross == Money(cents: 69360))
    #expect(invoice.totals.taxIsBaseTimesRate)
  }

  @Test func `396.80 all included is 330.67 and 66.13 (domain case 3)`() throws {
    let invoice = try PricedInvoice([gross(39680)])
    #expect(invoice.totals.net == Money(cents: 33067))
    #expect(invoice.totals.tax == Money(cents: 6613))
    #expect(invoice.lines[0].unitPriceExclTax == Money(cents: 33067))
  }

  @Test func `three lines of 10.00 all included are 25.00 and 5.00, never 24.99 (domain case 4)`() throws {
    let invoice = try PricedInvoice([gross(1000), gross(1000), gross(1000)])
    #expect(invoice.totals.net == Money(cents: 2500))
    #expect(invoice.totals.tax == Money(cents: 500))
    #expect(invoice.lines.map(\.totalExclTax.cents) == [834, 833, 833])
  }

  @Test func `a dossier's discounted price is invoiced to the cent, whatever the amounts`() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<500 {
      let price = try DossierPrice(
        mode: .manual, gross: Money(cents: .random(in: 1...99999, using: &random)), estimatedMinutes: nil,
        vatRate: .normal, discount: .rate(Rate(hundredths: .random(in: 0...9999, using: &random))))
      let invoice = try PricedInvoice([.mission(price, designation: "Diagnostics")])
      #expect(invoice.totals.gross == price.inclTax)
      _ = try PricedInvoice(lines: invoice.lines, totals: invoice.totals)
    }
  }

  @Test func `lines always add up to the base of their rate, and the sums included stand`() throws {
    var random = SeededGenerator(seed: 5)
    let rates: [Rate] = [.normal, Rate(hundredths: 1000), Rate(hundredths: 550), .zero]
    for _ in 0..<500 {
      let lines = (0..<Int.random(in: 1...9, using: &random)).map { _ in
        gross(.random(in: 0...50000, using: &random), rate: rates.randomElement(using: &random)!)
      }
      let invoice = try PricedInvoice(lines)
      for share in invoice.totals.shares {
        let base = invoice.lines.filter { $0.vatRate == share.rate }.reduce(Money.zero) {
          $0 + $1.totalExclTax
        }
        #expect(base == share.net)
        let included = zip(lines, invoice.lines).filter { $0.0.vatRate == share.rate }
          .reduce(Int64(0)) { sum, pair in
            if case .inclTax(let price) = pair.0.unitPrice { sum + price.cents } else { sum }
          }
        #expect(share.gross.cents == included)
      }
      _ = try PricedInvoice(lines: invoice.lines, totals: invoice.totals)
    }
  }

  @Test func `quantity and discount apply to a line, before its rounding`() throws {
    let line = InvoiceLine(
      designation: "x", quantity: try Quantity(decimal: "2.5"), unitPrice: .exclTax(Money(cents: 1070)),
      discountRate: Rate(hundredths: 1000), vatRate: .normal)
    let invoice = try PricedInvoice([line])
    #expect(invoice.lines[0].totalExclTax == Money(cents: 2407))
    #expect(invoice.lines[0].unitPriceExclTax == Money(cents: 1070))
  }

  @Test func `a line has one price, before tax or included, and a positive quantity`() throws {
    let none: [String: JSONValue] = ["designation": "x", "vat_rate": 2000]
    #expect(throws: FieldProblems.self) { try InvoiceLine(columns: none, at: "/lines/0") }
    var both = none
    both["unit_price_excl_tax_cents"] = 1
    let line = try InvoiceLine(columns: both)
    #expect(line.quantity == .one)
    both["unit_price_incl_tax_cents"] = 1
    #expect(throws: FieldProblems.self) { try InvoiceLine(columns: both) }
    both["unit_price_incl_tax_cents"] = nil
    both["quantity_ten_thousandths"] = 0
    #expect(throws: FieldProblems.self) { try InvoiceLine(columns: both) }
  }

  @Test func `stored lines and VAT that contradict one another are refused`() throws {
    let invoice = try PricedInvoice([net(10000)])
    let forged = VATTotals([VATShare(rate: .normal, net: Money(cents: 10000), tax: Money(cents: 1990))])
    #expect(throws: InvoiceError.totalsDoNotMatch(.normal)) {
      try PricedInvoice(lines: invoice.lines, totals: forged)
    }
    #expect(throws: InvoiceError.totalsDoNotMatch(.normal)) {
      try PricedInvoice(lines: invoice.lines, totals: .zero)
    }
    #expect(throws: InvoiceError.noLines) { try PricedInvoice([]) }
  }

  @Test func `a credit note is the exact mirror, and what is left can be credited rate by rate`() throws {
    let invoice = try PricedInvoice([net(29933), gross(1000, rate: Rate(hundredths: 1000))])
    #expect((invoice.totals + (-invoice).totals).isZero)
    #expect(zip(invoice.lines, (-invoice).lines).allSatisfy { $0.totalExclTax == -$1.totalExclTax })
    let rest = PricedInvoice.crediting(invoice.totals, designation: "Avoir")
    #expect(rest.totals == -invoice.totals)
    #expect(rest.lines.count == 2)
  }

  @Test func `credits never exceed the invoice, in total nor in a rate (domain cases 5, 6)`() throws {
    let left = try PricedInvoice([net(10000)]).totals
    let seventy = try PricedInvoice([gross(7000)]).totals
    try Invoice.checkCredit(seventy, left: left)
    #expect(
      throws: InvoiceError.creditExceedsInvoice(credit: Money(cents: 7000), left: Money(cents: 5000))
    ) { try Invoice.checkCredit(seventy, left: left - seventy) }
    let otherRate = try PricedInvoice([gross(1000, rate: Rate(hundredths: 1000))]).totals
    #expect(throws: InvoiceError.self) { try Invoice.checkCredit(otherRate, left: left) }
  }

  @Test func `120 invoiced, 50 paid and 120 credited leave 50 to refund and nothing to dun (domain case 5)`()
  {
    let balance = InvoiceBalance(
      total: Money(cents: 12000), credited: Money(cents: 12000), paid: Money(cents: 5000))
    #expect(balance.balance == Money(cents: -5000))
    #expect(balance.refundable == Money(cents: 5000))
    #expect(balance.state == .credited)
    #expect(!balance.isDunnable)
  }

  @Test func `a partial credit does not make an invoice paid`() throws {
    let balance = InvoiceBalance(total: Money(cents: 12000), credited: Money(cents: 2000), paid: .zero)
    #expect(balance.state == .unpaid)
    #expect(balance.remaining == Money(cents: 10000))
    #expect(throws: InvoiceError.notSettled(remaining: Money(cents: 10000))) { try balance.checkArchivable() }
    let paid = InvoiceBalance(
      total: Money(cents: 12000), credited: Money(cents: 2000), paid: Money(cents: 10000))
    #expect(paid.state == .settled)
    try paid.checkArchivable()
    let part = InvoiceBalance(total: Money(cents: 12000), credited: .zero, paid: Money(cents: 1))
    #expect(part.state == .partlyPaid)
  }

  @Test func `an issue dated before the last of its series is refused (domain case 14)`() throws {
    let last = Day(year: 2027, month: 3, day: 10)!
    let today = Day(year: 2027, month: 3, day: 12)!
    try Invoice.checkIssueDay(last, today: today, lastInSeries: last)
    try Invoice.checkIssueDay(today, today: today, lastInSeries: nil)
    #expect(throws: InvoiceError.issueDayBeforeLast(given: last.adding(days: -1), last: last)) {
      try Invoice.checkIssueDay(last.adding(days: -1), today: today, lastInSeries: last)
    }
    #expect(throws: InvoiceError.issueDayInFuture(given: today.adding(days: 1), today: today)) {
      try Invoice.checkIssueDay(today.adding(days: 1), today: today, lastInSeries: last)
    }
  }

  @Test func `an invoice issued at 2026-12-31T23:30Z is of 2027 in Paris (domain case 16)`() throws {
    let day = Zone.paris.day(of: Instant("2026-12-31T23:30:00Z")!)
    let number = try InvoiceNumber(prefix: "F", year: day.year, sequence: 1)
    #expect(number.text == "F2027-00001")
    #expect(number.series == "F2027")
  }

  @Test(arguments: [
    ("FA 2027.1", false), ("F2027-00001", true), ("F/2027_1+2", true), ("", false), ("É1", false),
    ("12345678901234567890123456789012345", true), ("123456789012345678901234567890123456", false),
  ])
  func `a number holds 35 characters that e-invoicing takes (domain case 25)`(text: String, isValid: Bool) {
    #expect(InvoiceNumber.isValid(text) == isValid)
  }

  @Test func `a prefix that would spoil its numbers is refused, and counters are per company`() throws {
    try InvoiceNumber.checkPrefix("FA-LYON/")
    for prefix in ["", "FA ", "FA.", "ÉTÉ", "-F", "+F", String(repeating: "F", count: 30)] {
      #expect(throws: InvoiceError.self) { try InvoiceNumber.checkPrefix(prefix) }
    }
    let one = InvoiceNumber.counter(company: "c1", kind: .invoice, series: "F2027")
    #expect(one != InvoiceNumber.counter(company: "c2", kind: .invoice, series: "F2027"))
    #expect(one != InvoiceNumber.counter(company: "c1", kind: .creditNote, series: "F2027"))
    #expect(try InvoiceNumber(prefix: "F", year: 2027, sequence: 123_456).text == "F2027-123456")
  }

  @Test func `instalments add up to the total, in the order of their days (INV-20)`() throws {
    let issued = Day(year: 2027, month: 1, day: 31)!
    let parts = try Instalment.spread(Money(cents: 39680), parts: 3, firstDue: issued)
    #expect(parts.map(\.amount.cents) == [13227, 13227, 13226])
    #expect(parts.map(\.dueOn.description) == ["2027-01-31", "2027-02-28", "2027-03-31"])
    func check(_ parts: [Instalment], _ cents: Int64 = 39680) throws -> [Instalment] {
      try Instalment.checked(
        parts, total: Money(cents: cents), issuedOn: issued, dueOn: issued.adding(days: 30))
    }
    #expect(try check(parts) == parts)
    #expect(
      throws: InvoiceError.instalmentsDoNotAddUp(total: Money(cents: 39681), instalments: Money(cents: 39680))
    ) { try check(parts, 39681) }
    #expect(throws: InvoiceError.instalmentsOutOfOrder(position: 2)) { try check(parts.reversed()) }
    #expect(throws: InvoiceError.dueBeforeIssue(due: issued.adding(days: -1), issue: issued)) {
      try check([Instalment(dueOn: issued.adding(days: -1), amount: Money(cents: 39680))])
    }
    #expect(throws: InvoiceError.instalmentNotPositive(position: 1)) {
      try check([Instalment(dueOn: issued, amount: .zero)])
    }
    #expect(try check([]) == [Instalment(dueOn: issued.adding(days: 30), amount: Money(cents: 39680))])
    #expect(try check([], 0).isEmpty)
  }
}
