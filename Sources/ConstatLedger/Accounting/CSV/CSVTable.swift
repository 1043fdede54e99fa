public import ConstatCore

/// A value of a CSV table. What kind it is decides how it is written: only free text can carry
/// a formula into a spreadsheet, so only free text is neutralised; a negative amount stays one.
public enum CSVCell: Hashable, Sendable {
  /// What people typed: names, references, labels.
  case text(String)
  /// What Constat made: numbers of documents, accounts, statuses.
  case code(String)
  /// With a comma and two decimals.
  case amount(Money)
  /// "DD/MM/YYYY"; nothing when there is none.
  case day(Day?)
  case empty
}

/// A CSV table for French spreadsheets and importers: UTF-8, semicolons, quoting of RFC 4180,
/// lines ended by CRLF, decimal commas.
public struct CSVTable: Sendable {
  public private(set) var bytes: [UInt8] = []

  /// The byte order mark makes Excel read UTF-8; other importers take it for part of the first
  /// column's name, so it is only written where asked for.
  public init(columns: [String], withByteOrderMark: Bool = false) {
    if withByteOrderMark { bytes = [0xEF, 0xBB, 0xBF] }
    append(columns.map(CSVCell.code))
  }

  public mutating func append(_ cells: [CSVCell]) {
    for (index, cell) in cells.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ";")) }
      bytes.append(contentsOf: CSVTable.quoted(CSVTable.text(of: cell)).utf8)
    }
    bytes.append(contentsOf: "\r\n".utf8)
  }

  private static func text(of cell: CSVCell) -> String {
    switch cell {
    case .text(let text): neutralised(text)
    case .code(let code): code
    case .amount(let amount): amount.decimalComma
    case .day(let day): day?.french ?? ""
    case .empty: ""
    }
  }

  /// A spreadsheet takes text that begins with one of these for a formula; an apostrophe before
  /// it makes it text again (OWASP, CSV injection). The full-width forms count too.
  private static func neutralised(_ text: String) -> String {
    let starts: Set<Unicode.Scalar> = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]
    guard let first = text.unicodeScalars.first, starts.contains(first) else { return text }
    return "'" + text
  }

  /// Quotes where a separator, a quote, a line end or an outer space asks for it.
  private static func quoted(_ text: String) -> String {
    let bytes = text.utf8
    let needsQuotes = bytes.contains { byte in
      byte == UInt8(ascii: ";") || byte == UInt8(ascii: "\"") || byte == 10 || byte == 13 || byte == 9
    }
    let hasOuterSpace = bytes.first == 32 || bytes.last == 32
    guard needsQuotes || hasOuterSpace else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted.unicodeScalars.append("\"") }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}
