import ConstatCore
import Foundation
import Testing

@Suite struct MoneyTests {
  @Test func `a price of 10.70 times 0.25 is 2.675, which rounds to 2.68 and its credit to -2.68`() throws {
    let quarter = try Quantity(decimal: "0.25")
    #expect(try Money(cents: 1070).times(quarter) == Money(cents: 268))
    #expect(try Money(cents: -1070).times(quarter) == Money(cents: -268))
    #expect(try Money(roundingDecimal: "2.675") == Money(cents: 268))
    #expect(try Money(roundingDecimal: "-2.675") == Money(cents: -268))
    #expect(try Money(roundingDecimal: "2.674999") == Money(cents: 267))
  }

  @Test func `396.80 in three instalments is 132.27, 132.27 and 132.26`() throws {
    #expect(try Money(cents: 39680).split(into: 3).map(\.cents) == [13227, 13227, 13226])
    #expect(try Money(cents: -39680).split(into: 3).map(\.cents) == [-13227, -13227, -13226])
    #expect(try Money(cents: 10000).split(into: 3).map(\.cents) == [3333, 3333, 3334])
  }

  @Test func `every split adds up and keeps its sign, whatever the amount and the number of parts`() throws {
    for cents in Int64(1)...120 {
      for parts in 1...Int(cents) {
        for amount in [Money(cents: cents), Money(cents: -cents)] {
          let split = try amount.split(into: parts)
          #expect(split.count == parts)
          #expect(try split.total() == amount)
          #expect(split.allSatisfy { !$0.isZero && $0.isNegative == amount.isNegative })
        }
      }
    }
  }

  @Test func `two cents cannot be paid in three instalments, nor anything in none`() {
    #expect(throws: MoneyError.cannotSplit(parts: 3)) { try Money(cents: 2).split(into: 3) }
    #expect(throws: MoneyError.cannotSplit(parts: 0)) { try Money(cents: 2).split(into: 0) }
  }

  @Test(arguments: [
    ("0", 0), ("396.8", 39680), ("396.80", 39680), ("-0.05", -5), ("100000000000", 10_000_000_000_000),
  ]) func `a decimal of at most two places is read exactly`(text: String, cents: Int64) throws {
    #expect(try Money(decimal: text).cents == cents)
  }

  @Test(arguments: ["", "-", ".5", "5.", "1,5", "1.234", "+1", "1e3", " 1", "1.2.3", "１", "--1", "NaN"])
  func `any other form of amount is refused`(text: String) {
    #expect(throws: MoneyError.malformed(text)) { try Money(decimal: text) }
  }

  @Test func `an amount beyond one hundred billion euros is refused from every entrance`() {
    #expect(throws: MoneyError.outOfRange) { try Money(decimal: "100000000000.01") }
    #expect(throws: MoneyError.outOfRange) { try Money(checking: .min) }
    #expect(throws: MoneyError.outOfRange) { try Money.limit.times(Quantity(2)) }
    #expect(throws: MoneyError.outOfRange) { try [Money.limit, Money(cents: 1)].total() }
    #expect(throws: MoneyError.outOfRange) { try [Money(cents: .max), Money(cents: .max)].total() }
    #expect(throws: MoneyError.outOfRange) {
      try JSONDecoder().decode([Money].self, from: Data("[10000000000001]".utf8))
    }
  }

  @Test func `amounts print with two decimals, with a point or a comma`() {
    #expect(Money(cents: 5).decimal == "0.05")
    #expect(Money(cents: -5).decimalComma == "-0,05")
    #expect(Money(cents: 123_456_789).decimalComma == "1234567,89")
    #expect(Money.zero.decimalComma == "0,00")
  }

  @Test func `money is an integer of cents on the wire, a rate and a quantity are strings`() throws {
    let encoder = JSONEncoder()
    #expect(try String(decoding: encoder.encode([Money(cents: -5)]), as: UTF8.self) == "[-5]")
    #expect(try String(decoding: encoder.encode([Rate(hundredths: 550)]), as: UTF8.self) == #"["5.5"]"#)
    #expect(try String(decoding: encoder.encode([Quantity(2)]), as: UTF8.self) == #"["2"]"#)
    #expect(
      try JSONDecoder().decode([Rate].self, from: Data(#"["20","8.50"]"#.utf8)) == [.normal, .normalOverseas])
    #expect(throws: (any Error).self) { try JSONDecoder().decode([Money].self, from: Data("[1.5]".utf8)) }
    #expect(throws: (any Error).self) { try JSONDecoder().decode([Rate].self, from: Data(#"["-1"]"#.utf8)) }
  }

  @Test func `a discount of 10 % leaves 90 %, rounded once`() throws {
    #expect(try Money(cents: 9934).discounted(by: Rate(percent: "10")) == Money(cents: 8941))
    #expect(try Money(cents: -9934).discounted(by: Rate(percent: "10")) == Money(cents: -8941))
  }

  @Test func `the VAT rates are the closed list of the e-invoicing rules`() throws {
    #expect(Rate.vatRates.count == 15)
    #expect(try Rate(vat: "5.5") == Rate(hundredths: 550))
    #expect(try Rate(vat: "20.0").percent == "20")
    #expect(throws: MoneyError.unknownVATRate(Rate(hundredths: 2100))) { try Rate(vat: "21") }
    #expect(throws: MoneyError.malformed("20 %")) { try Rate(vat: "20 %") }
  }

  @Test func `quantities keep four decimals and refuse a fifth`() throws {
    #expect(try Quantity(decimal: "0.0001").tenThousandths == 1)
    #expect(try Quantity(decimal: "12.5000").decimal == "12.5")
    #expect(throws: MoneyError.malformed("0.00001")) { try Quantity(decimal: "0.00001") }
    #expect(throws: MoneyError.outOfRange) { try Quantity(decimal: "100000000.0001") }
  }
}
