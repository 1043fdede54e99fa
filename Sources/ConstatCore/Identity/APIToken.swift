/// A long-lived, scoped token for another program. It cannot be changed, only revoked.
public enum APIToken {
  public static let fields = FieldSet([
    .id, .required("name", .requiredLine),
    .required("scopes", .list(of: .choice(Scope.self), max: Scope.allCases.count)),
    .optional("expires_at", .instant),
  ])
}
