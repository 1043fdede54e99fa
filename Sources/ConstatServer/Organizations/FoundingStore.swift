import ConstatCore
import Foundation
import Postgres

/// The SQL of the one write that has no tenant yet. For the operator, as the role that owns the tables.
struct FoundingStore {
  let transaction: Transaction

  /// Whether an organization of that name has a company; nil when there is no such organization.
  func known(_ slug: String) async throws -> Bool? {
    let id: UUID? = try await transaction.value(
      "SELECT o.organization_id FROM organization o WHERE o.slug = \(slug)")
    guard let id else { return nil }
    let results = try await transaction.pipeline([
      "SELECT set_config('app.organization_id', \(id.uuidString), true)",
      "SELECT EXISTS (SELECT 1 FROM company c WHERE c.organization_id = \(id)) AS found",
    ])
    return try results[1].value()
  }

  func found(_ id: UUID, slug: String, name: String) async throws {
    _ = try await transaction.pipeline([
      "SELECT set_config('app.actor', 'operator', true), set_config('app.channel', 'cli', true)",
      "SELECT system.found_organization(\(id), \(slug), \(name))",
    ])
  }

  func add(_ member: FoundOrganization.Member, _ id: UUID, to organization: UUID) async throws {
    _ = try await transaction.execute(
      """
      INSERT INTO user_account (organization_id, id, kind, email, first_name, last_name, profiles, password_hash)
      VALUES (\(organization), \(id), 'staff', \(member.email), \(member.firstName), \(member.lastName),
        \(member.profiles.map(\.rawValue).sorted()), \(member.passwordHash))
      """)
  }
}
