import Foundation
import LocalPostgres
public import Postgres

/// A PostgreSQL server for the tests of one process, needing no set-up.
///
/// Made on first use in a directory of its own under /tmp, reached by a Unix socket, and gone when the
/// process ends, however it ends.
/// With `CONSTAT_TEST_DATABASE_URL` (a superuser's), that server is used instead.
public final class TestCluster: Sendable {
  /// Of every role and database the tests make; the server trusts its socket, other set-ups may not.
  static let password = "constat"

  /// Connects the superuser to the database `postgres`.
  public let superuser: ConnectionString
  /// Keeps the server alive; nil for a server that is not ours.
  private let process: BoundProcess?

  private init(superuser: ConnectionString, process: BoundProcess?) {
    self.superuser = superuser
    self.process = process
  }

  private static let sharedTask = Task<TestCluster, any Error> {
    if let url = ProcessInfo.processInfo.environment["CONSTAT_TEST_DATABASE_URL"] {
      let cluster = TestCluster(superuser: try ConnectionString(url), process: nil)
      try await cluster.createRoles()
      return cluster
    }
    return try await start()
  }

  /// The server that all tests of this process share.
  public static var shared: TestCluster {
    get async throws { try await sharedTask.value }
  }

  /// A server of one's own, for tests that change its configuration. It stops with the process, or when the
  /// last reference goes.
  public static func start(settings: [String: String] = [:]) async throws -> TestCluster {
    let cluster = try await inBackground { try launch(settings: settings) }
    try await cluster.createRoles()
    return cluster
  }

  /// Connects `user` to `database`.
  public func url(user: String, database: String) -> String {
    superuser.with(["user": user, "dbname": database, "password": Self.password]).text
  }

  // MARK: Starting a server

  private static func launch(settings: [String: String]) throws -> TestCluster {
    let programs = try PostgresPrograms.find()
    let account = UnprivilegedAccount.needed
    let directory = "/tmp/constat-pg-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try account?.own(directory)
    try programs.initialise("\(directory)/data", as: account, durable: false)
    var options: [String: String] = [
      "listen_addresses": "", "unix_socket_directories": directory, "max_connections": "400",
      "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal",
      "max_wal_senders": "0", "shared_buffers": "128MB", "jit": "off", "timezone": "UTC",
    ]
    options.merge(settings) { $1 }
    let server =
      [programs.program("postgres"), "-D", "\(directory)/data"]
      + options.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    let process = try BoundProcess(
      server, as: account, record: "\(directory)/server", ending: .quit, removing: directory)
    let superuser = try ConnectionString("host=\(directory) user=postgres dbname=postgres")
    try waitUntilReady(superuser, log: "\(directory)/server.log")
    return TestCluster(superuser: superuser, process: process)
  }

  private static func waitUntilReady(_ superuser: ConnectionString, log: String) throws {
    var lastError: (any Error)?
    for _ in 0..<600 {
      do { return try AdminSession.runBlocking(at: superuser.text) { _ in } } catch { lastError = error }
      Thread.sleep(forTimeInterval: 0.05)
    }
    throw PostgresPrograms.Failure(
      "no server: \(String(describing: lastError)) \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")"
    )
  }

  // MARK: Roles

  /// The owner of databases and of all that migrations make, and the role that the API connects as.
  private func createRoles() async throws {
    try await AdminSession.run(at: superuser.text) { session in
      // Test processes may share a server: one at a time.
      try session.run(trusted: "SELECT pg_advisory_lock(2667828)")
      for role in ["constat_owner", "constat_app"] {
        let exists = try !session.query("SELECT 1 FROM pg_roles WHERE rolname = \(role)").isEmpty
        if !exists { try session.run(trusted: "CREATE ROLE \(role) LOGIN PASSWORD '\(Self.password)'") }
      }
    }
  }
}
