/// A number in an unbroken chronological series (CGI ann. II art. 242 nonies A): prefix, year
/// and counter (AMB-44), such as F2027-00012. One series per company, kind and year.
public struct InvoiceNumber: Sendable, Hashable {
  /// "F2027": what the counter counts in.
  public let series: String
  public let sequence: Int64

  /// The most that e-invoicing takes (BT-1).
  public static let maxLength = 35

  public init(prefix: String, year: Int, sequence: Int64) throws(InvoiceError) {
    series = InvoiceNumber.series(prefix: prefix, year: year)
    self.sequence = sequence
    guard !prefix.isEmpty, sequence > 0, InvoiceNumber.isValid(text) else {
      throw .numberMalformed(text)
    }
  }

  public static func series(prefix: String, year: Int) -> String { prefix + year.padded(4) }

  /// The row of `system.counter` that a series locks. Companies number independently.
  public static func counter(company: String, kind: Invoice.Kind, series: String) -> String {
    "\(kind.rawValue)/\(company)/\(series)"
  }

  /// "F2027-00012"; the counter grows past five digits where it must.
  public var text: String { series + "-" + Int(clamping: sequence).padded(5) }

  /// At most 35 characters, alphanumerics and `+ - _ /` (BR-FR on BT-1): "FA 2027.1" is not one.
  public static func isValid(_ text: String) -> Bool {
    (1...maxLength).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        TextShape.isDigit(byte) || TextShape.isUpper(byte) || (0x61...0x7A).contains(byte)
          || "+-_/".utf8.contains(byte)
      }
  }

  /// A prefix with which every number of its series is valid. It begins with a letter or a digit: spreadsheets take what
  /// begins with a sign for a formula.
  public static func checkPrefix(_ prefix: String) throws(InvoiceError) {
    let number = try InvoiceNumber(prefix: prefix, year: 9999, sequence: 9_999_999)
    guard let first = prefix.utf8.first, !"+-_/".utf8.contains(first) else {
      throw .numberMalformed(number.text)
    }
  }
}
