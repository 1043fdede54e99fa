import ArgumentParser
import ConstatServer
import Postgres

/// Tells Constat that its database was put back to an earlier state in a way that leaves no trace in PostgreSQL.
struct Recover: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "After a restore that PostgreSQL does not show: begin a new epoch for devices.",
    discussion: """
      A server notices by itself, on each new connection, that its database was restored into another cluster, recovered
      to a point in time, promoted, or loaded from a dump into a database made anew. It cannot notice a snapshot of the
      whole machine, a copy of a stopped cluster's files, or pg_restore --clean into the same database. Run this then,
      before the servers start: devices reload everything and send again what the backup lacks. Running it for nothing
      costs each device one full pull, and loses nothing.

      Needs DATABASE_OWNER_URL, the role that owns the tables; without any database URL, the development cluster.
      """)

  @Option(help: "Only this organization, by its slug.")
  var organization: String?

  func run() async throws {
    let slug = organization
    try await Database.asOwner { pool in try await Self.recover(EpochStore(pool), slug) }
  }

  private static func recover(_ epochs: EpochStore, _ slug: String?) async throws {
    let organizations = try await epochs.organizations(slug: slug)
    if organizations.isEmpty, let slug { throw Terminal.failure("no organization has the slug \(slug)") }
    let begun = try await epochs.begin(organizations.map(\.id))
    for (id, slug) in organizations {
      guard let epoch = begun[id] else { continue }
      Terminal.say("\(slug): epoch \(epoch.epoch) from version \(epoch.fork) on")
    }
  }
}
