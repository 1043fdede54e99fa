public import ConstatCore
public import Postgres

/// Founds an organization with the catalogue of diagnostics and its first members, who then set up the rest
/// through the API. Run by the operator, over a pool of the role that owns the tables.
public struct FoundOrganization: Sendable {
  /// Somebody who may sign in from the first day on.
  public struct Member: Sendable {
    let email: String
    let firstName: String?
    let lastName: String
    let profiles: Set<Profile>
    let passwordHash: String

    public init(
      email: String, firstName: String?, lastName: String, profiles: Set<Profile>, passwordHash: String
    ) {
      self.email = email
      self.firstName = firstName
      self.lastName = lastName
      self.profiles = profiles
      self.passwordHash = passwordHash
    }
  }

  public enum Outcome: Sendable, Equatable {
    case founded
    /// It is there already, and was left alone; `hasCompany`: it can invoice, so its set-up came that far.
    case exists(hasCompany: Bool)
  }

  private let owner: Pool
  private let clock: WallClock

  public init(owner: Pool, clock: WallClock) {
    self.owner = owner
    self.clock = clock
  }

  public func callAsFunction(slug: String, name: String, members: @Sendable () -> [Member]) async throws
    -> Outcome
  {
    let organization = clock.newID()
    return try await owner.transaction { transaction, _ in
      let store = FoundingStore(transaction: transaction)
      if let known = try await store.known(slug) { return .exists(hasCompany: known) }
      try await store.found(organization, slug: slug, name: name)
      for member in members() { try await store.add(member, clock.newID(), to: organization) }
      try await SeedCatalogue(organization: organization, newID: clock.newID).run(transaction)
      return .founded
    }
  }
}
