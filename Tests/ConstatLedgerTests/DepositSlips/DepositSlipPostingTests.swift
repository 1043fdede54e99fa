import ConstatCore
import ConstatLedger
import Foundation
import Testing

@Suite struct DepositSlipPostingTests {
  static let day = Day.on("2026-11-21")

  @Test func `closing a slip moves its cheques to the bank in one line per slip`() throws {
    let slip = DepositSlipPosting(
      number: "BR-7", day: Self.day, content: .cheque, total: Money(cents: 26454))
    let drafts = try slip.entries(in: ChartOfAccounts())
    #expect(drafts.map(\.summary) == [["512000 D 264,54", "511200 C 264,54"]])
    #expect(drafts[0].journal == .bank)
    #expect(drafts[0].pieceReference == "BR-7")
  }

  @Test func `cash deposited leaves 53`() throws {
    let slip = DepositSlipPosting(number: "BR-8", day: Self.day, content: .cash, total: Money(cents: 100))
    #expect(try slip.entries(in: ChartOfAccounts()).map(\.summary) == [["512000 D 1,00", "530000 C 1,00"]])
  }

  @Test func `where cheques count as collected at the bank, the slip makes their VAT due`() throws {
    let slip = DepositSlipPosting(
      number: "BR-9", day: Self.day, content: .cheque, total: Money(cents: 12000),
      collected: try .of([("20", 10000)]))
    let drafts = try slip.entries(in: ChartOfAccounts())
    #expect(drafts[1].summary == ["445741 D 20,00", "445711 C 20,00"])
    #expect(drafts[1].journal == .miscellaneous)
  }

  @Test func `an empty slip cannot be posted`() {
    let slip = DepositSlipPosting(number: "BR-1", day: Self.day, content: .cheque, total: .zero)
    #expect(throws: EntryError.noLines) { try slip.entries(in: ChartOfAccounts()) }
  }

  @Test func `the printed slip lists its instalments and their total (DEP-07)`() {
    let slip = DepositSlipCSV(number: "BR-7", closedOn: Self.day, bank: "Crédit Maritime", content: .cheque)
    let rows = [
      DepositSlipCSV.Row(
        instalment: 1, invoice: "FA-1", payer: "DURAND \"Lili\"", issuer: "-MARTIN", chequeNumber: "0012",
        status: "Dépôt en cours", amount: Money(cents: 13227)),
      DepositSlipCSV.Row(
        instalment: 2, invoice: "FA-1", payer: "DURAND", status: "Dépôt en cours", amount: Money(cents: 13227)
      ),
    ]
    let lines = String(decoding: slip.write(rows), as: UTF8.self).components(separatedBy: "\r\n")
    #expect(
      lines.dropFirst() == [
        "BR-7;21/11/2026;Crédit Maritime;Chèques;1;FA-1;\"DURAND \"\"Lili\"\"\";'-MARTIN;0012;Dépôt en cours;132,27",
        "BR-7;21/11/2026;Crédit Maritime;Chèques;2;FA-1;DURAND;;;Dépôt en cours;132,27",
        "BR-7;21/11/2026;Crédit Maritime;Chèques;Total;;;;;;264,54", "",
      ])
  }
}
