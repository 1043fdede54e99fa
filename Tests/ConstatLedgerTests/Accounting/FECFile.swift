import ConstatCore
import ConstatLedger

/// A FEC taken apart into fields, to be changed in one place and put together again.
struct FECFile {
  /// The header is row 0.
  var rows: [[String]]
  var prefix: [UInt8] = []

  init(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    rows = text.split(separator: "\r\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  subscript(row: Int, column: FECColumn) -> String {
    get { rows[row][FECColumn.allCases.firstIndex(of: column)!] }
    set { rows[row][FECColumn.allCases.firstIndex(of: column)!] = newValue }
  }

  /// The first row, the header apart, where the column holds this.
  func row(_ column: FECColumn, _ value: String) -> Int {
    rows.indices.dropFirst().first { self[$0, column] == value }!
  }

  mutating func setAll(_ column: FECColumn, _ value: String) {
    for row in rows.indices.dropFirst() { self[row, column] = value }
  }

  var bytes: [UInt8] {
    prefix + rows.flatMap { Array(($0.joined(separator: "\t") + "\r\n").utf8) }
  }

  /// A small year: an invoice paid by a cheque that goes on a slip, VAT on collection, then a
  /// second invoice that stays open.
  static func sample() throws -> FECFile {
    FECFile(FECWriter().write(try sampleBooks().entries))
  }

  static func sampleBooks() throws -> Books {
    var books = Books()
    let totals = try VATTotals.of([("20", 10000)])
    try books.post(
      InvoicePosting(
        number: "FA-1", day: .on("2026-11-02"), payer: .durand, totals: totals, vatPoint: .collection))
    try books.post(
      PaymentPosting(
        number: "RG-1", day: .on("2026-11-10"), payer: .durand, means: .cheque, amount: totals.gross,
        settled: [SettledDocument(number: "FA-1", amount: totals.gross)], collected: totals))
    try books.post(
      DepositSlipPosting(number: "BR-1", day: .on("2026-11-12"), content: .cheque, total: totals.gross))
    try books.post(
      InvoicePosting(
        number: "FA-2", day: .on("2026-11-21"), payer: .agence, totals: totals, vatPoint: .collection))
    return books
  }
}
