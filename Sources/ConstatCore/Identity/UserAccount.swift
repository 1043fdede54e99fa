/// A person who may sign in: staff with profiles, or the account of a contact.
public enum UserAccount {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case staff
    /// The account of a contact.
    case client
  }

  /// `contact_id` goes with `kind: client`, and only with it.
  public static let fields = FieldSet([
    .id, .required("kind", .choice(Kind.self), writable: .creation), .required("email", .email),
    .optional("first_name", .line), .required("last_name", .requiredLine),
    .defaulted("profiles", .list(of: .choice(Profile.self), max: Profile.allCases.count)),
    .optional("contact_id", .uuid, writable: .creation),
  ])

  /// A first password set by hand (IDN-09). Not a column: it is hashed at once.
  public static let password = Field.optional("password", .text(min: 12, max: 128))
}
