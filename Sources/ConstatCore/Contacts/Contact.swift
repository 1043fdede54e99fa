/// A person or a business of the address book: owner, agency, notary, payer.
public enum Contact {
  /// What drives the record's behaviour (CON-05).
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case individual
    case professional
    case agency
    case notary
    /// Of a co-ownership (syndic).
    case managingAgent = "managing_agent"
  }

  /// Only the last name is mandatory (CON-03). `discount_rate` is applied where the contact is
  /// the prescriber (CON-10); `main_account_id` makes a sub-account, not for individuals
  /// (CON-12); `registration_number` is the RCS (CON-22).
  public static let fields =
    FieldSet([
      .id, .defaulted("kind", .choice(Kind.self)), .optional("company_name", .line),
      .optional("title", .text(max: 50)), .required("last_name", .requiredLine),
      .optional("first_name", .line),
    ]) + .address
    + FieldSet([
      .optional("email", .email), .defaulted("additional_emails", .list(of: .email, max: 20)),
      .optional("phone", .phone), .optional("mobile", .phone), .optional("fax", .phone),
      .optional("private_comment", .comment), .optional("discount_rate", .rate),
      .optional("discount_comment", .line), .optional("accounting_code", .text(max: 17)),
      .optional("siren", .siren), .optional("vat_number", .vatNumber), .optional("website", .line),
      .optional("registration_number", .text(max: 50)), .optional("main_account_id", .uuid),
      .optional("sales_representative_id", .uuid), .defaulted("never_block_reports", .boolean),
      .defaulted("notify_appointments", .boolean),
    ])
}
