import ConstatCore
import ConstatLedger
import Foundation
import Testing

@Suite struct FECWriterTests {
  static func fields(_ bytes: [UInt8], encoding: FECEncoding = .utf8, separator: Character = "\t") throws
    -> [[String]]
  {
    let text = try #require(encoding.decode(bytes))
    #expect(text.hasSuffix("\r\n"))
    return text.split(separator: "\r\n").map {
      $0.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func `a paid invoice reads as an accountant expects it`() throws {
    let bytes = FECWriter().write(try FECFile.sampleBooks().entries)
    let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    #expect(
      lines[0]
        == [
          "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum",
          "CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet",
          "ValidDate", "Montantdevise", "Idevise",
        ].joined(separator: "\t"))
    #expect(
      lines[1]
        == [
          "VE", "Ventes", "VE000001", "20261102", "411000", "Clients", "C00001", "DURAND Alice", "FA-1",
          "20261102", "Facture FA-1 DURAND Alice", "120,00", "0,00", "AA", "20261110", "20261102", "", "",
        ].joined(separator: "\t"))
    #expect(
      lines[3]
        == [
          "VE", "Ventes", "VE000001", "20261102", "445741", "TVA en attente d'encaissement 20 %", "", "",
          "FA-1", "20261102", "Facture FA-1 DURAND Alice", "0,00", "20,00", "", "", "20261102", "", "",
        ].joined(separator: "\t"))
  }

  static let wild = Auxiliary(
    number: "C\t1", label: "Le \"Parc\"\t| & Cie\r\nBât. B – 12 € 😀 Œuvre Țe\u{0301}st\u{202F}!")

  @Test(arguments: FECEncoding.allCases, FECSeparator.allCases)
  func `labels with tab, pipe, quotes, line ends, euro and emoji keep the columns of every row`(
    encoding: FECEncoding, separator: FECSeparator
  ) throws {
    var books = Books()
    try books.post(
      InvoicePosting(
        number: "FA-1", day: .on("2026-11-02"), payer: Self.wild, totals: .of([("20", 10000)]),
        vatPoint: .debit))
    var format = FECWriter.Format()
    format.encoding = encoding
    format.separator = separator
    let bytes = FECWriter(format).write(books.entries)
    #expect(FECValidator().validate(bytes) == [])
    let fields = try Self.fields(bytes, encoding: encoding, separator: separator == .tab ? "\t" : "|")
    #expect(fields.count == 4)
    #expect(fields.allSatisfy { $0.count == 18 })
    let label =
      encoding == .utf8
      ? "Le Parc & Cie Bât. B – 12 € 😀 Œuvre Țe\u{0301}st !" : "Le Parc & Cie Bât. B - 12 € ? Œuvre Tést !"
    #expect(fields[1][7] == label)
    #expect(fields[1][6] == "C 1")
    if encoding == .latin9 { #expect(bytes.contains(0xA4) && bytes.contains(0xBC)) }
  }

  @Test func `ISO-8859-15 goes there and back on each of its characters and refuses Windows controls`() throws
  {
    let bytes = Array(UInt8(0x20)...0x7E) + Array(UInt8(0xA0)...0xFF)
    let text = try #require(FECEncoding.latin9.decode(bytes))
    #expect(FECEncoding.latin9.encode(text) == bytes)
    #expect("€ŠšŽžŒœŸ".allSatisfy(text.contains))
    #expect(FECEncoding.latin9.decode([0x41, 0x80]) == nil)
    #expect(FECEncoding.utf8.decode([0xFF]) == nil)
  }

  @Test func `an invoice of zero leaves no row of zeros, and a label of nothing but breaks is not blank`()
    throws
  {
    var books = Books()
    try books.post(
      InvoicePosting(
        number: "FA-0", day: .on("2026-11-02"), payer: .durand, totals: .of([("20", 0)]), vatPoint: .debit))
    try books.post(
      InvoicePosting(
        number: "FA-1", day: .on("2026-11-02"), payer: Auxiliary(number: "C1", label: "\t\n"),
        totals: .of([("20", 100)]), vatPoint: .debit))
    let bytes = FECWriter().write(books.entries)
    #expect(FECValidator().validate(bytes) == [])
    #expect(try Self.fields(bytes).count == 4)
    #expect(try Self.fields(bytes)[1][7] == "C1")
  }

  @Test func `a provisional file has no validation date, a forced one has that day everywhere`() throws {
    let entries = try FECFile.sampleBooks().entries
    var format = FECWriter.Format()
    format.validation = .provisional
    let provisional = try Self.fields(FECWriter(format).write(entries))
    #expect(provisional.dropFirst().allSatisfy { $0[15].isEmpty })
    format.validation = .forced(.on("2027-01-10"))
    let forced = FECWriter(format).write(entries)
    #expect(try Self.fields(forced).dropFirst().allSatisfy { $0[15] == "20270110" })
    #expect(FECValidator().validate(forced) == [])
  }

  @Test func `a December entry recorded in January keeps its year, its day and the sequence`() throws {
    var books = try FECFile.sampleBooks()
    let totals = try VATTotals.of([("20", 100)])
    try books.post(
      InvoicePosting(
        number: "FA-9", day: .on("2027-01-05"), payer: .durand, totals: totals, vatPoint: .debit))
    let posted = try books.post(
      InvoicePosting(
        number: "FA-3", day: .on("2026-12-31"), payer: .durand, totals: totals, vatPoint: .debit),
      recordedOn: .on("2027-01-10"))
    #expect(posted[0].code == "VE000003")
    let year = FiscalYear.calendar(.on("2026-12-31"))
    let bytes = FECWriter().write(books.entries.filter { year.contains($0.draft.day) })
    let last = try #require(try Self.fields(bytes).last)
    #expect(last[2...3] == ["VE000003", "20261231"])
    #expect(last[15] == "20270110")
    #expect(FECValidator().validate(bytes, fileName: "732829320FEC20261231.txt") == [])
  }

  @Test func `two entries recorded at once around midnight keep both sequence and order`() throws {
    let draft = try EntryDraft(
      event: .payment, journal: .sales, day: .on("2026-11-30"), pieceReference: "FA-1",
      pieceDay: .on("2026-11-30"),
      label: "x",
      lines: InvoicePosting(
        number: "FA-1", day: .on("2026-11-30"), payer: .durand, totals: .of([("20", 100)]), vatPoint: .debit
      ).entries(in: ChartOfAccounts())[0].lines)
    let bytes = FECWriter().write([
      LedgerEntry(draft: draft, number: 1, postedOn: .on("2026-12-01")),
      LedgerEntry(draft: draft, number: 2, postedOn: .on("2026-11-30")),
    ])
    #expect(FECValidator().validate(bytes) == [])
  }

  @Test func `the cash basis of BNC adds how and when the money moved`() throws {
    var format = FECWriter.Format()
    format.columns = .cashBasis
    let bytes = FECWriter(format).write(try FECFile.sampleBooks().entries)
    #expect(FECValidator().validate(bytes) == [])
    let fields = try Self.fields(bytes)
    #expect(fields[0].suffix(4) == ["DateRglt", "ModeRglt", "NatOp", "IdClient"])
    let payment = try #require(fields.first { $0[2] == "BQ000001" && $0[4] == "411000" })
    #expect(payment.suffix(4) == ["20261110", "Chèque", "", "C00001"])
    #expect(fields[1].suffix(4) == ["", "", "", "C00001"])
  }

  @Test func `account numbers take the length that the importer expects and lose no digit (ACC-27)`() throws {
    var format = FECWriter.Format()
    format.accountLength = 8
    let bytes = FECWriter(format).write(try FECFile.sampleBooks().entries)
    #expect(try Self.fields(bytes).dropFirst().allSatisfy { $0[4].count == 8 })
    #expect(try Account("411000", "Clients").number(ofLength: 3) == "411")
    #expect(try Account("445711", "TVA").number(ofLength: 3) == "445711")
  }

  @Test func `the name has the SIREN and the closing day, overseas too`() throws {
    let name = try #require(FECFileName(siren: "732829320", closing: .on("2026-12-31")))
    #expect(name.text == "732829320FEC20261231.txt")
    #expect(FECFileName(parsing: "732829320FEC20261231_2.csv") == name)
    #expect(FECFileName(siren: "73282932", closing: .on("2026-12-31")) == nil)
    #expect(FECFileName(siren: "73282932A", closing: .on("2026-12-31")) == nil)
  }

  @Test func `the same entries in any order give the same bytes`() throws {
    let entries = try RandomYear(seed: 5).books.entries
    var random = Seeded(state: 3)
    let bytes = FECWriter().write(entries)
    for _ in 0..<5 {
      #expect(FECWriter().write(entries.shuffled(using: &random)) == bytes)
    }
  }
}
