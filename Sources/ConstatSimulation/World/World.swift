import AsyncHTTPClient
import Foundation
import LocalPostgres
import Logging
import NIOCore
import Postgres
import Synchronization

/// The server's side as it runs in earnest: PostgreSQL, and the program `constat serve`, each of which can be killed.
final class World: Sendable {
  /// What the simulation needs to know of this installation.
  struct Place: Sendable {
    /// The program `constat`.
    let program: String
    /// Where `Migrations/` and `openapi/` are.
    let home: URL
  }

  let directory: String
  let cluster: PrivateCluster
  let chronicle = Chronicle()
  private let place: Place
  private let secret: String
  private struct API: Sendable {
    var process: BoundProcess?
    var address: String?
    var starts = 0
  }
  private let api = Mutex(API())

  private init(directory: String, cluster: PrivateCluster, place: Place, secret: String) {
    self.directory = directory
    self.cluster = cluster
    self.place = place
    self.secret = secret
  }

  /// Where the API listens; nil while it is dead.
  var address: String? { api.withLock(\.address) }
  var apiProcess: pid_t? { api.withLock { $0.process?.id } }
  /// Where the API keeps the bytes of files.
  var blobs: String { "\(directory)/blobs" }

  static func make(_ place: Place) async throws -> World {
    let name = "/tmp/constat-sim-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    let cluster = try await PrivateCluster.make(in: name + "-pg")
    try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: false)
    let secret = (0..<32).map { _ in String(UInt8.random(in: 16...255), radix: 16) }.joined()
    let world = World(directory: name, cluster: cluster, place: place, secret: secret)
    _ = try await Migrator(directory: place.home.appending(path: "Migrations"))
      .migrate(
        cluster.ownerURL, logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() }))
    try await world.startAPI()
    return world
  }

  /// Starts the API on a free port, and returns once it answers.
  func startAPI() async throws {
    let record = api.withLock { api in
      api.starts += 1
      return "\(directory)/api-\(api.starts)"
    }
    let process = try BoundProcess(
      [place.program, "serve"], record: record, ending: .terminate,
      environment: [
        "DATABASE_URL": cluster.appURL, "CONSTAT_SECRET_KEY": secret, "PORT": "0", "HOST": "127.0.0.1",
        "CONSTAT_HOME": place.home.path, "LOG_LEVEL": "error",
        "CONSTAT_BLOB_DIRECTORY": blobs,
      ])
    api.withLock { $0.process = process }
    for _ in 0..<600 {
      if let line = process.log.split(separator: "\n").first(where: { $0.contains(" listens on ") }),
        let address = line.split(separator: " ").last
      {
        api.withLock { $0.address = String(address) }
        return
      }
      guard process.isRunning || process.id == nil else { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw PostgresPrograms.Failure("the API does not start: \(process.log)")
  }

  func killAPI() async {
    let process = api.withLock { api in
      api.address = nil
      return api.process
    }
    await process?.kill()
  }

  /// Runs `constat recover`, as its operator does after a restore that leaves no trace.
  func recover() async throws {
    let (place, owner) = (place, cluster.ownerURL)
    try await inBackground {
      try PostgresPrograms.runToEnd([
        "/usr/bin/env", "DATABASE_OWNER_URL=\(owner)", "CONSTAT_HOME=\(place.home.path)", place.program,
        "recover",
      ])
    }
  }

  func remove() async {
    await api.withLock { $0.process }?.stop()
    await cluster.remove()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Bytes that the API holds in memory; nil where the system does not tell.
  var apiResidentBytes: Int? {
    guard let id = apiProcess, let text = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
    else { return nil }
    return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
