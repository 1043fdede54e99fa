/// The journals that Constat keeps. It is a sub-ledger of sales and collections: purchases,
/// payroll and opening balances are the accountant's.
public enum Journal: String, CaseIterable, Hashable, Sendable, Codable {
  case sales = "VE"
  case bank = "BQ"
  case cash = "CA"
  case miscellaneous = "OD"

  /// The code in the FEC and in imports: "VE".
  public var code: String { rawValue }

  public var label: String {
    switch self {
    case .sales: "Ventes"
    case .bank: "Banque"
    case .cash: "Caisse"
    case .miscellaneous: "Opérations diverses"
    }
  }

  /// The order of journals where entries of one day need a fixed order.
  var rank: Int { Journal.allCases.firstIndex(of: self) ?? 0 }
}
