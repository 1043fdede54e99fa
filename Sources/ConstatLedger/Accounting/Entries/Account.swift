/// Why an account is refused.
public enum AccountError: Error, Hashable, Sendable {
  /// Not three digits of the chart of accounts followed by digits or letters, 17 at most.
  case invalidNumber(String)
  case blankLabel(number: String)
  /// No such entry of the chart of accounts.
  case unknownUse(String)
}

/// An account of the general ledger: its number begins with three digits of the French chart
/// (LPF A47 A-1), and it always has a label because the FEC asks for one.
public struct Account: Hashable, Sendable {
  public let number: String
  public let label: String

  public init(_ number: String, _ label: String) throws(AccountError) {
    let bytes = Array(number.utf8)
    guard (3...17).contains(bytes.count), bytes.prefix(3).allSatisfy(Account.isDigit),
      bytes.allSatisfy({ Account.isDigit($0) || Account.isLetter($0) })
    else { throw .invalidNumber(number) }
    guard label.contains(where: { !$0.isWhitespace }) else { throw .blankLabel(number: number) }
    self.number = number
    self.label = label
  }

  /// For the defaults in this target, which are known to be valid.
  init(known number: String, _ label: String) {
    self.number = number
    self.label = label
  }

  /// A receivable, where the customer's auxiliary account is due.
  public var isCustomers: Bool { number.hasPrefix("411") }

  /// The number brought to the length that an importing software expects (ACC-27): zeros are
  /// added or dropped at the end, never a digit that means something.
  public func number(ofLength length: Int) -> String {
    var result = number
    while result.utf8.count < length { result += "0" }
    while result.utf8.count > length, result.utf8.count > 3, result.last == "0" {
      result.removeLast()
    }
    return result
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xDF)
  }
}

/// A customer's own account under 411: the payer carries the debt.
public struct Auxiliary: Hashable, Sendable {
  public let number: String
  public let label: String

  public init(number: String, label: String) {
    self.number = number
    self.label = label
  }
}
