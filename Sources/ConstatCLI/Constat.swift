import ArgumentParser

/// The one program of an installation: serves, works, migrates, checks.
@main
struct Constat: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "constat", abstract: "The open backend for French real-estate diagnostics companies.",
    subcommands: [
      Serve.self, Work.self, Migrate.self, Seed.self, Demo.self, Simulate.self, Check.self, Recover.self,
      Conformance.self, DeviceCommands.self, PrintContract.self,
    ])
}
