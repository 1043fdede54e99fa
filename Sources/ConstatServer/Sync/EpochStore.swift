import ConstatCore
import ConstatSync
public import Foundation
public import Postgres

/// The epochs of organizations' histories, and the database's own functions that begin them.
public struct EpochStore: Sendable {
  /// For every new connection of a server. A restore, a promotion or a failover breaks all connections, so that the
  /// first statement after one finds the new epoch begun. A schema that does not know it yet is for others to refuse.
  public static let sessionScript = """
    DO $$ BEGIN
      PERFORM system.begin_epochs_after_restore();
    EXCEPTION WHEN undefined_function OR invalid_schema_name OR insufficient_privilege THEN NULL;
    END $$
    """

  private let querying: any Querying

  public init(_ querying: any Querying) { self.querying = querying }

  /// How many organizations began an epoch in the last minute: what a server that starts should tell its operator.
  public func recentlyBegun() async throws -> Int {
    try await querying.value("SELECT system.epochs_begun_since(now() - interval '1 minute')") ?? 0
  }

  /// Organizations with their slugs, or the one with this slug. For the owner's role.
  public func organizations(slug: String?) async throws -> [(id: UUID, slug: String)] {
    let only: SQL = slug.map { "WHERE slug = \($0)" } ?? ""
    return try await querying.query("SELECT id, slug FROM organization \(only) ORDER BY slug").map {
      (try $0.get("id"), try $0.get("slug"))
    }
  }

  /// Begins a new epoch for each. For the owner's role.
  public func begin(_ organizations: [UUID]) async throws -> [UUID: (epoch: String, fork: Int64)] {
    let begun = try await querying.query(
      "SELECT organization_id, epoch, fork FROM system.begin_epochs(\(organizations))")
    return Dictionary(
      uniqueKeysWithValues: try begun.map { row in
        (try row.get("organization_id"), (epoch: try row.get("epoch"), fork: try row.get("fork")))
      })
  }

  static func position(of organization: UUID) -> SQL {
    "SELECT epoch, forks, version FROM system.tenant_sync WHERE organization_id = \(organization)"
  }

  static func position(_ row: Row) throws -> ServerPosition {
    let forks = try PushStore.json(row, "forks").object ?? [:]
    return ServerPosition(
      epoch: try row.get("epoch"), forks: forks.compactMapValues(\.integer), version: try row.get("version"))
  }

  /// Begins a new epoch where the organization has not reached this version of the epoch, though it signed a cursor for
  /// it. No row where another was first.
  static func begin(after seen: Cursor) -> SQL {
    "SELECT epoch FROM system.begin_epoch_after(\(seen.epoch), \(seen.position.version))"
  }
}
