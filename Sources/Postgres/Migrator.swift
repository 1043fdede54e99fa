import Crypto
public import Foundation
public import Logging

/// Brings a database to the schema of a directory of migrations, forward only.
///
/// Files are named `0001_companies.sql`, run in the order of their numbers, each in its own transaction
/// together with its line in `system.schema_migration`. A file that begins with `-- migrate:no-transaction`
/// holds one statement that runs outside one, such as CREATE INDEX CONCURRENTLY. An advisory lock, which is per PostgreSQL server, makes
/// concurrent migrators take turns. An applied file never changes: an edited or missing one is refused.
public struct Migrator: Sendable {
  /// A migration file.
  public struct Migration: Sendable, Equatable {
    public let version: Int
    public let name: String
    /// SHA-256 of the file, in hexadecimal.
    public let checksum: String
    let script: String

    var isTransactional: Bool { !script.hasPrefix("-- migrate:no-transaction") }
  }

  /// A migration of the directory, and whether the database has it.
  public struct Status: Sendable, Equatable {
    public let migration: Migration
    public let isApplied: Bool
  }

  /// Why the directory and the database do not fit together.
  public enum Refusal: Error, Equatable {
    case unreadableName(String)
    case duplicateVersion(Int)
    /// Applied with another content.
    case edited(String)
    /// Applied, and not in the directory (any more).
    case missing(String)
    /// Its number is below that of one applied already, so it would run in another order elsewhere.
    case outOfOrder(String)
  }

  /// Of the advisory lock: "constat" on a telephone's keys.
  private static let lockKey: Int64 = 2_667_828
  private let directory: URL

  /// A link to a directory counts as the directory.
  public init(directory: URL) { self.directory = directory.resolvingSymlinksInPath() }

  /// The migrations of the directory in order.
  public func migrations() throws -> [Migration] {
    let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
    var migrations: [Migration] = []
    for file in files where file.pathExtension == "sql" {
      let stem = file.deletingPathExtension().lastPathComponent
      let parts = stem.split(separator: "_", maxSplits: 1)
      guard parts.count == 2, parts[0].count == 4, let version = Int(parts[0]) else {
        throw Refusal.unreadableName(file.lastPathComponent)
      }
      let content = try Data(contentsOf: file)
      let digest = SHA256.hash(data: content).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
      migrations.append(
        Migration(
          version: version, name: String(parts[1]), checksum: digest.joined(),
          script: String(decoding: content, as: UTF8.self)))
    }
    migrations.sort { $0.version < $1.version }
    for (one, next) in zip(migrations, migrations.dropFirst()) where one.version == next.version {
      throw Refusal.duplicateVersion(one.version)
    }
    return migrations
  }

  /// Applies what is missing and returns it.
  @discardableResult
  public func migrate(_ url: String, logger: Logger) async throws -> [Migration] {
    let migrations = try migrations()
    return try await AdminSession.run(at: url) { session in
      try session.run(trusted: "SET client_min_messages = warning; SET TimeZone = 'UTC'")
      _ = try session.query("SELECT pg_advisory_lock(\(Self.lockKey))")
      let pending = try self.pending(of: migrations, session)
      for migration in pending {
        logger.debug("migrating", metadata: ["migration": "\(migration.version)_\(migration.name)"])
        try apply(migration, session)
      }
      return pending
    }
  }

  /// Every migration of the directory with its state; refuses where `migrate` would.
  public func status(_ url: String) async throws -> [Status] {
    let migrations = try migrations()
    return try await AdminSession.run(at: url) { session in
      let pending = Set(try self.pending(of: migrations, session).map(\.version))
      return migrations.map { Status(migration: $0, isApplied: !pending.contains($0.version)) }
    }
  }

  private func pending(of migrations: [Migration], _ session: AdminSession) throws -> [Migration] {
    try prepare(session)
    let byVersion = Dictionary(uniqueKeysWithValues: migrations.map { ($0.version, $0) })
    var applied: Set<Int> = []
    for row in try session.query(
      "SELECT version, name, checksum FROM system.schema_migration ORDER BY version")
    {
      let version: Int = try row.get("version")
      let name: String = try row.get("name")
      guard let migration = byVersion[version], migration.name == name else { throw Refusal.missing(name) }
      guard try migration.checksum == row.get("checksum") else { throw Refusal.edited(name) }
      applied.insert(version)
    }
    let pending = migrations.filter { !applied.contains($0.version) }
    if let first = pending.first, let last = applied.max(), first.version < last {
      throw Refusal.outOfOrder(first.name)
    }
    return pending
  }

  private func prepare(_ session: AdminSession) throws {
    // Asked first, so that a role without the right to create may read the state.
    let exists: Bool? = try session.query("SELECT to_regclass('system.schema_migration') IS NOT NULL").value()
    guard exists != true else { return }
    try session.run(
      trusted: """
        CREATE SCHEMA IF NOT EXISTS system;
        CREATE TABLE IF NOT EXISTS system.schema_migration (
          version integer PRIMARY KEY,
          name text NOT NULL,
          checksum text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now()
        );
        """)
  }

  /// Applies one migration; where it meets a lock, it steps back and tries again, so that a queue of
  /// waiting requests never builds up behind it.
  private func apply(_ migration: Migration, _ session: AdminSession) throws {
    let record: SQL = """
      INSERT INTO system.schema_migration (version, name, checksum)
      VALUES (\(migration.version), \(migration.name), \(migration.checksum))
      """
    for attempt in 1... {
      do {
        try session.run(trusted: "RESET ALL; SET lock_timeout = '2s'; SET TimeZone = 'UTC'")
        if migration.isTransactional { try session.run(trusted: "BEGIN") }
        try session.run(trusted: migration.script)
        _ = try session.query(record)
        if migration.isTransactional { try session.run(trusted: "COMMIT") }
        return
      } catch let error as PostgresError {
        if migration.isTransactional { try? session.run(trusted: "ROLLBACK") }
        let isInTheWay = error.sqlState == PostgresError.Code.lockNotAvailable || error.isTransient
        guard isInTheWay, attempt < 10 else { throw error }
        Thread.sleep(forTimeInterval: 0.2 * Double(attempt))
      }
    }
  }
}
