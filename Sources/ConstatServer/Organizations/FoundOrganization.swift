public import Foundation
public import Postgres

/// Founds an organization with its catalogue of diagnostics and its first super-administrator, who then sets up the
/// rest through the API. Run by the operator, over a pool of the role that owns the tables.
public struct FoundOrganization: Sendable {
  private let owner: Pool
  private let clock: WallClock

  public init(owner: Pool, clock: WallClock) {
    self.owner = owner
    self.clock = clock
  }

  /// The new organization's id; nil when one of that name is there already, which is then left alone.
  public func callAsFunction(
    slug: String, name: String, email: String, lastName: String, passwordHash: String?
  ) async throws -> UUID? {
    let organization = clock.newID()
    let account = clock.newID()
    return try await owner.transaction { transaction, _ in
      let store = FoundingStore(transaction: transaction)
      if try await store.exists(slug) { return nil }
      try await store.found(organization, slug: slug, name: name)
      try await store.addSuperAdministrator(
        account, to: organization, email: email, lastName: lastName, passwordHash: passwordHash)
      try await SeedCatalogue(organization: organization, newID: clock.newID).run(transaction)
      return organization
    }
  }
}
