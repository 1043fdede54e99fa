public import ConstatCore

/// The letter that ties an invoice's debt to what settled it.
public struct Letter: Hashable, Sendable {
  /// "AA", "AB", …
  public let code: String
  /// The latest day among the lines that it ties.
  public let day: Day
}

/// Lettering of the customers' lines of a set of entries (EcritureLet, DateLet): the lines of
/// one customer about one document are lettered once they cancel out *within this set*, so that
/// a letter in a file always nets to zero. Letters are not frozen by validation: a bounced
/// cheque takes them away, and a payment of next year does not letter this year's file.
public struct Lettering: Sendable {
  private struct Key: Hashable {
    let account: String
    let auxiliary: String
    let matching: String
  }

  private let letters: [Key: Letter]

  public init(_ entries: some Sequence<LedgerEntry>) {
    var balances: [Key: (net: Money, count: Int, latest: Day)] = [:]
    var order: [Key] = []
    for entry in entries {
      for line in entry.draft.lines {
        guard let key = Lettering.key(line) else { continue }
        if balances[key] == nil { order.append(key) }
        let before = balances[key] ?? (.zero, 0, entry.draft.day)
        balances[key] = (
          before.net + line.debit - line.credit, before.count + 1, max(before.latest, entry.draft.day)
        )
      }
    }
    var letters: [Key: Letter] = [:]
    for key in order {
      guard let balance = balances[key], balance.net.isZero, balance.count > 1 else { continue }
      letters[key] = Letter(code: Lettering.code(letters.count), day: balance.latest)
    }
    self.letters = letters
  }

  public func letter(of line: LedgerLine) -> Letter? {
    Lettering.key(line).flatMap { letters[$0] }
  }

  private static func key(_ line: LedgerLine) -> Key? {
    guard line.account.isCustomers, let matching = line.matching else { return nil }
    return Key(
      account: line.account.number, auxiliary: line.auxiliary?.number ?? "", matching: matching)
  }

  /// "AA" for 0, "ZZ" for 675, then three letters: as in a spreadsheet, from column AA on.
  static func code(_ index: Int) -> String {
    var rest = index + 26
    var letters: [Character] = []
    while rest >= 0 {
      letters.append(Character(Unicode.Scalar(UInt8(ascii: "A") + UInt8(rest % 26))))
      rest = rest / 26 - 1
    }
    return String(letters.reversed())
  }
}
