import ConstatCore
import ConstatLedger
import Testing

@Suite struct FECValidatorTests {
  /// One mutation of a good file, and the rules that it breaks: exactly these.
  struct Mutation: CustomTestStringConvertible, Sendable {
    let rules: Set<FECRule>
    let name: String
    let change: @Sendable (inout FECFile) -> Void

    init(_ rules: FECRule..., by name: String, change: @escaping @Sendable (inout FECFile) -> Void) {
      self.rules = Set(rules)
      self.name = name
      self.change = change
    }

    var testDescription: String { name }
  }

  static let mutations: [Mutation] = [
    Mutation(.emptyFile, by: "no bytes") { $0.rows = [] },
    Mutation(.emptyFile, by: "a header alone") { $0.rows = [$0.rows[0]] },
    Mutation(.byteOrderMark, by: "a byte order mark") { $0.prefix = [0xEF, 0xBB, 0xBF] },
    Mutation(.encoding, by: "a euro of Windows-1252") { $0.prefix = [0x80] },
    Mutation(.header, by: "dates swapped as in FEC2") { $0.rows[0].swapAt(3, 9) },
    Mutation(.header, by: "a column too many") { $0.rows = $0.rows.map { $0 + ["Extra"] } },
    Mutation(.header, by: "quoted names") { $0.rows[0][0] = "\"JournalCode\"" },
    Mutation(.fieldCount, by: "a tab in a label") { $0[1, .entryLabel] = "Facture\tFA-1" },
    Mutation(.fieldCount, by: "a line end in a label") { $0[1, .entryLabel] = "Facture\nFA-1" },
    Mutation(.quotedField, by: "a quoted label") { $0[1, .entryLabel] = "\"Facture\"" },
    Mutation(.missingValue, by: "a blank label") { $0[1, .entryLabel] = " " },
    Mutation(.missingValue, by: "a blank debit") { $0[1, .debit] = "" },
    Mutation(.amountFormat, by: "a decimal point") { $0[1, .debit] = "120.00" },
    Mutation(.amountFormat, by: "three decimals") { $0[1, .debit] = "120,000" },
    Mutation(.amountFormat, by: "an exponent") { $0[1, .debit] = "1,2E2" },
    Mutation(.amountFormat, by: "a thousands separator") { $0[1, .debit] = "1 120,00" },
    Mutation(.invalidDate, by: "31 February") { $0[1, .pieceDate] = "20260231" },
    Mutation(.invalidDate, by: "dashes") { $0[1, .pieceDate] = "2026-11-02" },
    Mutation(.invalidAccount, by: "an account in letters") { $0[2, .accountNumber] = "70VENTES" },
    Mutation(.oneSide, by: "nothing on either side") { file in
      file.rows.insert(file.rows[2], at: 3)
      file[3, .credit] = "0,00"
    },
    Mutation(.oneSide, by: "something on both sides") { file in
      file[1, .debit] = "130,00"
      file[1, .credit] = "10,00"
    },
    Mutation(.entryNumber, by: "a number in letters") { file in
      for row in 1...3 { file[row, .entryNumber] = "VE-UN" }
    },
    Mutation(.unbalancedEntry, by: "a cent moved between entries") { file in
      file[2, .credit] = "100,01"
      let row = file.row(.pieceReference, "BR-1")
      file[row, .debit] = "120,01"
    },
    Mutation(.unbalancedEntry, .unbalancedFile, by: "a cent lost") { $0[2, .credit] = "100,01" },
    Mutation(.numberGap, by: "an entry deleted") { file in
      let slip = file.row(.entryNumber, "OD000001")
      let gone = file.row(.entryNumber, "BQ000001")
      file.rows = file.rows.enumerated().filter { $0.offset == 0 || $0.element[2] != "BQ000001" }.map(
        \.element)
      for row in file.rows.indices.dropFirst() { (file[row, .letter], file[row, .letterDate]) = ("", "") }
      for row in file.rows.indices.dropFirst() where file[row, .entryNumber] == "VE000002" {
        file[row, .entryNumber] = "VE000003"
      }
      precondition(slip != gone)
    },
    Mutation(.splitEntry, by: "a row moved behind the next entry") { file in
      let moved = file.rows.remove(at: file.row(.entryNumber, "BQ000001"))
      let slip = file.row(.pieceReference, "BR-1")
      file.rows.insert(moved, at: slip)
      file[slip, .validationDate] = "20261112"
    },
    Mutation(.entryDates, by: "two dates in one entry") { $0[2, .entryDate] = "20261103" },
    Mutation(.outsideFiscalYear, by: "an entry of next year") { file in
      for row in file.rows.indices where file.rows[row][2] == "VE000002" {
        file[row, .entryDate] = "20270101"
      }
    },
    Mutation(.unbalancedLetter, by: "a letter on an open debt") { file in
      let open = file.row(.auxiliaryNumber, "C00002")
      (file[open, .letter], file[open, .letterDate]) = ("ZZ", "20261130")
    },
    Mutation(.letterWithoutDate, by: "a letter without its date") { $0[1, .letterDate] = "" },
    Mutation(.letterTooEarly, by: "a letter before its payment") { $0[1, .letterDate] = "20261109" },
    Mutation(.dateWithoutLetter, by: "a letter date alone") { $0[2, .letterDate] = "20261110" },
    Mutation(.misplacedAuxiliary, by: "a customer on a sales account") { file in
      (file[2, .auxiliaryNumber], file[2, .auxiliaryLabel]) = ("C00001", "DURAND Alice")
    },
    Mutation(.incompleteAuxiliary, by: "a customer without name") { $0[1, .auxiliaryLabel] = "" },
    Mutation(.incompleteCurrency, by: "a currency without amount") { $0[1, .currency] = "USD" },
    Mutation(.mixedValidation, by: "one entry not validated") { file in
      for row in file.rows.indices where file.rows[row][2] == "VE000002" { file[row, .validationDate] = "" }
    },
    Mutation(.validationOrder, by: "a validation that goes back") { file in
      for row in file.rows.indices where file.rows[row][2] == "VE000002" {
        file[row, .validationDate] = "20261101"
      }
    },
    Mutation(.missingDocument, by: "an invoice under another piece") { file in
      for row in file.rows.indices where file.rows[row][2] == "VE000002" {
        file[row, .pieceReference] = "FA-3"
      }
    },
    Mutation(.repeatedDocument, .missingDocument, by: "an invoice twice") { file in
      for row in file.rows.indices where file.rows[row][2] == "VE000002" {
        file[row, .pieceReference] = "FA-1"
      }
    },
    Mutation(.slipTotal, by: "a slip of another amount") { file in
      for row in file.rows.indices where file.rows[row][8] == "BR-1" {
        for column in [FECColumn.debit, .credit] where file[row, column] == "120,00" {
          file[row, column] = "119,00"
        }
      }
    },
  ]

  static var validator: FECValidator {
    var validator = FECValidator()
    validator.origin = .constat
    validator.expectations.documents = ["FA-1", "FA-2"]
    validator.expectations.slips = ["BR-1": Money(cents: 12000)]
    return validator
  }

  @Test func `our own file of a small year is accepted`() throws {
    let file = try FECFile.sample()
    #expect(Self.validator.validate(file.bytes, fileName: "732829320FEC20261231.txt") == [])
  }

  @Test(arguments: mutations) func `a mutated file breaks exactly its rule`(mutation: Mutation) throws {
    var file = try FECFile.sample()
    mutation.change(&file)
    let findings = Self.validator.validate(file.bytes, fileName: "732829320FEC20261231.txt")
    #expect(Set(findings.map(\.rule)) == mutation.rules, "\(findings)")
  }

  @Test func `every rule has a file that breaks it`() {
    let covered = Self.mutations.reduce(into: Set<FECRule>([.fileName])) { $0.formUnion($1.rules) }
    #expect(covered == Set(FECRule.allCases))
  }

  @Test(arguments: [
    "FEC20261231.txt", "73282932FEC20261231.txt", "732829320FEC20261331.txt", "732829320fec20261231",
    "export.txt",
  ])
  func `a file of another name is told so, and read all the same`(name: String) throws {
    let findings = Self.validator.validate(try FECFile.sample().bytes, fileName: name)
    #expect(findings.map(\.rule) == [.fileName])
  }

  @Test func `a finding names its line and column`() throws {
    var file = try FECFile.sample()
    file[2, .credit] = "100.00"
    let finding = try #require(Self.validator.validate(file.bytes).first)
    #expect(finding.line == 3)
    #expect(finding.column == .credit)
    #expect(
      finding.description
        == "ligne 3, Credit : « 100.00 » n'est pas un montant à virgule de deux décimales au plus [amount-format]"
    )
  }

  @Test func `another software's file passes with pipes, LF, ISO-8859-15, suppliers and one sequence`() throws
  {
    let header = FECColumnSet.standard.columns.map(\.rawValue).joined(separator: "|")
    let rows = [
      "AC|Achats|41|20260105|607000|Achats|||F-9|20260105|Énergie € œ|100,5||||20260131||",
      "AC|Achats|41|20260105|401000|Fournisseurs|EDF|Électricité|F-9|20260105|Énergie|0|100,50|||20260131||",
      "BQ|Banque|42|20260106|401000|Fournisseurs|EDF|Électricité|F-9|20260106|Virement|+100,50|0,00|||20260131||",
      "BQ|Banque|42|20260106|512000|Banque|||F-9|20260106|Virement|100,50-|0|||20260131||",
    ]
    let text = ([header] + rows).joined(separator: "\n").replacing("100,5||", with: "100,5|0|")
    let bytes = FECEncoding.latin9.encode(text)
    #expect(FECValidator().validate(bytes) == [])
    var strict = FECValidator()
    strict.origin = .constat
    #expect(Set(strict.validate(bytes).map(\.rule)) == [.misplacedAuxiliary])
  }

  @Test func `a part of a year may skip the numbers of entries recorded late`() throws {
    var books = try FECFile.sampleBooks()
    let late = try VATTotals.of([("20", 100)])
    try books.post(
      InvoicePosting(number: "FA-3", day: .on("2026-12-05"), payer: .durand, totals: late, vatPoint: .debit))
    try books.post(
      InvoicePosting(number: "FA-4", day: .on("2026-11-30"), payer: .durand, totals: late, vatPoint: .debit),
      recordedOn: .on("2026-12-06"))
    let november = books.entries.filter { $0.draft.day <= .on("2026-11-30") }
    let bytes = FECWriter().write(november)
    #expect(FECValidator().validate(bytes).map(\.rule) == [.numberGap])
    var validator = FECValidator()
    validator.isPartOfYear = true
    #expect(validator.validate(bytes) == [])
    #expect(FECValidator().validate(FECWriter().write(books.entries)) == [])
  }

  @Test func `random bytes are refused and never stop the program`() {
    var random = Seeded(state: 7)
    for length in 0..<400 {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(!FECValidator().validate(bytes).isEmpty)
    }
  }

  @Test func `a good file with any one byte changed is read to its end`() throws {
    let good = try FECFile.sample().bytes
    var random = Seeded(state: 11)
    for index in good.indices.shuffled(using: &random).prefix(300) {
      var bytes = good
      bytes[index] = UInt8.random(in: 0...255, using: &random)
      let findings = Self.validator.validate(bytes, fileName: "732829320FEC20261231.txt")
      #expect(findings.allSatisfy { ($0.line ?? 1) >= 1 })
    }
  }
}
