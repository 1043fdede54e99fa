public import Postgres

/// What the database says about itself and about the role that serves: schema version, rights.
public struct InstallationStore: Sendable {
  private let pool: Pool

  public init(pool: Pool) { self.pool = pool }

  /// The number of the last migration applied; nil when there is none, or the role may not know.
  public func schemaVersion() async throws -> Int? {
    do {
      return try await pool.value("SELECT max(version) AS version FROM system.schema_migration")
    } catch let error as PostgresError where ["42P01", "3F000", "42501"].contains(error.sqlState) {
      return nil
    }
  }

  /// Why this role must not serve; nothing when it is fit. Row-level security does not hold for a superuser,
  /// for BYPASSRLS, and, table by table, for an owner (who may also switch it off).
  public func roleFaults() async throws -> [String] {
    let result = try await pool.query(
      """
      SELECT r.rolname, r.rolsuper, r.rolbypassrls, (
        SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS owned
      FROM pg_roles r WHERE r.rolname = current_user
      """)
    let row = result[0]
    let role: String = try row.get("rolname")
    if try row.get("rolsuper") { return ["role \(role) is a superuser"] }
    if try row.get("rolbypassrls") { return ["role \(role) has BYPASSRLS"] }
    let owned: Int = try row.get("owned")
    return owned == 0
      ? [] : ["role \(role) owns \(owned) tables, itself or through a role that it is a member of"]
  }
}
