public import Foundation
import LocalPostgres
import Postgres

/// A dump of a database by `pg_dump`, as an operator keeps it.
public struct TestBackup: Sendable {
  public let file: URL
}

extension TestDatabase {
  /// Dumps the database into `directory`.
  public func backup(in directory: URL) async throws -> TestBackup {
    let file = directory.appending(path: "backup-\(UUID().uuidString).dump")
    let url = superuserURL
    try await inBackground {
      try PostgresPrograms.runToEnd([
        Self.program("pg_dump"), "--format=custom", "--file=\(file.path)",
        "--dbname=\(url)",
      ])
    }
    return TestBackup(file: file)
  }

  /// Of the server's own version: where its real programs are, links among them followed.
  private static func program(_ name: String) throws -> String {
    let server = URL(filePath: try PostgresPrograms.find().program("initdb")).resolvingSymlinksInPath()
    return server.deletingLastPathComponent().appending(path: name).path
  }

  /// Throws the database away, with every connection to it, and makes it anew from the dump. `runBeforeUse`: SQL of the
  /// superuser, before anybody else is let in.
  public func restore(_ backup: TestBackup, runBeforeUse script: String? = nil) async throws {
    let (name, url) = (name, superuserURL)
    try await AdminSession.run(at: try await TestCluster.shared.superuser.text) { session in
      try session.run(trusted: "DROP DATABASE \(name) WITH (FORCE)")
      try session.run(
        trusted: "CREATE DATABASE \(name) OWNER constat_owner TEMPLATE template0 CONNECTION LIMIT 0")
    }
    try await inBackground {
      try PostgresPrograms.runToEnd([
        Self.program("pg_restore"), "--exit-on-error", "--dbname=\(url)", backup.file.path,
      ])
    }
    try await AdminSession.run(at: url) { session in
      if let script { try session.run(trusted: script) }
      try session.run(trusted: "ALTER DATABASE \(name) CONNECTION LIMIT -1")
    }
  }
}
