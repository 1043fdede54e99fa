public import ConstatCore

/// The accounts that each kind of posting uses: a setting of the company, complete with French
/// defaults, because every accountant has their own numbers.
public struct ChartOfAccounts: Hashable, Sendable {
  public var customers = Account(known: "411000", "Clients")
  public var sales = Account(known: "706000", "Prestations de services")
  /// Sales accounts of their own for some rates.
  public var salesByRate: [Rate: Account] = [:]
  public var rebates = Account(known: "709600", "Rabais, remises et ristournes accordés")
  public var vatCollected: [Rate: Account] = ChartOfAccounts.vatAccounts("44571", "TVA collectée")
  public var vatPending: [Rate: Account] =
    ChartOfAccounts.vatAccounts("44574", "TVA en attente d'encaissement")
  public var cheques = Account(known: "511200", "Chèques à encaisser")
  public var cards = Account(known: "511500", "Cartes bancaires à encaisser")
  public var bank = Account(known: "512000", "Banque")
  public var cash = Account(known: "530000", "Caisse")
  public var bankFees = Account(known: "627000", "Services bancaires")

  public init() {}

  public func sales(at rate: Rate) -> Account { salesByRate[rate] ?? sales }

  public func vatCollected(at rate: Rate) -> Account {
    vatCollected[rate] ?? ChartOfAccounts.vatAccount("44571", "TVA collectée", rate)
  }

  public func vatPending(at rate: Rate) -> Account {
    vatPending[rate] ?? ChartOfAccounts.vatAccount("44574", "TVA en attente d'encaissement", rate)
  }

  /// The rates in use today, each with one digit after the root; the historic ones get four
  /// digits that spell the rate, so that two rates never share an account.
  private static let digits: [Rate: Int] = [
    Rate(hundredths: 2000): 1, Rate(hundredths: 1000): 2, Rate(hundredths: 550): 3,
    Rate(hundredths: 850): 4, Rate(hundredths: 210): 5, Rate(hundredths: 105): 6,
    Rate(hundredths: 175): 7, Rate(hundredths: 90): 8, Rate(hundredths: 1300): 9,
  ]

  private static func vatAccounts(_ root: String, _ label: String) -> [Rate: Account] {
    digits.keys.reduce(into: [:]) { $0[$1] = vatAccount(root, label, $1) }
  }

  private static func vatAccount(_ root: String, _ label: String, _ rate: Rate) -> Account {
    let spelled = String(String(10_000 + rate.hundredths).suffix(4))
    let suffix = digits[rate].map(String.init) ?? spelled
    return Account(known: root + suffix, label + " " + rate.percentComma + " %")
  }
}

extension ChartOfAccounts {
  /// The accounts with one number each, by the name that settings give them.
  private static var uses: [String: WritableKeyPath<ChartOfAccounts, Account>] {
    [
      "customers": \.customers, "sales": \.sales, "rebates": \.rebates, "cheques": \.cheques,
      "cards": \.cards, "bank": \.bank, "cash": \.cash, "bank_fees": \.bankFees,
    ]
  }

  /// The accounts with one number per rate: the name is followed by the rate, `sales_5.5`.
  private static var usesByRate: [(String, WritableKeyPath<ChartOfAccounts, [Rate: Account]>)] {
    [
      ("sales_", \.salesByRate), ("vat_collected_", \.vatCollected),
      ("vat_pending_", \.vatPending),
    ]
  }

  /// The defaults with a company's own accounts in their places: `{"bank": "512100",
  /// "vat_collected_20": "445712 TVA collectée 20 %"}`. A value is a number, then a label where
  /// the default one does not fit.
  public init(overrides: [String: String]) throws(AccountError) {
    for (use, text) in overrides {
      if let path = ChartOfAccounts.uses[use] {
        self[keyPath: path] = try ChartOfAccounts.account(text, label: self[keyPath: path].label)
        continue
      }
      guard let (prefix, accounts) = ChartOfAccounts.usesByRate.first(where: { use.hasPrefix($0.0) }),
        let rate = try? Rate(vat: use.dropFirst(prefix.count))
      else { throw .unknownUse(use) }
      let label = (self[keyPath: accounts][rate] ?? sales).label
      self[keyPath: accounts][rate] = try ChartOfAccounts.account(text, label: label)
    }
  }

  private static func account(_ text: String, label: String) throws(AccountError) -> Account {
    let parts = text.split(separator: " ", maxSplits: 1)
    guard let number = parts.first else { throw .invalidNumber(text) }
    return try Account(String(number), parts.count == 2 ? String(parts[1]) : label)
  }
}
