import ConstatCore
public import Foundation
public import Postgres

/// Gives an organization the catalogue of diagnostics that the law knows (DIA-02, AMB-35). Run when it is founded;
/// running it again adds what it lacks and leaves what it has changed.
public struct SeedCatalogue: Sendable {
  let organization: UUID
  let newID: @Sendable () -> UUID

  public init(organization: UUID, newID: @escaping @Sendable () -> UUID) {
    self.organization = organization
    self.newID = newID
  }

  /// The transaction must carry the organization, an actor and a channel.
  public func run(_ transaction: Transaction) async throws {
    let entries = DiagnosticCatalogueEntry.defaults
    try await DiagnosticStore(transaction, organization).insertTypes(entries.map { (newID(), $0) })
  }
}
