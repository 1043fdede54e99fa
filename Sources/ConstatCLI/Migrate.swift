import ArgumentParser
import Foundation
import Logging
import Postgres

/// Brings the database to the schema of this release.
struct Migrate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Apply the migrations that the database does not have yet.",
    discussion:
      "Needs DATABASE_OWNER_URL, the role that owns the tables; without any database URL, the development cluster."
  )

  @Flag(help: "Only tell what would be applied.")
  var dryRun = false

  func run() async throws {
    let configuration = try Configuration()
    let dryRun = dryRun
    try await Database.with(configuration) { database in
      try await Signals.ending {
        if dryRun {
          try await Self.tell(configuration, database)
        } else {
          try await Self.apply(configuration, database)
        }
      }
    }
  }

  static func apply(_ configuration: Configuration, _ database: Database) async throws {
    let applied = try await refusing(database.isDevelopment ? configuration.state : nil) {
      try await migrator(configuration).migrate(database.requireOwner(), logger: Logger(label: "constat"))
    }
    for migration in applied { Terminal.note("Applied migration \(migration.version) \(migration.name).") }
    if applied.isEmpty { Terminal.note("The schema is up to date.") }
  }

  private static func tell(_ configuration: Configuration, _ database: Database) async throws {
    let all = try await refusing(nil) { try await migrator(configuration).status(database.requireOwner()) }
    for status in all {
      Terminal.say(
        "\(status.isApplied ? "applied" : "pending") \(status.migration.version) \(status.migration.name)")
    }
  }

  private static func migrator(_ configuration: Configuration) -> Migrator {
    Migrator(directory: configuration.home.appending(path: "Migrations"))
  }

  /// `disposable`: a development database that may be made anew.
  private static func refusing<T>(_ disposable: URL?, _ body: () async throws -> T) async throws -> T {
    do { return try await body() } catch let refusal as Migrator.Refusal {
      let reason =
        switch refusal {
        case .unreadableName(let name): "\(name) is not named 0001_words.sql"
        case .duplicateVersion(let version): "two migrations have the number \(version)"
        case .edited(let name): "migration \(name) was edited after it had been applied"
        case .missing(let name): "migration \(name) was applied and is not among the files"
        case .outOfOrder(let name): "migration \(name) comes before one that was applied already"
        }
      let remedy = disposable.map { " (to begin with an empty development database: rm -r \($0.path))" } ?? ""
      throw Terminal.failure(reason + remedy, Terminal.configurationError)
    } catch let error as PostgresError {
      throw Terminal.failure("migration failed: \(error.message ?? error.description)")
    }
  }
}
