import ConstatCore

/// One row of a FEC after its form was checked. Values that were malformed are absent.
struct FECRow {
  /// In the file, the header being 1.
  let line: Int
  let fields: [FECColumn: String]
  let dates: [FECColumn: Day]
  let debit: Money?
  let credit: Money?

  subscript(column: FECColumn) -> String { fields[column] ?? "" }

  /// Debit less credit; nil when either could not be read.
  var net: Money? {
    guard let debit, let credit else { return nil }
    return debit - credit
  }
}

/// Reads the bytes of any FEC into rows, in either encoding and with either separator, noting
/// what is wrong with the form of each.
struct FECReader {
  private(set) var rows: [FECRow] = []
  private(set) var findings: [FECFinding] = []
  /// Whether every record became a row. Otherwise sums and sequences would only repeat that
  /// some row could not be read.
  private(set) var isComplete = false

  init(_ bytes: [UInt8]) {
    var bytes = bytes[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      findings.append(FECFinding(.byteOrderMark, line: 1, "le fichier commence par une marque BOM"))
      bytes = bytes.dropFirst(3)
    }
    guard let text = FECEncoding.utf8.decode(bytes) ?? FECEncoding.latin9.decode(bytes) else {
      let message = "le fichier n'est ni en UTF-8 ni en ISO-8859-15"
      findings.append(FECFinding(.encoding, message))
      return
    }
    let lines = FECReader.lines(of: text)
    guard let header = lines.first, !header.text.isEmpty else {
      findings.append(FECFinding(.emptyFile, "le fichier est vide"))
      return
    }
    read(lines.dropFirst(), header: header.text)
  }

  /// Records end with CR, LF or both; a last end without a record after it is not a record.
  /// Cut by bytes, since a combining mark after a separator would hide it from `Character`.
  private static func lines(of text: String) -> [(number: Int, text: Substring)] {
    var lines: [(number: Int, text: Substring)] = []
    var rest = text[...].utf8
    while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      lines.append((number: lines.count + 1, text: Substring(rest[..<end])))
      let isPair = rest[end...].starts(with: "\r\n".utf8)
      rest = rest[rest.index(end, offsetBy: isPair ? 2 : 1)...]
    }
    if !rest.isEmpty { lines.append((number: lines.count + 1, text: Substring(rest))) }
    return lines
  }

  private static func fields(of line: Substring, separator: FECSeparator) -> [String] {
    line.utf8.split(separator: separator.byte, omittingEmptySubsequences: false).map {
      String(Substring($0))
    }
  }

  private mutating func read(_ lines: ArraySlice<(number: Int, text: Substring)>, header: Substring) {
    let separator: FECSeparator = header.utf8.contains(FECSeparator.tab.byte) ? .tab : .pipe
    let names = FECReader.fields(of: header, separator: separator)
    guard let columns = columns(named: names) else { return }
    for (number, text) in lines {
      let fields = FECReader.fields(of: text, separator: separator)
      guard fields.count == columns.count else {
        let message = "\(fields.count) champs au lieu de \(columns.count)"
        findings.append(FECFinding(.fieldCount, line: number, message))
        continue
      }
      rows.append(row(Dictionary(uniqueKeysWithValues: zip(columns, fields)), line: number))
    }
    isComplete = !rows.isEmpty && rows.count == lines.count
    if lines.isEmpty {
      findings.append(FECFinding(.emptyFile, "le fichier ne contient aucune écriture"))
    }
  }

  /// The columns of the header, or nil when they are not exactly those of a known set.
  private mutating func columns(named names: [String]) -> [FECColumn]? {
    let sets = FECColumnSet.allCases.map(\.columns)
    if let columns = sets.first(where: { $0.map(\.rawValue) == names }) { return columns }
    let expected = FECColumn.allCases
    let wrong = names.indices.first { $0 >= expected.count || names[$0] != expected[$0].rawValue }
    let message: String
    if let wrong, wrong < expected.count {
      message = "colonne \(wrong + 1) : « \(names[wrong]) » au lieu de « \(expected[wrong].rawValue) »"
    } else {
      message = "\(names.count) colonnes au lieu de 18 ou 22"
    }
    findings.append(FECFinding(.header, line: 1, message))
    return nil
  }

  private mutating func row(_ fields: [FECColumn: String], line: Int) -> FECRow {
    for column in FECColumn.allCases where fields[column]?.utf8.contains(UInt8(ascii: "\"")) == true {
      findings.append(FECFinding(.quotedField, line: line, column: column, "guillemet dans le champ"))
    }
    for column in FECColumn.mandatory where fields[column]?.allSatisfy(\.isWhitespace) == true {
      findings.append(FECFinding(.missingValue, line: line, column: column, "champ obligatoire vide"))
    }
    var dates: [FECColumn: Day] = [:]
    for column in FECColumn.dates {
      guard let text = fields[column], !text.isEmpty else { continue }
      dates[column] = Day(compact: text)
      if dates[column] == nil {
        let message = "« \(text) » n'est pas une date AAAAMMJJ"
        findings.append(FECFinding(.invalidDate, line: line, column: column, message))
      }
    }
    var amounts: [FECColumn: Money] = [:]
    for column in FECColumn.amounts {
      guard let text = fields[column], !text.isEmpty else { continue }
      amounts[column] = FECReader.amount(text)
      if amounts[column] == nil {
        let message = "« \(text) » n'est pas un montant à virgule de deux décimales au plus"
        findings.append(FECFinding(.amountFormat, line: line, column: column, message))
      }
    }
    return FECRow(
      line: line, fields: fields, dates: dates, debit: amounts[.debit], credit: amounts[.credit])
  }

  /// "1234,5", "-1234,50" or "1234,50-": a comma, no thousands separator, no exponent, the sign
  /// first or last.
  static func amount(_ text: String) -> Money? {
    guard !text.contains(".") else { return nil }
    var digits = text[...]
    var isNegative = false
    if digits.first == "-" || digits.first == "+" {
      isNegative = digits.removeFirst() == "-"
    } else if digits.last == "-" || digits.last == "+" {
      isNegative = digits.removeLast() == "-"
    }
    guard digits.first != "-" else { return nil }
    let parts = digits.split(separator: ",", omittingEmptySubsequences: false)
    let amount = try? Money(decimal: parts.joined(separator: "."))
    return amount.map { isNegative ? -$0 : $0 }
  }
}

extension Sequence<FECRow> {
  /// Debits less credits; nil when an amount could not be read, which is said elsewhere, or
  /// when the sum does not fit, which no real file comes near.
  var net: Money? {
    reduce(Money?.some(.zero)) { sum, row in
      guard let sum, let net = row.net else { return nil }
      let (cents, overflow) = sum.cents.addingReportingOverflow(net.cents)
      return overflow ? nil : Money(cents: cents)
    }
  }
}
