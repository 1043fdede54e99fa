import ArgumentParser
import ConstatCore
import ConstatDemo
import ConstatServer
import Foundation
import Logging
import Postgres

/// The demo organization, for whoever tries Constat out.
struct Seed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Found the demo organization, unless it exists.",
    discussion:
      "Needs DATABASE_URL and DATABASE_OWNER_URL; without any database URL, the development cluster.")

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

  /// Founds the demo organization and a neighbour, then sets the former up through the API like anyone would,
  /// on a server of its own for the time that it takes. A set-up that was cut short is taken up again.
  static func found(_ runtime: Runtime, _ database: Database) async throws {
    let owner = Pool(
      PoolConfiguration(url: try database.requireOwner(), size: 1, pipelineConnections: 1),
      logger: runtime.logger)
    let outcome: FoundOrganization.Outcome
    do {
      let found = FoundOrganization(owner: owner, clock: .system)
      outcome = try await found(slug: "demo", name: "Diagnostics du Labourd", members: DemoCast.members)
      _ = try await found(slug: "voisin", name: "Cabinet Voisin", members: DemoCast.neighbours)
    } catch {
      await owner.shutdown()
      throw error
    }
    await owner.shutdown()
    guard outcome != .exists(hasCompany: true) else {
      return Terminal.note("The demo organization is there already.")
    }
    let app = App(services: runtime.services, installation: runtime.installation)
    try await PassingServer(app: app, logger: runtime.logger).run { address in
      try await DemoOrganization(cast: DemoCast.cast(server: address, deviceFile: "")).setUp()
    }
    Terminal.note("Founded the demo organization. Everyone's password is \(DemoCast.password):")
    for person in DemoCast.people { Terminal.note("  \(person.name)@demo.test  \(person.profiles.text)") }
  }
}

extension Set<Profile> {
  fileprivate var text: String { map(\.rawValue).sorted().joined(separator: ", ") }
}

/// Serves on a free port of the loopback interface for the time of a piece of work.
private struct PassingServer {
  let app: App
  let logger: Logger

  func run(_ work: @escaping @Sendable (String) async throws -> Void) async throws {
    let (ports, found) = AsyncStream.makeStream(of: Int.self)
    var quiet = logger
    // It is cancelled once the work is done, which its connections log as errors; what fails in the work is thrown.
    quiet.logLevel = .critical
    let server = HTTPServer(app, host: "127.0.0.1", port: 0, logger: quiet) { port in found.yield(port) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      group.addTask {
        for await port in ports {
          try await work("http://127.0.0.1:\(port)")
          return
        }
      }
      _ = try await group.next()
      group.cancelAll()
    }
  }
}
