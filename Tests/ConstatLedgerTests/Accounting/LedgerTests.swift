import ConstatCore
import ConstatLedger
import Foundation
import Testing

@Suite struct LedgerTests {
  @Test(arguments: Array(UInt64(1)...40))
  func `a random year balances in each entry, and its FEC is accepted in every form`(seed: UInt64) throws {
    let year = try RandomYear(seed: seed)
    for entry in year.books.entries {
      let net = entry.draft.lines.reduce(Money.zero) { $0 + $1.debit - $1.credit }
      #expect(net.isZero)
      #expect(entry.draft.lines.allSatisfy { $0.amount.isPositive && $0.debit.isZero != $0.credit.isZero })
    }
    #expect(year.books.balance("411") == year.debts)
    #expect(year.books.balance("44574") == -year.pendingVAT)
    var validator = FECValidator()
    validator.origin = .constat
    validator.expectations.documents = year.documents
    validator.expectations.slips = year.slips
    for columns in FECColumnSet.allCases {
      for encoding in FECEncoding.allCases {
        var format = FECWriter.Format()
        format.columns = columns
        format.encoding = encoding
        let bytes = FECWriter(format).write(year.books.entries)
        #expect(validator.validate(bytes, fileName: "732829320FEC20261231.txt") == [])
      }
    }
  }

  @Test func `an entry that does not balance, or has no line, cannot be made`() throws {
    let chart = ChartOfAccounts()
    let line = try #require(LedgerLine(debit: Money(cents: 1), to: chart.bank))
    #expect(throws: EntryError.unbalanced(debit: Money(cents: 1), credit: .zero)) {
      try EntryDraft(
        event: .payment, journal: .bank, day: .on("2026-01-01"), pieceReference: "x",
        pieceDay: .on("2026-01-01"), label: "x",
        lines: [line])
    }
    #expect(throws: EntryError.noLines) {
      try EntryDraft(
        event: .payment, journal: .bank, day: .on("2026-01-01"), pieceReference: "x",
        pieceDay: .on("2026-01-01"), label: "x",
        lines: [])
    }
    let credit = try #require(LedgerLine(credit: Money(cents: 1), to: chart.cash))
    #expect(throws: EntryError.blankPieceReference) {
      try EntryDraft(
        event: .payment, journal: .bank, day: .on("2026-01-01"), pieceReference: " ",
        pieceDay: .on("2026-01-01"), label: "x",
        lines: [line, credit])
    }
    #expect(throws: EntryError.blankLabel) {
      try EntryDraft(
        event: .payment, journal: .bank, day: .on("2026-01-01"), pieceReference: "x",
        pieceDay: .on("2026-01-01"), label: "\t",
        lines: [line, credit])
    }
  }

  @Test func `a line of nothing or of both sides cannot be made`() {
    let bank = ChartOfAccounts().bank
    #expect(LedgerLine(debit: .zero, to: bank) == nil)
    #expect(LedgerLine(account: bank, auxiliary: nil, debit: .zero, credit: .zero, matching: nil) == nil)
    let cent = Money(cents: 1)
    #expect(LedgerLine(account: bank, auxiliary: nil, debit: cent, credit: cent, matching: nil) == nil)
    #expect(LedgerLine(account: bank, auxiliary: nil, debit: -cent, credit: .zero, matching: nil) == nil)
    #expect(LedgerLine(debit: -cent, to: bank)?.credit == cent)
    #expect(LedgerLine(debit: cent, to: bank, auxiliary: .durand)?.auxiliary == nil)
  }

  @Test func `a letter ties what cancels out within the file, and a bounced cheque unties it`() throws {
    var books = try FECFile.sampleBooks()
    func letters() -> [String?] {
      let lettering = Lettering(books.entries)
      return books.entries.flatMap(\.draft.lines).filter(\.account.isCustomers).map {
        lettering.letter(of: $0)?.code
      }
    }
    #expect(letters() == ["AA", "AA", nil])
    #expect(Lettering(books.entries.prefix(1)).letter(of: books.entries[0].draft.lines[0]) == nil)
    let cheque = PaymentPosting(
      number: "RG-1", day: .on("2026-11-10"), payer: .durand, means: .cheque, amount: Money(cents: 12000),
      settled: [SettledDocument(number: "FA-1", amount: Money(cents: 12000))], collected: .zero)
    try books.post(
      ReversalPosting(
        number: "IM-1", day: .on("2026-11-25"), payment: cheque, cause: .bounced, place: .bank(nil),
        collected: .zero))
    #expect(letters() == [nil, nil, nil, nil])
  }

  @Test func `letters run from AA to ZZ and on to AAA without repeating`() throws {
    var books = Books()
    for number in 1...700 {
      let totals = try VATTotals.of([("20", 100)])
      let document = "FA-\(number)"
      try books.post(
        InvoicePosting(
          number: document, day: .on("2026-01-01"), payer: .durand, totals: totals, vatPoint: .debit))
      try books.post(
        PaymentPosting(
          number: "RG-\(number)", day: .on("2026-01-01"), payer: .durand, means: .transfer,
          amount: totals.gross, settled: [SettledDocument(number: document, amount: totals.gross)],
          collected: .zero))
    }
    let lettering = Lettering(books.entries)
    let codes = books.entries.filter { $0.draft.journal == .sales }
      .compactMap { lettering.letter(of: $0.draft.lines[0])?.code }
    #expect(codes.count == 700)
    #expect(Set(codes).count == 700)
    #expect([codes[0], codes[1], codes[26], codes[675], codes[676]] == ["AA", "AB", "BA", "ZZ", "AAA"])
  }

  @Test func `a fiscal year is the twelve months up to its closing day, leap days included`() throws {
    let year = FiscalYear(closing: .on("2026-12-31"))
    #expect(year.first == .on("2026-01-01"))
    #expect(FiscalYear(closing: .on("2028-02-29")).first == .on("2027-03-01"))
    #expect(FiscalYear(closing: .on("2029-02-28")).first == .on("2028-03-01"))
    #expect(FiscalYear(closing: .on("2023-03-31")).first == .on("2022-04-01"))
    #expect(FiscalYear(holding: .on("2026-04-01"), end: "03-31") == FiscalYear(closing: .on("2027-03-31")))
    #expect(FiscalYear(holding: .on("2026-03-31"), end: "03-31") == FiscalYear(closing: .on("2026-03-31")))
    #expect(FiscalYear(holding: .on("2026-06-20"), end: "06-15")?.first == .on("2026-06-16"))
    #expect(FiscalYear(holding: .on("2027-02-28"), end: "02-29") == FiscalYear(closing: .on("2027-02-28")))
    #expect(FiscalYear(holding: .on("2027-03-01"), end: "02-29") == FiscalYear(closing: .on("2028-02-29")))
    #expect(FiscalYear(holding: .on("2026-04-01"), end: "02-30") == nil)
    #expect(FiscalYear(first: .on("2026-01-01"), last: .on("2025-12-31")) == nil)
    #expect(year.contains(.on("2026-12-31")))
    #expect(!year.contains(.on("2027-01-01")))
  }

  @Test func `an issue at 23:30 UTC on 31 December is of the 2027 year and FEC in Paris`() throws {
    let day = Zone.paris.day(of: try #require(Instant("2026-12-31T23:30:00Z")))
    let year = try #require(FiscalYear(holding: day, end: "12-31"))
    #expect(year.year == 2027)
    #expect(FECFileName(siren: "732829320", closing: year.last)?.text == "732829320FEC20271231.txt")
  }

  @Test func `the chart is a setting: what is left out takes the French defaults`() throws {
    let chart = try ChartOfAccounts(overrides: [
      "customers": "411", "bank": "512100 Crédit Maritime", "vat_collected_20": "44571200",
      "sales_5.5": "706055",
      "vat_pending_8.5": "445785 TVA Réunion",
    ])
    #expect(try chart.customers == Account("411", "Clients"))
    #expect(try chart.bank == Account("512100", "Crédit Maritime"))
    #expect(chart.sales == ChartOfAccounts().sales)
    #expect(try chart.vatCollected(at: .normal) == Account("44571200", "TVA collectée 20 %"))
    #expect(chart.vatCollected(at: Rate(hundredths: 550)).number == "445713")
    #expect(chart.vatCollected(at: Rate(hundredths: 1960)).number == "445711960")
    #expect(chart.sales(at: Rate(hundredths: 550)).number == "706055")
    #expect(try chart.vatPending(at: .normalOverseas) == Account("445785", "TVA Réunion"))
    #expect(try ChartOfAccounts(overrides: [:]) == ChartOfAccounts())
  }

  @Test(arguments: [
    ("bank", "51"), ("bank", "512|0"), ("bank", ""), ("bank", "512000000000000000"), ("bnak", "512000"),
    ("vat_collected_21", "445719"), ("sales_", "706000"),
  ]) func `nonsense in the chart is refused`(use: String, account: String) {
    #expect(throws: AccountError.self) { try ChartOfAccounts(overrides: [use: account]) }
  }

  @Test func `no two VAT rates share an account`() {
    let chart = ChartOfAccounts()
    let accounts = Rate.vatRates.flatMap {
      [chart.vatCollected(at: $0).number, chart.vatPending(at: $0).number]
    }
    #expect(Set(accounts).count == 2 * Rate.vatRates.count)
  }

  @Test func `entries as CSV have one row per line, with quotes, commas and the mark when asked`() throws {
    let bytes = EntriesCSV(withByteOrderMark: true).write(try FECFile.sampleBooks().entries)
    #expect(Array(bytes.prefix(3)) == [0xEF, 0xBB, 0xBF])
    let lines = String(decoding: bytes.dropFirst(3), as: UTF8.self).components(separatedBy: "\r\n")
    #expect(lines[0] == EntriesCSV.columns.joined(separator: ";"))
    #expect(
      lines[1]
        == "VE;VE000001;02/11/2026;411000;Clients;C00001;DURAND Alice;FA-1;02/11/2026;Facture FA-1 DURAND Alice;120,00;0,00;AA;02/11/2026"
    )
    #expect(lines.count == 1 + 3 + 2 + 2 + 2 + 3 + 1)
  }

  @Test func `CSV quotes what RFC 4180 asks for and neutralises text alone`() {
    var table = CSVTable(columns: ["a"])
    table.append([
      .text("x;y"), .text("say \"hi\""), .text("a\r\nb"), .text(" x"), .text("+33 6"), .text("＝1"), .text(""),
      .code("-1"), .amount(Money(cents: -1)), .day(nil), .empty,
    ])
    #expect(
      String(decoding: table.bytes, as: UTF8.self)
        == "a\r\n\"x;y\";\"say \"\"hi\"\"\";\"a\r\nb\";\" x\";'+33 6;'＝1;;-1;-0,01;;\r\n")
  }
}
