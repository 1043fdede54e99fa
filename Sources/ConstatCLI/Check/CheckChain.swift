import ArgumentParser
import ConstatLedger
import ConstatServer
import Postgres

/// Proves that no issued document was touched: every link of every organization's chain against the one
/// before it, and every document's rows against what was sealed (CGI 286-I-3° bis).
struct CheckChain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chain",
    abstract:
      "Check the chain of issued documents: the first broken link of each organization, and exit code 1.",
    discussion:
      "Needs DATABASE_OWNER_URL, the role that owns the tables; without any database URL, the development cluster."
  )

  @Option(help: "Only this organization, by its slug.")
  var organization: String?

  func run() async throws {
    let slug = organization
    try await Database.asOwner { pool in try await Self.check(VerifyChain(querying: pool), slug) }
  }

  private static func check(_ chain: VerifyChain, _ slug: String?) async throws {
    let reports = try await chain.reports(slug: slug)
    if reports.isEmpty, let slug { throw Terminal.failure("no organization has the slug \(slug)") }
    for report in reports {
      guard let broken = report.broken else {
        Terminal.say("\(report.slug): intact, \(report.verifiedLinks) links")
        continue
      }
      let document = [broken.kind?.rawValue, broken.number].compactMap(\.self).joined(separator: " ")
      let subject = document.isEmpty ? "" : " (\(document))"
      Terminal.say("\(report.slug): broken at link \(broken.ordinal)\(subject): \(broken.fault.code)")
    }
    guard reports.allSatisfy({ $0.broken == nil }) else { throw ExitCode.failure }
  }
}
