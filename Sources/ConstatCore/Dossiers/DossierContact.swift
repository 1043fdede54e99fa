/// What a contact of the dossier may see of it (DOC-07).
public enum DossierContact {
  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid, writable: .creation),
    .required("contact_id", .uuid, writable: .creation), .defaulted("report_access", .boolean),
    .defaulted("invoice_access", .boolean), .defaulted("additional_recipient", .boolean),
  ])
}
