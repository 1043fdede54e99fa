public import ConstatCore

/// One line of an entry: an account, one side, an amount above zero. A line of 0/0 or of both
/// sides cannot exist, because the FEC of such a line is an anomaly.
public struct LedgerLine: Hashable, Sendable {
  public enum Side: String, Hashable, Sendable, Codable {
    case debit, credit
  }

  public let account: Account
  /// The customer under 411; no other account carries one.
  public let auxiliary: Auxiliary?
  public let side: Side
  /// Above zero.
  public let amount: Money
  /// The number of the document whose debt this line opens or settles. Lines of one customer
  /// under the same document are lettered together once they cancel out.
  public let matching: String?

  public var debit: Money { side == .debit ? amount : .zero }
  public var credit: Money { side == .credit ? amount : .zero }

  /// A line from an amount with a sign: a negative debit is a credit. Nil for zero, which needs
  /// no line. An auxiliary is dropped where the account is not the customers'.
  public init?(
    debit signed: Money, to account: Account, auxiliary: Auxiliary? = nil, matching: String? = nil
  ) {
    guard !signed.isZero else { return nil }
    self.account = account
    self.auxiliary = account.isCustomers ? auxiliary : nil
    self.side = signed.isNegative ? .credit : .debit
    self.amount = signed.magnitude
    self.matching = matching
  }

  public init?(
    credit signed: Money, to account: Account, auxiliary: Auxiliary? = nil, matching: String? = nil
  ) {
    self.init(debit: -signed, to: account, auxiliary: auxiliary, matching: matching)
  }

  /// A line read back from where it was kept: exactly one of debit and credit is above zero.
  public init?(
    account: Account, auxiliary: Auxiliary?, debit: Money, credit: Money, matching: String?
  ) {
    guard !debit.isNegative, !credit.isNegative, debit.isZero != credit.isZero else { return nil }
    self.init(debit: debit - credit, to: account, auxiliary: auxiliary, matching: matching)
  }
}
