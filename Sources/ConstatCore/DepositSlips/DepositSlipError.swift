/// Why a slip refuses an instalment, a removal or its closure.
public enum DepositSlipError: Error, Hashable, Sendable {
  case closed
  case stillOpen
  case empty
  case alreadyOnSlip(String)
  case notOnSlip
  case otherCompany
  case otherMeans(slip: PaymentMeans, item: Set<PaymentMeans>)
  case notReceived(Instalment.Status)

  public var code: String {
    switch self {
    case .closed: "deposit-slip-closed"
    case .stillOpen: "deposit-slip-still-open"
    case .empty: "deposit-slip-empty"
    case .alreadyOnSlip: "instalment-already-on-slip"
    case .notOnSlip: "instalment-not-on-slip"
    case .otherCompany: "instalment-of-other-company"
    case .otherMeans: "instalment-of-other-means"
    case .notReceived: "instalment-not-received"
    }
  }
}
