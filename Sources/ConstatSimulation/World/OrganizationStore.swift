import ConstatCore
import ConstatServer
import Foundation
import Postgres

/// Founds the organization that is simulated, and signs its people in: signing in is not what is tried here.
struct OrganizationStore: Sendable {
  let superuser: Pool
  let organization: UUID

  struct Person: Sendable, Hashable {
    let id: UUID
    let token: String
    var wire: String { id.uuidString.lowercased() }
  }

  static func found(_ superuser: Pool) async throws -> OrganizationStore {
    let store = OrganizationStore(superuser: superuser, organization: WallClock.system.newID())
    try await store.run { transaction in
      _ = try await transaction.execute(
        "SELECT system.found_organization(\(store.organization), 'simulation', 'Simulation')")
      try await SeedCatalogue(organization: store.organization, newID: WallClock.system.newID).run(
        transaction)
    }
    return store
  }

  func run(_ body: @escaping @Sendable (Transaction) async throws -> Void) async throws {
    try await superuser.transaction { transaction, _ in
      _ = try await transaction.query(
        """
        SELECT set_config('app.organization_id', \(organization.uuidString), true),
          set_config('app.actor', 'sql:simulation', true), set_config('app.channel', 'sql', true)
        """)
      try await body(transaction)
    }
  }

  /// A member of staff, signed in for a day.
  func person(_ name: String, _ profiles: [Profile]) async throws -> Person {
    let clock = WallClock.system
    let id = clock.newID()
    let token = BearerToken(.access, organization: organization, secret: clock.random(32))
    try await run { transaction in
      _ = try await transaction.pipeline([
        """
        INSERT INTO user_account (organization_id, id, kind, email, last_name, profiles)
        VALUES (\(organization), \(id), 'staff', \("\(name)@simulation.test"), \(name), \(profiles.map(\.rawValue)))
        """,
        """
        INSERT INTO system.session (organization_id, id, account_id, access_hash, access_expires_at, refresh_hash,
          expires_at)
        VALUES (\(organization), \(clock.newID()), \(id), \(token.hash), now() + interval '1 day',
          \(clock.random(32)), now() + interval '1 day')
        """,
      ])
    }
    return Person(id: id, token: token.text)
  }
}
