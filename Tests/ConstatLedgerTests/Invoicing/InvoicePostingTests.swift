import ConstatCore
import ConstatLedger
import Foundation
import Testing

@Suite struct InvoicePostingTests {
  static let day = Day.on("2026-11-21")

  static func invoice(_ totals: VATTotals, _ vatPoint: Company.VATPoint = .debit) -> InvoicePosting {
    InvoicePosting(number: "FA-1", day: day, payer: .durand, totals: totals, vatPoint: vatPoint)
  }

  @Test func `an invoice on débits owes 693.60 and its VAT of 115.60 at once`() throws {
    let totals = try VATTotals.of([("20", 29933), ("20", 17933), ("20", 9934)])
    let drafts = try Self.invoice(totals).entries(in: ChartOfAccounts())
    #expect(drafts.map(\.summary) == [["411000 D 693,60", "706000 C 578,00", "445711 C 115,60"]])
    #expect(drafts[0].journal == .sales)
    #expect(drafts[0].pieceReference == "FA-1")
    #expect(drafts[0].lines[0].auxiliary == .durand)
    #expect(drafts[0].lines.dropFirst().allSatisfy { $0.auxiliary == nil })
  }

  @Test func `an invoice on encaissements leaves its VAT waiting, per rate`() throws {
    let totals = try VATTotals.of([("20", 10000), ("10", 10000)])
    let drafts = try Self.invoice(totals, .collection).entries(in: ChartOfAccounts())
    #expect(
      drafts.map(\.summary) == [
        ["411000 D 230,00", "706000 C 100,00", "445741 C 20,00", "706000 C 100,00", "445742 C 10,00"]
      ])
  }

  @Test(arguments: [
    ("8.5", ["411000 D 108,50", "706000 C 100,00", "445714 C 8,50"]),
    ("0", ["411000 D 100,00", "706000 C 100,00"]),
  ])
  func `Réunion takes 8.5 % and Guyane has no VAT line`(rate: String, lines: [String]) throws {
    let drafts = try Self.invoice(VATTotals.of([(rate, 10000)])).entries(in: ChartOfAccounts())
    #expect(drafts.map(\.summary) == [lines])
  }

  @Test func `an invoice of zero posts nothing`() throws {
    #expect(try Self.invoice(VATTotals.of([("20", 0)])).entries(in: ChartOfAccounts()).isEmpty)
    #expect(try Self.invoice(.zero).entries(in: ChartOfAccounts()).isEmpty)
  }

  @Test func `a credit note mirrors its invoice, and both cancel out`() throws {
    var books = Books()
    let totals = try VATTotals.of([("20", 10000), ("5.5", 333)])
    for vatPoint in Company.VATPoint.allCases {
      try books.post(Self.invoice(totals, vatPoint))
      let credit = CreditNotePosting(
        number: "AV-1", day: Self.day, invoiceNumber: "FA-1", payer: .durand, credited: totals,
        vatPoint: vatPoint)
      try books.post(credit)
    }
    for account in ["411", "706", "4457"] { #expect(books.balance(account).isZero) }
    #expect(books.entries.allSatisfy { $0.draft.journal == .sales })
  }

  @Test func `a rebate after the invoice goes to 709`() throws {
    let credit = CreditNotePosting(
      number: "AV-1", day: Self.day, invoiceNumber: "FA-1", payer: .durand,
      credited: try .of([("20", 1000)]), vatPoint: .debit, reason: .rebate)
    #expect(
      try credit.entries(in: ChartOfAccounts()).map(\.summary) == [
        ["411000 C 12,00", "709600 D 10,00", "445711 D 2,00"]
      ])
    #expect(try credit.entries(in: ChartOfAccounts())[0].lines[0].matching == "FA-1")
  }

  @Test func `the invoice list has the columns of INV-13, neutralises text and leaves amounts`() {
    var csv = InvoicesCSV()
    csv.append(
      InvoicesCSV.Row(
        company: "Diag Ouest; SARL", number: "AV-1", linked: ["FA-1"], dossiers: ["D-1", "D-2"],
        references: ["=1+1", "b"], payer: "@SUM(A1)", issuedOn: Self.day, dueOn: .on("2026-12-06"),
        missionCost: Money(cents: -39680), total: Money(cents: -39680), remainingDue: .zero,
        reports: .online, isSettled: true))
    let lines = String(decoding: csv.bytes, as: UTF8.self).components(separatedBy: "\r\n")
    #expect(InvoicesCSV.columns.count == 14)
    #expect(lines.count == 3)
    #expect(
      lines[1]
        == "\"Diag Ouest; SARL\";AV-1;FA-1;D-1, D-2;'=1+1, b;'@SUM(A1);21/11/2026;;06/12/2026;-396,80;-396,80;0,00;En ligne;Oui"
    )
  }
}
