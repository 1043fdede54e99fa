import ConstatCore
import Testing

@Suite struct PricingTests {
  private func line(
    _ id: String, _ codes: Set<String>, _ cents: Int64, minutes: Int = 30, type: PropertyType? = nil,
    area: Int? = nil, rooms: Int? = nil
  ) -> PriceListLine {
    PriceListLine(
      id: id, kind: codes.count > 1 ? .pack : .unit, label: id, diagnosticCodes: codes,
      propertyType: type, floorAreaMaxHundredths: area, roomCountMax: rooms,
      amountInclTax: Money(cents: cents), durationMinutes: minutes)
  }

  private var flat: DossierFacts {
    var facts = DossierFacts(nature: .saleRentalManagement)
    facts.propertyType = .apartment
    facts.floorAreaHundredths = 6500
    facts.roomCount = 3
    return facts
  }

  private var list: [PriceListLine] {
    [
      line("dpe", ["dpe"], 12000, minutes: 60), line("gas", ["gas"], 9000, minutes: 20),
      line("elec", ["electricity"], 9000), line("lead", ["lead"], 15000, minutes: 60),
      line("pack3", ["dpe", "gas", "electricity"], 25000, minutes: 100),
      line("pack2", ["gas", "electricity"], 14000, minutes: 45),
    ]
  }

  @Test func `both the pack price and the sum of unit prices are proposed (DOS-39)`() throws {
    let prices = try PriceCalculation(codes: ["dpe", "gas", "electricity", "lead"], facts: flat, lines: list)
    #expect(prices.unit?.total == Money(cents: 45000))
    #expect(prices.unit?.estimatedMinutes == 170)
    #expect(prices.pack?.total == Money(cents: 40000))
    #expect(prices.pack?.lines.map(\.id).sorted() == ["lead", "pack3"])
    #expect(prices.pack?.estimatedMinutes == 160)
    #expect(try prices.proposal(nil) == prices.pack)
    #expect(try prices.proposal(.unit) == prices.unit)
  }

  @Test func `a pack never brings a diagnostic that was not chosen`() throws {
    let prices = try PriceCalculation(codes: ["dpe", "gas"], facts: flat, lines: list)
    #expect(prices.pack == nil)
    #expect(try prices.proposal(nil).total == Money(cents: 21000))
    #expect(throws: PricingError.noPack) { try prices.proposal(.pack) }
  }

  @Test func `a diagnostic without a price is named`() throws {
    let prices = try PriceCalculation(codes: ["dpe", "noise"], facts: flat, lines: list)
    #expect(throws: PricingError.noPrice(codes: ["noise"])) { try prices.proposal(nil) }
    #expect(throws: PricingError.noPrice(codes: ["noise"])) { try prices.proposal(.unit) }
    #expect(throws: PricingError.noDiagnostics) {
      try PriceCalculation(codes: [], facts: flat, lines: list)
    }
  }

  @Test func `the tightest limit that fits makes the price, an unknown area none of them (ORG-07)`() throws {
    let lines = [
      line("any", ["dpe"], 20000), line("to50", ["dpe"], 10000, area: 5000),
      line("to80", ["dpe"], 12000, area: 8000), line("house", ["dpe"], 5000, type: .house),
      line("flat80", ["dpe"], 13000, type: .apartment, area: 8000),
    ]
    var facts = flat
    func price() throws -> Int64 {
      try PriceCalculation(codes: ["dpe"], facts: facts, lines: lines).proposal(nil).total.cents
    }
    #expect(try price() == 13000)
    facts.propertyType = nil
    #expect(try price() == 12000)
    facts.floorAreaHundredths = 5000
    #expect(try price() == 10000)
    facts.floorAreaHundredths = nil
    #expect(try price() == 20000)
    facts.floorAreaHundredths = 8001
    #expect(try price() == 20000)
  }

  @Test func `of overlapping packs the cheapest cover is found`() throws {
    let lines = [
      line("a", ["a"], 100), line("b", ["b"], 100), line("c", ["c"], 100), line("d", ["d"], 100),
      line("abc", ["a", "b", "c"], 210), line("ab", ["a", "b"], 150), line("cd", ["c", "d"], 150),
    ].map { $0 }
    let prices = try PriceCalculation(codes: ["a", "b", "c", "d"], facts: flat, lines: lines)
    #expect(prices.pack?.lines.map(\.id).sorted() == ["ab", "cd"])
  }

  @Test func `the pack price is never above the unit price and is the best of all covers`() throws {
    var random = SeededGenerator(seed: 3)
    let codes = ["aa", "bb", "cc", "dd", "ee"]
    for _ in 0..<200 {
      var lines = codes.map { line("u" + $0, [$0], .random(in: 50...150, using: &random)) }
      for index in 0..<6 {
        let pack = Set(codes.shuffled(using: &random).prefix(.random(in: 2...4, using: &random)))
        lines.append(line("p\(index)", pack, .random(in: 80...500, using: &random)))
      }
      let prices = try PriceCalculation(codes: Set(codes), facts: flat, lines: lines)
      let best = bruteForce(Set(codes), lines)
      #expect(try prices.proposal(nil).total.cents == best)
      if let pack = prices.pack, let unit = prices.unit {
        #expect(pack.total <= unit.total)
        #expect(pack.lines.flatMap(\.diagnosticCodes).sorted() == codes)
      }
    }
  }

  private func bruteForce(_ left: Set<String>, _ lines: [PriceListLine]) -> Int64 {
    guard let first = left.min() else { return 0 }
    return lines.filter { $0.diagnosticCodes.contains(first) && $0.diagnosticCodes.isSubset(of: left) }
      .map { $0.amountInclTax.cents + bruteForce(left.subtracting($0.diagnosticCodes), lines) }.min() ?? .max
      / 1000
  }

  @Test func `the prescriber's systematic discount applies unless the order says otherwise (DOS-41)`() throws
  {
    let rate = Rate(hundredths: 2000)
    let systematic = DiscountChoice.systematic.discount(prescriberRate: rate, prescriberComment: "convention")
    #expect(systematic?.discount == .rate(rate))
    #expect(systematic?.comment == "convention")
    #expect(DiscountChoice.systematic.discount(prescriberRate: nil, prescriberComment: nil) == nil)
    #expect(DiscountChoice.none.discount(prescriberRate: rate, prescriberComment: nil) == nil)
    let typed = DiscountChoice.typed(.amount(Money(cents: 500)), comment: nil)
    #expect(
      typed.discount(prescriberRate: rate, prescriberComment: nil)?.discount == .amount(Money(cents: 500)))
  }

  @Test func `a price has its discount, its tax and its time (DOS-40)`() throws {
    let price = try DossierPrice(
      mode: .pack, gross: Money(cents: 49600), estimatedMinutes: 100, vatRate: .normal,
      discount: .rate(Rate(hundredths: 2000)), discountComment: "convention")
    #expect(price.discountAmount == Money(cents: 9920))
    #expect(price.inclTax == Money(cents: 39680))
    #expect(price.exclTax == Money(cents: 33067))
    #expect(price.price.tax == Money(cents: 6613))
    #expect(price.columns["discount_rate"] == 2000)
    #expect(price.columns["discount_cents"] == 9920)
    #expect(price.columns["price_incl_tax_cents"] == 39680)
    #expect(price.columns["estimated_minutes"] == 100)
  }

  @Test func `a discount cannot exceed the price`() {
    #expect(
      throws: PricingError.discountExceedsPrice(discount: Money(cents: 101), price: Money(cents: 100))
    ) {
      try DossierPrice(
        mode: .manual, gross: Money(cents: 100), estimatedMinutes: nil, vatRate: .normal,
        discount: .amount(Money(cents: 101)))
    }
  }
}
