/// A slip that hands cheques or cash to the bank (bordereau de remise).
public enum DepositSlip {
  public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
    case open
    case closed
  }

  /// One slip holds one means (DEP-02).
  public static let fields = FieldSet([
    .id, .defaulted("company_id", .uuid),
    .required("means", .choice([PaymentMeans.cheque.rawValue, PaymentMeans.cash.rawValue])),
    .required("bank", .text(min: 1, max: 100)),
  ])
}
