import ConstatCore
import ConstatLedger

/// A company's books in memory: gives entries their numbers as the database's counters do.
struct Books {
  var chart = ChartOfAccounts()
  private(set) var entries: [LedgerEntry] = []
  private var last: [String: Int] = [:]

  /// Posts and returns the entries; recorded on the piece's day unless told.
  @discardableResult
  mutating func post(_ posting: some Posting, recordedOn day: Day? = nil) throws -> [LedgerEntry] {
    let posted = try posting.entries(in: chart).map { draft in
      let key = "\(draft.journal.code)\(FiscalYear.calendar(draft.day).year)"
      let number = (last[key] ?? 0) + 1
      last[key] = number
      return LedgerEntry(draft: draft, number: number, postedOn: day ?? draft.day)
    }
    entries += posted
    return posted
  }

  /// Debits less credits of the accounts that begin so, of one auxiliary when given.
  func balance(_ account: String, auxiliary: String? = nil) -> Money {
    entries.flatMap(\.draft.lines).reduce(.zero) { sum, line in
      guard line.account.number.hasPrefix(account), auxiliary == nil || line.auxiliary?.number == auxiliary
      else { return sum }
      return sum + line.debit - line.credit
    }
  }
}

extension EntryDraft {
  /// "411000 D 120,00": a line as an accountant writes it.
  var summary: [String] {
    lines.map { "\($0.account.number) \($0.side == .debit ? "D" : "C") \($0.amount.decimalComma)" }
  }
}

extension Auxiliary {
  static let durand = Auxiliary(number: "C00001", label: "DURAND Alice")
  static let agence = Auxiliary(number: "C00002", label: "Agence du Port")
}

extension Day {
  /// For the dates written in tests, which exist.
  static func on(_ text: String) -> Day {
    guard let day = Day(text) else { preconditionFailure("no such day: \(text)") }
    return day
  }
}

extension FiscalYear {
  /// The civil year of the day.
  static func calendar(_ day: Day) -> FiscalYear {
    FiscalYear(closing: .on("\(day.year)-12-31"))
  }
}

extension VATTotals {
  /// Totals of one net amount in cents per rate.
  static func of(_ net: [(String, Int64)]) throws -> VATTotals {
    try VATTotals(netLines: net.map { (rate: try Rate(vat: $0.0), amount: Money(cents: $0.1)) })
  }
}

/// A small deterministic generator (SplitMix64), so that a failing case is the same each run.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
