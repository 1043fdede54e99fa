/// Money received. It never changes: a reversal undoes it.
public enum Payment {
  /// Who took it.
  public enum Source: String, Sendable, Hashable, Codable, CaseIterable {
    case office
    case field
  }

  /// A part of the payment for one instalment.
  public static let allocation = FieldSet([
    .required("instalment_id", .uuid), .required("amount_cents", .cents(1...Money.limit.cents)),
  ])

  /// `company_id` may be left out where there is one company, or an invoice names it.
  /// `allocations` left out: the oldest due instalments of the dossier first.
  public static let fields = FieldSet([
    .id, .defaulted("company_id", .uuid), .optional("dossier_id", .uuid),
    .optional("payer_id", .uuid), .required("means", .choice(PaymentMeans.self)),
    .required("amount_cents", .cents(1...Money.limit.cents)), .required("received_on", .day),
    .defaulted("received_at", .instant), .optional("reference", .text(max: 100)),
    .optional("bank", .text(max: 100)), .optional("issuer_name", .line),
    .optional("comment", .comment), .defaulted("allocations", .list(of: .object(allocation), max: 50)),
  ])

  /// What `…/reversal` takes: a bounced cheque, with what the bank charges for it.
  public static let reversal = FieldSet([
    .id, .required("reason", .requiredLine), .required("reversed_on", .day),
    .defaulted("bank_fee_cents", .positiveCents),
  ])
}
