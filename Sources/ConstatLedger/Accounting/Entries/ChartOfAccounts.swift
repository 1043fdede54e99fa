public import ConstatCore

/// The accounts that each kind of posting uses: a setting of the company, complete with French
/// defaults, because every accountant has their own numbers. Decoding fills what is left out.
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
  public var gapLosses = Account(known: "658000", "Charges diverses de gestion courante")
  public var gapGains = Account(known: "758000", "Produits divers de gestion courante")

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

extension ChartOfAccounts: Codable {
  private enum CodingKeys: String, CodingKey {
    case customers, sales
    case salesByRate = "sales_by_rate"
    case rebates
    case vatCollected = "vat_collected"
    case vatPending = "vat_pending"
    case cheques, cards, bank, cash
    case bankFees = "bank_fees"
    case gapLosses = "gap_losses"
    case gapGains = "gap_gains"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func take<Value: Decodable>(_ value: inout Value, _ key: CodingKeys) throws {
      value = try container.decodeIfPresent(Value.self, forKey: key) ?? value
    }
    try take(&customers, .customers)
    try take(&sales, .sales)
    try take(&salesByRate, .salesByRate)
    try take(&rebates, .rebates)
    try take(&vatCollected, .vatCollected)
    try take(&vatPending, .vatPending)
    try take(&cheques, .cheques)
    try take(&cards, .cards)
    try take(&bank, .bank)
    try take(&cash, .cash)
    try take(&bankFees, .bankFees)
    try take(&gapLosses, .gapLosses)
    try take(&gapGains, .gapGains)
  }
}
