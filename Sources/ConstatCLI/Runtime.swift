import ArgumentParser
import ConstatServer
import Foundation
import Logging
import Metrics
import Postgres
import ServiceLifecycle
import UnixSignals

/// What `serve` and `work` have in common: logs, metrics, the pool of the role that serves, and an orderly
/// end.
struct Runtime: Sendable {
  let configuration: Configuration
  let logger: Logger
  let pool: Pool
  let installation: Installation
  let services: Services

  init(_ configuration: Configuration, _ database: Database) throws {
    self.configuration = configuration
    LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: configuration.logLevel) }
    let metrics = PrometheusMetrics()
    MetricsSystem.bootstrap(metrics)
    logger = Logger(label: "constat")
    // Longer than the pool's own patience: a burst of devices that push at once waits rather than being sent away.
    var connections = PoolConfiguration(
      url: try database.requireApp(), size: configuration.poolSize,
      pipelineConnections: configuration.readConnections, acquireTimeoutMilliseconds: 1_000)
    connections.sessionScript = EpochStore.sessionScript
    pool = Pool(connections, logger: logger)
    installation = try Installation(home: configuration.home, metrics: metrics)
    services = Services(
      pool: pool, clock: .system, secret: try configuration.secret(),
      storage: configuration.blobs.storage(clock: .system),
      trustsForwardedFor: configuration.trustsForwardedFor)
  }

  /// Refuses a role that row-level security does not bind, and a schema that this release was not built for.
  func refuseUnfit() async throws {
    let faults: [String]
    do { faults = try await installation.faults(of: pool) } catch let error as PostgresError {
      throw Terminal.failure("cannot reach the database (\(error.sqlState))", Terminal.unavailable)
    }
    guard faults.isEmpty else {
      throw Terminal.failure(
        "refusing to start: " + faults.joined(separator: "; "), Terminal.configurationError)
    }
    let begun = try await EpochStore(pool).recentlyBegun()
    if begun > 0 {
      logger.warning(
        "this database was restored, promoted or copied: devices will reload, and send again what it lost",
        metadata: ["organizations": "\(begun)"])
    }
  }

  func worker() -> JobWorker {
    JobWorker(services: services, jobs: JobKinds.all(with: services), logger: logger)
  }

  /// Runs services until one fails or the process is told to stop; they then stop in reverse order, within 25
  /// s.
  func run(_ services: [any Service]) async throws {
    var group = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(25)
    do { try await ServiceGroup(configuration: group).run() } catch {
      throw Terminal.failure("\(error)")
    }
  }
}
