/// An invoice or a credit note: a draft that may be changed, then an issued document that never is.
public enum Invoice {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case invoice
    case creditNote = "credit_note"
  }

  public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
    case draft
    case issued
  }

  /// A draft (INV-06..09, INV-20). Left out, `company_id` is the only company, `payer_id` the
  /// dossier's payer, `lines` the dossier's price, `instalments` one at the due date.
  public static let draft = FieldSet([
    .id, .defaulted("company_id", .uuid), .optional("dossier_id", .uuid),
    .defaulted("payer_id", .uuid), .optional("service_on", .day), .optional("due_on", .day),
    .optional("comment", .comment),
    .defaulted("lines", .list(of: .object(InvoiceLine.fields), max: 200)),
    .defaulted("instalments", .list(of: .object(Instalment.fields), max: 36)),
  ])

  /// A credit note on an issued invoice; without lines it credits all that is left (AMB-77).
  public static let creditNote = FieldSet([
    .id, .required("corrected_invoice_id", .uuid, writable: .creation), .optional("comment", .comment),
    .defaulted("lines", .list(of: .object(InvoiceLine.fields), max: 200)),
  ])
}
