import Foundation
public import Postgres

/// A dump of a database by `pg_dump`, as an operator keeps it. Its functions block.
public struct DatabaseDump: Sendable {
  private let file: String

  /// Dumps the database at `url` into a file.
  public static func take(of url: String, into file: String) throws -> DatabaseDump {
    try PostgresPrograms.runToEnd([
      try program("pg_dump"), "--format=custom", "--file=\(file)", "--dbname=\(url)",
    ])
    return DatabaseDump(file: file)
  }

  /// Throws the database away, with every connection to it, and makes it anew from the dump. `url` leads the superuser to
  /// it, `administration` to another database of the same server. `beforeUse` runs before anybody else is let in.
  public func restore(
    _ name: String, at url: String, administration: String,
    beforeUse: (AdminSession) throws -> Void = { _ in }
  ) throws {
    try AdminSession.runBlocking(at: administration) { session in
      try session.run(trusted: "DROP DATABASE \(name) WITH (FORCE)")
      try session.run(
        trusted: "CREATE DATABASE \(name) OWNER constat_owner TEMPLATE template0 CONNECTION LIMIT 0")
    }
    try PostgresPrograms.runToEnd([
      try Self.program("pg_restore"), "--exit-on-error", "--dbname=\(url)", file,
    ])
    try AdminSession.runBlocking(at: url) { session in
      try beforeUse(session)
      try session.run(trusted: "ALTER DATABASE \(name) CONNECTION LIMIT -1")
    }
  }

  /// Of the server's own version: where its real programs are, links among them followed.
  private static func program(_ name: String) throws -> String {
    let server = URL(filePath: try PostgresPrograms.find().program("initdb")).resolvingSymlinksInPath()
    return server.deletingLastPathComponent().appending(path: name).path
  }
}
