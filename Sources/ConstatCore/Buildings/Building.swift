/// A building of the property portfolio (patrimoine): what its modules have in common.
public enum Building {
  public static let fields =
    FieldSet([
      .id, .required("name", .requiredLine), .optional("owner_id", .uuid),
    ]) + .address + .location
    + FieldSet([
      .optional("built_year", .year), .optional("permit_year", .year),
      .optional("co_ownership", .boolean), .optional("collective_heating", .boolean),
      .optional("termite_zone", .boolean), .optional("comment", .comment),
    ])
}
