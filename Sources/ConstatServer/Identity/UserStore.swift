import ConstatCore
import Foundation
import Postgres

/// All SQL on accounts: staff, and the accounts of contacts.
struct UserStore {
  static let columns: SQL = """
    u.id, u.version, u.kind, u.email, u.first_name, u.last_name, u.profiles, u.contact_id,
    u.password_hash IS NOT NULL AS has_password, u.disabled_at, u.created_at, u.updated_at
    """

  /// What decides whether an account may be changed.
  struct Found: RowDecodable, Sendable {
    let kind: UserAccount.Kind
    let profiles: Set<Profile>
    let passwordHash: String?
    let isEnabled: Bool

    init(row: Row) throws {
      kind = UserAccount.Kind(rawValue: try row.get("kind")) ?? .client
      profiles = Set((try row.get("profiles") as [String]).compactMap(Profile.init(rawValue:)))
      passwordHash = try row.get("password_hash")
      isEnabled = row.isNull("disabled_at")
    }
  }

  let transaction: Transaction
  let organization: UUID

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM user_account u WHERE u.organization_id = \(organization) AND u.id = \(id)"
  }

  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "kind", "profile")
    let kind: SQL =
      try filters.choice("kind", UserAccount.Kind.allCases.map(\.rawValue))
      .map { "AND u.kind = \($0)" } ?? ""
    let profile: SQL =
      try filters.choice("profile", Profile.allCases.map(\.rawValue))
      .map { "AND \($0) = ANY (u.profiles)" } ?? ""
    return """
      SELECT \(columns), u.created_at::text AS _key FROM user_account u
      WHERE u.organization_id = \(organization) \(kind) \(profile) \(page.before("u.created_at", "u.id"))
      ORDER BY u.created_at DESC, u.id DESC LIMIT \(page.fetched)
      """
  }

  static func found(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT u.kind, u.profiles, u.password_hash, u.disabled_at FROM user_account u
    WHERE u.organization_id = \(organization) AND u.id = \(id)
    """
  }

  /// The account, locked.
  func find(_ id: UUID) async throws -> Found? {
    try await transaction.first(Found.self, Self.found(organization, id) + " FOR UPDATE")
  }

  /// How many super-administrators may sign in, all of them locked so that two cannot leave at once.
  func superAdministrators() async throws -> Int {
    try await transaction.query(
      """
      SELECT u.id FROM user_account u
      WHERE u.organization_id = \(organization) AND 'super_admin' = ANY (u.profiles) AND u.disabled_at IS NULL
      ORDER BY u.id FOR UPDATE
      """
    ).rowCount
  }

  func disable(_ id: UUID) async throws {
    _ = try await transaction.execute(
      """
      UPDATE user_account SET disabled_at = coalesce(disabled_at, now())
      WHERE organization_id = \(organization) AND id = \(id)
      """)
  }

  func enable(_ id: UUID) async throws {
    _ = try await transaction.execute(
      "UPDATE user_account SET disabled_at = NULL WHERE organization_id = \(organization) AND id = \(id)")
  }

  /// False when the password is no longer what it was.
  @discardableResult
  func renew(_ id: UUID, from old: String?, to new: String) async throws -> Bool {
    try await transaction.execute(
      """
      UPDATE user_account SET password_hash = \(new)
      WHERE organization_id = \(organization) AND id = \(id) AND password_hash IS NOT DISTINCT FROM \(old)
      """) == 1
  }
}
