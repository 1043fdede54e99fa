import ConstatCore
import Testing

@Suite struct LinePricingTests {
  static func line(_ cents: Int64, _ rate: Rate = .normal, ttc: Bool = true) -> PricedLine {
    PricedLine(rate: rate, amount: Money(cents: cents), includesTax: ttc)
  }

  @Test func `three lines of 10.00 tax included add up to 25.00 net, with the odd cent on the first`() throws
  {
    let pricing = try LinePricing([Self.line(1000), Self.line(1000), Self.line(1000)])
    #expect(pricing.nets.map(\.cents) == [834, 833, 833])
    #expect(pricing.totals.net.cents == 2500)
    #expect(pricing.totals.gross.cents == 3000)
  }

  @Test func `lines before tax keep their amounts and lines of both kinds share one base`() throws {
    let net = try LinePricing([
      Self.line(29933, ttc: false), Self.line(17933, ttc: false), Self.line(9934, ttc: false),
    ])
    #expect(net.nets.map(\.cents) == [29933, 17933, 9934])
    #expect(net.totals.tax.cents == 11560)
    let mixed = try LinePricing([Self.line(39680), Self.line(1000, ttc: false), Self.line(500, .zero)])
    #expect(mixed.nets.map(\.cents) == [33067, 1000, 500])
    #expect(mixed.totals[.normal]?.tax.cents == 6813)
    #expect(mixed.totals.taxIsBaseTimesRate)
  }

  @Test func `whatever the lines, their nets add up to the base of each rate and a credit mirrors them`()
    throws
  {
    var random = Seeded(state: 9)
    for _ in 0..<500 {
      let lines = (0..<Int.random(in: 0...9, using: &random)).map { _ in
        PricedLine(
          rate: [.normal, .normalOverseas, .zero].randomElement(using: &random) ?? .zero,
          amount: Money(cents: .random(in: -3000...9000, using: &random)),
          includesTax: Bool.random(using: &random))
      }
      let pricing = try LinePricing(lines)
      for share in pricing.totals.shares {
        let nets = zip(lines, pricing.nets).filter { $0.0.rate == share.rate }.map(\.1)
        #expect(try nets.total() == share.net)
        let isAllGross = lines.allSatisfy { $0.rate != share.rate || $0.includesTax }
        let gross = try lines.filter { $0.rate == share.rate }.map(\.amount).total()
        #expect(!isAllGross || share.gross == gross)
      }
      let mirrored = try LinePricing(
        lines.map { PricedLine(rate: $0.rate, amount: -$0.amount, includesTax: $0.includesTax) })
      #expect(mirrored.totals == -pricing.totals)
      #expect(mirrored.nets == pricing.nets.map { -$0 })
    }
  }
}
