public import ConstatCore

extension PaymentMeans {
  /// As the FEC's `ModeRglt` and the entries' labels name it.
  public var label: String {
    switch self {
    case .cheque: "Chèque"
    case .cash: "Espèces"
    case .card: "Carte bancaire"
    case .onlineCard: "Carte en ligne"
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
    case .card, .onlineCard: chart.cards
    case .transfer, .directDebit: bank ?? chart.bank
    }
  }
}
