import Foundation
import LocalPostgres
import Postgres

/// A private PostgreSQL server for development, made on first use and reached by a Unix socket only.
///
/// Programs that use it hold a shared lock; the last one to leave stops it. One that was killed holds no lock
/// any more, and leaves a running server behind, which the next adopts.
final class DevelopmentCluster: Sendable {
  private let place: ClusterPlace
  private let programs: PostgresPrograms
  private let users: ClusterLock
  private let turn: ClusterLock

  private init(place: ClusterPlace, programs: PostgresPrograms, users: ClusterLock, turn: ClusterLock) {
    self.place = place
    self.programs = programs
    self.users = users
    self.turn = turn
  }

  /// Connects as the role that serves, and as the one that owns and migrates.
  var appURL: String { url("constat_app", "constat") }
  var ownerURL: String { url("constat_owner", "constat") }

  private func url(_ user: String, _ database: String) -> String {
    "host='\(place.socketDirectory)' port=5432 user=\(user) dbname=\(database)"
  }

  /// Joins the cluster of the directory, making and starting it as needed.
  static func join(_ directory: String, say: @escaping @Sendable (String) -> Void) async throws
    -> DevelopmentCluster
  {
    try await withUnsafeThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try joinBlocking(directory, say: say) }) }
    }
  }

  private static func joinBlocking(_ directory: String, say: (String) -> Void) throws -> DevelopmentCluster {
    let place = try ClusterPlace(wanted: directory, say: say)
    let turn = try ClusterLock(place.directory + "/starting.lock")
    turn.exclude()
    defer { turn.release() }
    let users = try ClusterLock(place.directory + "/users.lock")
    users.share()
    let existing = try? String(contentsOfFile: place.data + "/PG_VERSION", encoding: .utf8)
    let programs = try PostgresPrograms.find(
      version: existing?.trimmingCharacters(in: .whitespacesAndNewlines))
    let cluster = DevelopmentCluster(place: place, programs: programs, users: users, turn: turn)
    do {
      if existing == nil { try cluster.make(say: say) }
      try cluster.start(say: say)
      try cluster.createDatabase()
    } catch {
      cluster.stopUnlessUsed()
      throw error
    }
    return cluster
  }

  /// Leaves; stops the server when nobody else uses it.
  func leave() async {
    await withUnsafeContinuation { continuation in
      Thread.detachNewThread { [self] in
        turn.exclude()
        stopUnlessUsed()
        turn.release()
        continuation.resume()
      }
    }
  }

  /// What the system does for a process that is killed.
  func forgetLock() { users.release() }

  private func stopUnlessUsed() {
    if users.isLastHolder() {
      _ = try? control(["stop", "-m", "fast", "-w", "-t", "60"])
    }
    users.release()
  }

  /// Made under another name and then renamed, so that an interrupted attempt is never taken for a cluster.
  private func make(say: (String) -> Void) throws {
    say("Making a private PostgreSQL cluster in \(place.directory) …")
    let fresh = place.data + ".new"
    try? FileManager.default.removeItem(atPath: fresh)
    try programs.initialise(fresh, as: place.account, durable: true)
    try PostgresPrograms.runToEnd(place.account.prefixed(["/bin/mv", fresh, place.data]))
  }

  private func start(say: (String) -> Void) throws {
    if (try? control(["status"])) != nil, isReachable(attempts: 100) {
      say("PostgreSQL is running already; joining it.")
      return
    }
    try settings().write(toFile: place.directory + "/postgresql.conf", atomically: false, encoding: .utf8)
    try place.account?.own(place.directory + "/postgresql.conf")
    // pg_ctl detaches the server from our process group, so that Ctrl-C reaches us alone, and from our
    // descriptors.
    try? control([
      "start", "-w", "-t", "60", "-l", place.log, "-s", "-o",
      "-c config_file=\"\(place.directory)/postgresql.conf\"",
    ])
    guard isReachable(attempts: 20) else {
      throw PostgresPrograms.Failure("PostgreSQL does not answer: see \(place.log)")
    }
  }

  private func settings() -> String {
    func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
    return """
      data_directory = \(quoted(place.data))
      hba_file = \(quoted(place.data + "/pg_hba.conf"))
      ident_file = \(quoted(place.data + "/pg_ident.conf"))
      listen_addresses = ''
      unix_socket_directories = \(quoted(place.socketDirectory))
      unix_socket_permissions = 0700
      max_connections = 100
      shared_buffers = 128MB
      timezone = 'UTC'
      log_timezone = 'UTC'
      jit = off

      """
  }

  private func isReachable(attempts: Int) -> Bool {
    for attempt in 1...attempts {
      if (try? AdminSession.runBlocking(at: url("postgres", "postgres")) { _ in }) != nil { return true }
      if attempt < attempts { Thread.sleep(forTimeInterval: 0.1) }
    }
    return false
  }

  private func control(_ arguments: [String]) throws {
    try PostgresPrograms.runToEnd(
      place.account.prefixed([programs.program("pg_ctl"), "-D", place.data] + arguments))
  }

  private func createDatabase() throws {
    try AdminSession.runBlocking(at: url("postgres", "postgres")) { session in
      for role in ["constat_owner", "constat_app"] {
        let exists = try !session.query("SELECT 1 FROM pg_roles WHERE rolname = \(role)").isEmpty
        if !exists { try session.run(trusted: "CREATE ROLE \(role) LOGIN") }
      }
      let exists = try !session.query("SELECT 1 FROM pg_database WHERE datname = 'constat'").isEmpty
      if !exists { try session.run(trusted: "CREATE DATABASE constat OWNER constat_owner") }
    }
  }
}
