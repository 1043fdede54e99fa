/// What is sent to sign in, stay signed in, and change a password.
public enum Credentials {
  /// `organization` is a slug: only needed by who has the same address and password in several.
  public static let signIn = FieldSet([
    .required("email", .text(min: 1, max: 254)), .required("password", .text(min: 1, max: 128)),
    .optional("organization", .text(max: 63)),
  ])

  public static let refresh = FieldSet([.required("refresh_token", .text(min: 1, max: 200))])

  /// `current_password` is left out only where there is none yet. Twelve characters, no rules of composition
  /// (ASVS 6.2).
  public static let passwordChange = FieldSet([
    .optional("current_password", .text(min: 1, max: 128)), .required("password", .text(min: 12, max: 128)),
  ])
}
