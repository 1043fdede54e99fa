/// What a payment was made with, as far as the books care: where the money waits.
public enum Tender: String, CaseIterable, Hashable, Sendable, Codable {
  case cheque
  case cash
  case card
  case transfer
  case directDebit = "direct_debit"

  public var label: String {
    switch self {
    case .cheque: "Chèque"
    case .cash: "Espèces"
    case .card: "Carte bancaire"
    case .transfer: "Virement"
    case .directDebit: "Prélèvement"
    }
  }

  /// Cash has its own journal; everything else goes through a bank.
  var journal: Journal { self == .cash ? .cash : .bank }

  /// The account that receives the money: cheques wait for a deposit slip in 5112, cash in 53,
  /// cards for the payout in 511x; transfers and direct debits are on the bank account at once.
  func account(in chart: ChartOfAccounts, bank: Account?) -> Account {
    switch self {
    case .cheque: chart.cheques
    case .cash: chart.cash
    case .card: chart.cards
    case .transfer, .directDebit: bank ?? chart.bank
    }
  }
}
