import ConstatCore
import Foundation
import Testing

@Suite struct VATTests {
  static let ten = Rate(hundredths: 1000)

  static func lines(_ cents: Int64..., at rate: Rate = .normal) -> [(rate: Rate, amount: Money)] {
    cents.map { (rate: rate, amount: Money(cents: $0)) }
  }

  @Test func `299.33, 179.33 and 99.34 at 20 % make VAT of 115.60 and a total of 693.60`() throws {
    let totals = try VATTotals(netLines: Self.lines(29933, 17933, 9934))
    #expect(totals.net.cents == 57800)
    #expect(totals.tax.cents == 11560)
    #expect(totals.gross.cents == 69360)
    #expect(totals.taxIsBaseTimesRate)
  }

  @Test func `396.80 tax included is 330.67 and 66.13 (INV-12)`() throws {
    let totals = try VATTotals(grossLines: Self.lines(39680))
    #expect(totals.net.cents == 33067)
    #expect(totals.tax.cents == 6613)
  }

  @Test func `three lines of 10.00 tax included are 25.00 and 5.00, never 24.99`() throws {
    let totals = try VATTotals(grossLines: Self.lines(1000, 1000, 1000))
    #expect(totals.net.cents == 2500)
    #expect(totals.tax.cents == 500)
  }

  @Test(arguments: [("8.5", 850), ("0", 0), ("20", 2000)])
  func `100 before tax takes 8.50 in Réunion, 0 in Guyane, 20 in the mainland`(rate: String, tax: Int64)
    throws
  {
    let totals = try VATTotals(netLines: Self.lines(10000, at: Rate(vat: rate)))
    #expect(totals.tax.cents == tax)
    #expect(totals.gross.cents == 10000 + tax)
  }

  @Test func `a credit note is the exact mirror of its invoice`() throws {
    let invoice = try VATTotals(netLines: Self.lines(3, 33067))
    let credit = try VATTotals(netLines: Self.lines(-3, -33067))
    #expect(credit == -invoice)
    #expect((invoice + credit).isZero)
  }

  @Test func `a gross of 0.03 at 20 % is legal but has no exact base`() throws {
    let totals = try VATTotals(grossLines: Self.lines(3))
    #expect(totals.gross.cents == 3)
    #expect(!totals.taxIsBaseTimesRate)
  }

  @Test func `paying 115 of 230 at two rates settles 60 and 55, with VAT of 10.00 and 5.00`() throws {
    let invoice = try VATTotals(netLines: Self.lines(10000) + Self.lines(10000, at: Self.ten))
    let first = invoice.allocating(Money(cents: 11500))
    #expect(first.excess.isZero)
    #expect(first.settled[.normal]?.gross.cents == 6000)
    #expect(first.settled[.normal]?.tax.cents == 1000)
    #expect(first.settled[Self.ten]?.gross.cents == 5500)
    #expect(first.settled[Self.ten]?.tax.cents == 500)
    let second = (invoice - first.settled).allocating(Money(cents: 11500))
    #expect(second.settled == invoice - first.settled)
  }

  @Test func `paying 130 of 120 settles the invoice and leaves a credit of 10`() throws {
    let invoice = try VATTotals(netLines: Self.lines(10000))
    let allocation = invoice.allocating(Money(cents: 13000))
    #expect(allocation.settled == invoice)
    #expect(allocation.excess.cents == 1000)
  }

  @Test func `after a full credit of a half-paid invoice a payment settles nothing and a refund all`() throws
  {
    let invoice = try VATTotals(netLines: Self.lines(10000))
    let paid = invoice.allocating(Money(cents: 5000)).settled
    let remains = invoice - paid - invoice
    #expect(remains.gross.cents == -5000)
    #expect(
      remains.allocating(Money(cents: 1000)) == VATAllocation(settled: .zero, excess: Money(cents: 1000)))
    #expect(remains.allocating(Money(cents: -5000)) == VATAllocation(settled: remains, excess: .zero))
  }

  @Test func `whatever the payments, each rate closes to the cent and no share goes astray`() {
    var random = Seeded(state: 42)
    for _ in 0..<400 {
      let rates = Array(Rate.vatRates).sorted().shuffled(using: &random).prefix(
        Int.random(in: 1...4, using: &random))
      let invoice = VATTotals(
        rates.map { rate in
          let net = Money(cents: .random(in: 1...50_000, using: &random))
          return VATShare(rate: rate, net: net, tax: (try? net.percent(rate)) ?? .zero)
        })
      var remains = invoice
      while !remains.isZero {
        let payment = Money(cents: .random(in: 1...20_000, using: &random))
        let allocation = remains.allocating(payment)
        #expect(allocation.settled.gross + allocation.excess == payment)
        #expect(allocation.settled.shares.allSatisfy { $0.gross.cents >= 0 && $0.tax.cents >= 0 })
        remains = remains - allocation.settled
        #expect(remains.shares.allSatisfy { $0.net.cents >= 0 && $0.tax.cents >= 0 })
        #expect(allocation.excess.isZero || remains.isZero)
      }
    }
  }

  @Test func `totals survive the wire`() throws {
    let totals = try VATTotals(netLines: Self.lines(10000) + Self.lines(10000, at: Self.ten))
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = try encoder.encode(totals)
    #expect(
      String(decoding: json, as: UTF8.self)
        == #"[{"net_cents":10000,"rate":"20","tax_cents":2000},{"net_cents":10000,"rate":"10","tax_cents":1000}]"#
    )
    #expect(try JSONDecoder().decode(VATTotals.self, from: json) == totals)
  }
}

/// A small deterministic generator (SplitMix64), so that a failing case is the same each run.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
