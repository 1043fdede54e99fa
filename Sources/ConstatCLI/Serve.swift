import ArgumentParser
import ConstatServer
import Foundation
import Logging
import Metrics
import Postgres
import ServiceLifecycle

/// The API.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the API over HTTP.",
    discussion: """
      With DATABASE_URL, connects as that role and refuses one that row-level security does not bind. Without it, makes
      and runs a private PostgreSQL cluster under .constat/, migrates it, and carries out jobs as well.
      """)

  @Flag(help: "Found the demo organization first, unless it exists.")
  var seed = false

  func run() async throws {
    OpenFiles.raiseLimit()
    let configuration = try Configuration()
    let seed = seed
    try await Database.with(configuration) { database in
      let runtime = try Runtime(configuration, database)
      try await Signals.ending {
        if database.isDevelopment { try await Migrate.apply(configuration, database) }
        if seed { try await Seed.found(runtime, database) }
        try await runtime.refuseUnfit()
      }
      let server = HTTPServer(
        App(services: runtime.services, installation: runtime.installation), host: configuration.host,
        port: configuration.port, logger: runtime.logger
      ) { port in
        Terminal.say("Constat listens on http://\(configuration.host):\(port)")
        if seed { Terminal.say(NextSteps(host: configuration.host, port: port).text) }
      }
      var services: [any Service] = [runtime.pool]
      if database.isDevelopment { services.append(runtime.worker()) }
      try await runtime.run(services + [server])
    }
  }
}
