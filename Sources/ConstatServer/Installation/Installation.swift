import ConstatCore
public import Foundation
public import Postgres
import Synchronization

/// What a running server knows about its own installation: the contract that it serves, the schema that it
/// was built for, its metrics, and whether it is on its way out.
public final class Installation: Sendable {
  public let contract: Contract
  /// The number of the newest migration among the files of this release.
  public let schemaVersion: Int
  public let metrics: PrometheusMetrics
  private let draining = Mutex(false)

  public init(contract: Contract, schemaVersion: Int, metrics: PrometheusMetrics = PrometheusMetrics()) {
    self.contract = contract
    self.schemaVersion = schemaVersion
    self.metrics = metrics
  }

  /// Reads the contract from `openapi/` and the schema's version from `Migrations/` under the installation's
  /// home.
  public convenience init(home: URL, metrics: PrometheusMetrics = PrometheusMetrics()) throws {
    let migrations = try Migrator(directory: home.appending(path: "Migrations")).migrations()
    self.init(
      contract: try Contract(directory: home.appending(path: "openapi")),
      schemaVersion: migrations.last?.version ?? 0, metrics: metrics)
  }

  /// No new work for this process: `/readyz` says so, and the proxy looks elsewhere.
  public func startDraining() { draining.withLock { $0 = true } }
  public var isDraining: Bool { draining.withLock { $0 } }

  /// Why this database and role must not be served; nothing when they are fit.
  public func faults(of pool: Pool) async throws -> [String] {
    let store = InstallationStore(pool: pool)
    var faults = try await store.roleFaults()
    let version = try await store.schemaVersion() ?? 0
    if version != schemaVersion {
      faults.append(
        version < schemaVersion
          ? "the database is at migration \(version) of \(schemaVersion): run constat migrate"
          : "the database is at migration \(version), newer than this release's \(schemaVersion)")
    }
    return faults
  }
}
