public import ConstatCore
import ConstatServer
public import Foundation
public import Postgres

/// An organization with the people that tests speak for, each with a token of theirs.
public struct TestOrganization: Sendable {
  public let id: UUID
  /// Super-administrator, office, accountant, sales, and two technicians.
  public let admin: Person
  public let office: Person
  public let accountant: Person
  public let sales: Person
  public let marc: Person
  public let nadia: Person

  public struct Person: Sendable {
    public let id: UUID
    public let email: String
    public let token: String
    /// The account's id as the wire has it.
    public var wire: String { id.uuidString.lowercased() }
  }
}

extension TestServer {
  /// Founds an organization and signs its people in.
  public func organization(_ slug: String = "cabinet-basque") async throws -> TestOrganization {
    let id = services.clock.newID()
    _ = try await owner.transaction { transaction, _ in
      _ = try await transaction.query(
        "SELECT set_config('app.actor', 'sql:test', true), set_config('app.channel', 'sql', true)")
      return try await transaction.execute("SELECT system.found_organization(\(id), \(slug), \(slug))")
    }
    let newID = services.clock.newID
    try await asOwner(id) { try await SeedCatalogue(organization: id, newID: newID).run($0) }
    return try await TestOrganization(
      id: id,
      admin: person(id, "\(slug)-admin", [.superAdmin, .admin]),
      office: person(id, "\(slug)-claire", [.office]),
      accountant: person(id, "\(slug)-compta", [.accountant]),
      sales: person(id, "\(slug)-sales", [.sales]),
      marc: person(id, "\(slug)-marc", [.technician]),
      nadia: person(id, "\(slug)-nadia", [.technician]))
  }

  public func person(_ organization: UUID, _ name: String, _ profiles: [Profile]) async throws
    -> TestOrganization.Person
  {
    let account = services.clock.newID()
    let email = "\(name)@example.test"
    try await asOwner(organization) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO user_account (organization_id, id, kind, email, first_name, last_name, profiles)
        VALUES (\(organization), \(account), 'staff', \(email), \(name), 'Test', \(profiles.map(\.rawValue)))
        """)
    }
    return try await .init(id: account, email: email, token: session(organization, account))
  }

  /// A signed-in session's access token.
  public func session(_ organization: UUID, _ account: UUID, device: UUID? = nil) async throws -> String {
    let token = BearerToken(.access, organization: organization, secret: services.clock.random(32))
    try await asOwner(organization) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO system.session (organization_id, id, account_id, device_id, access_hash, access_expires_at,
          refresh_hash, expires_at)
        VALUES (\(organization), \(self.services.clock.newID()), \(account), \(device), \(token.hash),
          now() + interval '1 hour', \(self.services.clock.random(32)), now() + interval '1 day')
        """)
    }
    return token.text
  }

  /// The password that `givePassword` gives: one hash for all tests, because each costs.
  public static let password = "cheval agrafe batterie"
  private static let passwordHash = PasswordHash.make(password)

  public func givePassword(_ organization: UUID, _ account: UUID) async throws {
    try await asOwner(organization) { transaction in
      _ = try await transaction.execute(
        """
        UPDATE user_account SET password_hash = \(Self.passwordHash)
        WHERE organization_id = \(organization) AND id = \(account)
        """)
    }
  }

  /// Hand-typed SQL of the owner, in the organization's name.
  public func asOwner<T: Sendable>(
    _ organization: UUID, _ body: @escaping @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    try await owner.transaction { transaction, _ in
      _ = try await transaction.query(
        """
        SELECT set_config('app.organization_id', \(organization.uuidString), true),
          set_config('app.actor', 'sql:test', true), set_config('app.channel', 'sql', true)
        """)
      return try await body(transaction)
    }
  }
}
