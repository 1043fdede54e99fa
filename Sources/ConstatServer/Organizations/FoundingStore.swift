import Foundation
import Postgres

/// The SQL of the one write that has no tenant yet. For the operator, as the role that owns the tables.
struct FoundingStore {
  let transaction: Transaction

  func exists(_ slug: String) async throws -> Bool {
    try await transaction.value("SELECT EXISTS (SELECT 1 FROM organization o WHERE o.slug = \(slug)) AS found") ?? false
  }

  func found(_ id: UUID, slug: String, name: String) async throws {
    _ = try await transaction.pipeline([
      "SELECT set_config('app.actor', 'operator', true), set_config('app.channel', 'cli', true)",
      "SELECT system.found_organization(\(id), \(slug), \(name))",
    ])
  }

  func addSuperAdministrator(
    _ id: UUID, to organization: UUID, email: String, lastName: String, passwordHash: String?
  ) async throws {
    _ = try await transaction.execute(
      """
      INSERT INTO user_account (organization_id, id, kind, email, last_name, profiles, password_hash)
      VALUES (\(organization), \(id), 'staff', \(email), \(lastName), '{super_admin,admin}', \(passwordHash))
      """)
  }
}
