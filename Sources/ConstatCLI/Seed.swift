import ArgumentParser
import ConstatServer
import Foundation
import Postgres

/// The demo organization, for whoever tries Constat out.
struct Seed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Found the demo organization, unless it exists.",
    discussion: "Needs DATABASE_URL and DATABASE_OWNER_URL; without any database URL, the development cluster.")

  /// Of everyone in the demo organization.
  static let password = "constat-demo"

  func run() async throws {
    let configuration = try Configuration()
    try await Database.with(configuration) { database in
      let runtime = try Runtime(configuration, database)
      try await Signals.ending {
        if database.isDevelopment { try await Migrate.apply(configuration, database) }
        try await runtime.refuseUnfit()
        try await Self.found(runtime, database)
        await runtime.pool.shutdown()
      }
    }
  }

  static func found(_ runtime: Runtime, _ database: Database) async throws {
    let owner = Pool(
      PoolConfiguration(url: try database.requireOwner(), size: 1, pipelineConnections: 1), logger: runtime.logger)
    let founded: UUID?
    do {
      founded = try await FoundOrganization(owner: owner, clock: .system)(
        slug: "demo", name: "Diagnostics du Labourd", email: "admin@demo.test", lastName: "Administration",
        passwordHash: nil)
    } catch {
      await owner.shutdown()
      throw error
    }
    await owner.shutdown()
    Terminal.note(founded == nil ? "The demo organization is there already." : "Founded the demo organization.")
  }
}
