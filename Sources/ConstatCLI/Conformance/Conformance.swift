import ArgumentParser
import ConstatConformance
import Foundation

/// Runs the conformance vectors against a server: for whoever runs Constat, or writes a server that devices should
/// take for one.
struct Conformance: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the sync protocol's conformance vectors against a server; exit code 1 where one fails.",
    discussion: """
      Signs in as somebody of the office and makes dossiers, appointments and devices of its own through the API, for \
      a technician of the organization: use an organization for tests. The password may be given in \
      CONSTAT_PASSWORD. The vectors' format is told in docs/sync.md.
      """)

  @Argument(help: "The server's address, such as http://127.0.0.1:8080.")
  var url: String

  @Option(help: "Who signs in: an account with the profile office.")
  var email: String

  @Option(help: "Their password (or CONSTAT_PASSWORD).")
  var password: String?

  @Option(help: "The organization's slug, where the address is known in several.")
  var organization: String?

  @Option(help: "Only this vector; may be repeated.")
  var only: [String] = []

  @Option(help: "The folder of the vectors; Constat's own otherwise.", completion: .directory)
  var vectors: String?

  func run() async throws {
    guard let password = password ?? ProcessInfo.processInfo.environment["CONSTAT_PASSWORD"] else {
      throw Terminal.failure("no password: give --password or CONSTAT_PASSWORD", Terminal.configurationError)
    }
    let folder =
      try vectors.map { URL(filePath: $0) } ?? Configuration().home.appending(path: "conformance")
    let set: VectorSet
    do { set = try VectorSet(directory: folder) } catch {
      throw Terminal.failure("cannot read the vectors in \(folder.path): \(error)")
    }
    let names = Set(set.vectors.map(\.name))
    if let stray = only.first(where: { !names.contains($0) }) {
      throw Terminal.failure("no vector is named \(stray)")
    }
    let chosen = set.vectors.filter { only.isEmpty || only.contains($0.name) }
    let isWell: Bool
    do {
      isWell = try await ConformanceRun.with(
        server: url, set: set,
        signIn: .init(email: email, password: password, organization: organization)
      ) { run in try await run.play(chosen) { Terminal.say($0) } }
    } catch let fault as ConformanceRun.Unfit {
      throw Terminal.failure(fault.detail, Terminal.unavailable)
    }
    if !isWell { throw ExitCode.failure }
  }
}
