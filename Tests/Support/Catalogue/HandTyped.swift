public import ConstatCore
import Foundation
public import Postgres

/// A superuser at a terminal: triggers hold even for him, row-level security does not.
public enum HandTyped {
  public static let organization = "019a0000-0000-7000-8000-00000000000a"

  /// A database with one organization that has nothing in it.
  public static func inEmptyOrganization(
    _ body: @escaping @Sendable (AdminSession, Catalogue) throws -> Void
  ) async throws {
    let database = try await TestDatabase.create()
    do {
      try await AdminSession.run(at: database.ownerURL) { session in
        try transaction(session, as: "operator") {
          _ = try session.query("SELECT system.found_organization(\(organization)::uuid, 'rows', 'Rows')")
        }
      }
      try await AdminSession.run(at: database.superuserURL) { session in
        try session.run(trusted: "SET TimeZone = 'UTC'")
        try body(session, Catalogue(session))
      }
    } catch {
      try? await database.drop()
      throw error
    }
    try await database.drop()
  }

  /// One transaction in the organization's name; `actor` nil is somebody who forgot to say who he is.
  public static func transaction(_ session: AdminSession, as actor: String?, _ body: () throws -> Void) throws
  {
    try session.run(trusted: "BEGIN")
    do {
      _ = try session.query(
        """
        SELECT set_config('app.organization_id', \(organization), true),
          set_config('app.actor', \(actor ?? ""), true), set_config('app.channel', \(actor == nil ? "" : "sql"), true)
        """)
      try body()
      try session.run(trusted: "COMMIT")
    } catch {
      try? session.run(trusted: "ROLLBACK")
      throw error
    }
  }

  /// Takes away the triggers that freeze a table, so that what stands behind them is tried as well.
  public static func withoutRefusals(
    of table: Catalogue.Table, _ session: AdminSession, _ body: () throws -> Void
  ) throws {
    for trigger in table.refusals {
      try session.run(trusted: "ALTER TABLE \(table.name) DISABLE TRIGGER \(trigger)")
    }
    try body()
    // Deferred triggers are pending on the table; it can be altered once they have run.
    if !table.refusals.isEmpty { try session.run(trusted: "SET CONSTRAINTS ALL IMMEDIATE") }
    for trigger in table.refusals {
      try session.run(trusted: "ALTER TABLE \(table.name) ENABLE TRIGGER \(trigger)")
    }
  }

  public static func version(_ session: AdminSession) throws -> Int64 {
    try session.query(
      "SELECT version FROM system.tenant_sync WHERE organization_id = \(organization)::uuid"
    ).value(Int64.self) ?? 0
  }

  /// The history of a table's rows, oldest first.
  public static func history(_ session: AdminSession, of table: String) throws -> [JSONValue] {
    try session.query(
      """
      SELECT to_jsonb(h) AS entry FROM system.history h WHERE h.table_name = \(table)
      ORDER BY h.at, h.ordinal
      """
    ).map { try JSONValue.parse($0.bytes("entry") ?? []) }
  }

  public static func row(_ session: AdminSession, of table: String) throws -> JSONValue {
    try inserted(session.query(SQL.script(trusted: "SELECT to_jsonb(t) AS row FROM \(table) t LIMIT 1")))
  }

  public static func inserted(_ result: QueryResult) throws -> JSONValue {
    try JSONValue.parse(result.first?.bytes("row") ?? [])
  }
}
