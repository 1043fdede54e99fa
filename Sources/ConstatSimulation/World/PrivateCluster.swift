import Foundation
import LocalPostgres
import Postgres
import Synchronization

/// A PostgreSQL server of the simulation's own, to be killed and started again.
final class PrivateCluster: Sendable {
  private let programs: PostgresPrograms
  private let account: UnprivilegedAccount?
  private let directory: String
  private let process = Mutex<BoundProcess?>(nil)

  var superuserURL: String { url("postgres") }
  /// Where the superuser can do without the database itself.
  var administrationURL: String { "host='\(directory)' user=postgres dbname=postgres" }
  var ownerURL: String { url("constat_owner") }
  var appURL: String { url("constat_app") }

  private func url(_ user: String) -> String {
    "host='\(directory)' user=\(user) dbname=\(user == "postgres" && !isMade ? "postgres" : "constat")"
  }
  private var isMade: Bool { made.withLock { $0 } }
  private let made = Mutex(false)

  private init(directory: String) throws {
    programs = try PostgresPrograms.find()
    account = UnprivilegedAccount.needed
    self.directory = directory
  }

  /// Makes it in a new directory that goes with it, with the roles and the database that Constat needs.
  static func make(in directory: String) async throws -> PrivateCluster {
    let cluster = try PrivateCluster(directory: directory)
    try await inBackground {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      try cluster.account?.own(directory)
      try cluster.programs.initialise("\(directory)/data", as: cluster.account, durable: false)
    }
    try await cluster.start()
    try await AdminSession.run(at: cluster.superuserURL) { session in
      try session.run(trusted: "CREATE ROLE constat_owner LOGIN")
      try session.run(trusted: "CREATE ROLE constat_app LOGIN")
      try session.run(trusted: "CREATE DATABASE constat OWNER constat_owner")
    }
    cluster.made.withLock { $0 = true }
    return cluster
  }

  /// Without fsync: what is killed here is the program, and what it gave the system to write survives that. Whatever a
  /// COMMIT answered is in the log by then, which recovery reads.
  private var command: [String] {
    [
      programs.program("postgres"), "-D", "\(directory)/data", "-c", "listen_addresses=", "-c",
      "unix_socket_directories=\(directory)", "-c", "max_connections=200", "-c", "fsync=off", "-c",
      "shared_buffers=64MB", "-c", "timezone=UTC", "-c", "jit=off",
    ]
  }

  /// Starts it, after a crash as often as what is left of its predecessor takes to go.
  func start() async throws {
    for _ in 0..<20 {
      let started = try BoundProcess(command, as: account, record: "\(directory)/server", ending: .quit)
      process.withLock { $0 = started }
      for _ in 0..<60 {
        if (try? await AdminSession.run(at: superuserURL, { _ in })) != nil { return }
        try? await Task.sleep(for: .milliseconds(50))
        if !started.isRunning { break }
      }
      await started.stop()
    }
    throw PostgresPrograms.Failure("PostgreSQL does not start: see \(directory)/server.log")
  }

  /// The whole server dies at once.
  func kill() async {
    guard let process = process.withLock({ $0 }) else { return }
    let backends = Self.children(of: process.id)
    let killing = Task { await process.kill() }
    for backend in backends { _ = Foundation.kill(backend, SIGKILL) }
    await killing.value
  }

  /// One of its processes dies; the server then starts all of them anew by itself.
  func killOneProcess(_ pick: ([pid_t]) -> pid_t) async throws {
    let processes = Self.children(of: process.withLock { $0 }?.id)
    guard !processes.isEmpty else { return }
    _ = Foundation.kill(pick(processes), SIGKILL)
    for _ in 0..<200 {
      try? await Task.sleep(for: .milliseconds(50))
      if (try? await AdminSession.run(at: superuserURL, { _ in })) != nil { return }
    }
    throw PostgresPrograms.Failure("PostgreSQL does not recover: see \(directory)/server.log")
  }

  private static func children(of parent: pid_t?) -> [pid_t] {
    guard let parent,
      let text = try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
    else { return [] }
    return text.split(separator: " ").compactMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
      .sorted()
  }

  /// Copies the files of a cluster that was just killed, as a snapshot of the whole machine finds them, and starts it
  /// again. Returns where the copy is.
  func copyFiles() async throws -> String {
    let copy = "\(directory)/copy-\(UInt32.random(in: 0...UInt32.max))"
    await kill()
    try await replace(copy, by: "\(directory)/data")
    try await start()
    return copy
  }

  /// Kills the cluster, and starts it with the files of a copy. `meanwhile` runs while nobody can write.
  func putBack(_ copy: String, meanwhile: () -> Void) async throws {
    await kill()
    meanwhile()
    try await replace("\(directory)/data", by: copy)
    try await start()
  }

  private func replace(_ target: String, by source: String) async throws {
    // What was killed has let go of the files by then.
    try await Task.sleep(for: .milliseconds(100))
    let account = account
    try await inBackground {
      let script = "rm -rf \"$1\" && cp -a \"$0\" \"$1\" && rm -f \"$1/postmaster.pid\""
      try PostgresPrograms.runToEnd(account.prefixed(["/bin/sh", "-c", script, source, target]))
    }
  }

  func remove() async {
    await process.withLock { $0 }?.stop()
    try? FileManager.default.removeItem(atPath: directory)
  }
}
