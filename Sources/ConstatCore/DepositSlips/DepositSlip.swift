/// A slip that hands cheques or cash to the bank (bordereau de remise).
public struct DepositSlip: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
    case open
    case closed
  }

  /// An instalment as far as slips ask.
  public struct Item: Sendable, Hashable {
    public let instalmentID: String
    public let companyID: String
    public let status: Instalment.Status
    /// Of the live payments that cover it.
    public let means: Set<PaymentMeans>
    public let amount: Money
    /// The slip that it is on.
    public let slipID: String?

    public init(
      instalmentID: String, companyID: String, status: Instalment.Status, means: Set<PaymentMeans>,
      amount: Money, slipID: String?
    ) {
      self.instalmentID = instalmentID
      self.companyID = companyID
      self.status = status
      self.means = means
      self.amount = amount
      self.slipID = slipID
    }
  }

  public let id: String
  public let companyID: String
  public let means: PaymentMeans
  public let status: Status

  public init(id: String, companyID: String, means: PaymentMeans, status: Status) {
    self.id = id
    self.companyID = companyID
    self.means = means
    self.status = status
  }

  /// One slip holds one means (DEP-02).
  public static let fields = FieldSet([
    .id, .defaulted("company_id", .uuid),
    .required("means", .choice([PaymentMeans.cheque.rawValue, PaymentMeans.cash.rawValue])),
    .required("bank", .text(min: 1, max: 100)),
  ])

  /// What `…/instalments` takes.
  public static let itemFields = FieldSet([.required("instalment_id", .uuid)])

  /// An instalment goes on an open slip of its company and means, once it is received or its
  /// deposit is in progress (DEP-05), and on one slip only (AMB-42).
  public func checkAdding(_ item: Item) throws(DepositSlipError) {
    guard status == .open else { throw .closed }
    if let slip = item.slipID { throw .alreadyOnSlip(slip) }
    guard item.companyID == companyID else { throw .otherCompany }
    guard item.status == .received || item.status == .depositInProgress else {
      throw .notReceived(item.status)
    }
    guard item.means == [means] else { throw .otherMeans(slip: means, item: item.means) }
  }

  /// Taken off by mistake's correction, only while the slip is open (DEP-08); the cheque is then
  /// assignable again.
  public func checkRemoving(_ item: Item) throws(DepositSlipError) {
    guard status == .open else { throw .closed }
    guard item.slipID == id else { throw .notOnSlip }
  }

  /// Closing is final (DEP-09) and gives the total: not of nothing.
  public func total(closing items: [Item]) throws(DepositSlipError) -> Money {
    guard status == .open else { throw .closed }
    guard !items.isEmpty else { throw .empty }
    for item in items {
      guard item.slipID == id else { throw .notOnSlip }
      guard item.means == [means] else { throw .otherMeans(slip: means, item: item.means) }
    }
    return items.reduce(.zero) { $0 + $1.amount }
  }

  /// An instalment's status on an open slip.
  public static let statusOnSlip = Instalment.Status.depositInProgress
}
