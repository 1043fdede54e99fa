import ArgumentParser
import Foundation
import LocalPostgres
import Logging
import Postgres

/// The database that a command works on: the one that the environment names, or this machine's development
/// cluster.
struct Database: Sendable {
  /// As the role that serves; nil when the environment names only the owner.
  let appURL: String?
  let ownerURL: String?
  let isDevelopment: Bool

  /// Runs `body` on the database, a development cluster joined before and left after it, whatever becomes of
  /// it. A body that may last wraps itself in ``Signals/ending(_:)`` or serves in a service group, so that
  /// Ctrl-C leads here too.
  static func with(
    _ configuration: Configuration, _ body: @escaping @Sendable (Database) async throws -> Void
  ) async throws {
    guard configuration.databaseURL == nil, configuration.ownerURL == nil else {
      let database = Database(
        appURL: configuration.databaseURL, ownerURL: configuration.ownerURL, isDevelopment: false)
      return try await body(database)
    }
    let cluster: DevelopmentCluster
    do {
      cluster = try await DevelopmentCluster.join(configuration.state.appending(path: "postgres").path) {
        Terminal.note($0)
      }
    } catch let failure as PostgresPrograms.Failure {
      throw Terminal.failure(failure.description, Terminal.unavailable)
    }
    do {
      try await body(Database(appURL: cluster.appURL, ownerURL: cluster.ownerURL, isDevelopment: true))
    } catch {
      await cluster.leave()
      throw error
    }
    await cluster.leave()
  }

  /// Runs `body` over a connection of the role that owns the tables, for commands that look at all organizations.
  static func asOwner(_ body: @escaping @Sendable (Pool) async throws -> Void) async throws {
    try await with(try Configuration()) { database in
      let pool = Pool(
        PoolConfiguration(url: try database.requireOwner(), size: 1, pipelineConnections: 1),
        logger: Logger(label: "constat"))
      do {
        try await Signals.ending { try await body(pool) }
      } catch let error as PostgresError {
        await pool.shutdown()
        guard error.kind == .server else {
          throw Terminal.failure("cannot reach the database (\(error.sqlState))", Terminal.unavailable)
        }
        throw Terminal.failure("the database refuses: \(error.message ?? error.sqlState)")
      } catch {
        await pool.shutdown()
        throw error
      }
      await pool.shutdown()
    }
  }

  func requireApp() throws -> String {
    if let appURL { return appURL }
    throw Terminal.failure("DATABASE_URL is not set", Terminal.configurationError)
  }

  func requireOwner() throws -> String {
    if let ownerURL { return ownerURL }
    throw Terminal.failure(
      "DATABASE_OWNER_URL is not set: this needs the role that owns the tables", Terminal.configurationError)
  }
}
