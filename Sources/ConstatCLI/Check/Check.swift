import ArgumentParser

/// Proofs that anyone may run: of an exported file, of the chain of issued documents.
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check what Constat has written.", subcommands: [CheckFEC.self, CheckChain.self])
}
