@testable import ConstatCLI
import Foundation
import LocalPostgres
import Postgres
import Synchronization
import Testing

@Suite struct DevelopmentClusterTests {
  /// A directory that the account which runs servers can reach, gone at the end.
  private func inDirectory(_ name: String = "", _ body: (String) async throws -> Void) async throws {
    let base = "/tmp/constat-dev-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(
      atPath: base, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(atPath: base) }
    try await body(base + name + "/postgres")
  }

  private func isRunning(_ url: String) async -> Bool {
    (try? await AdminSession.run(at: url) { _ in }) != nil
  }

  @Test func `it is made, shared, and stopped by the last who leaves`() async throws {
    try await inDirectory { directory in
      let first = try await DevelopmentCluster.join(directory) { _ in }
      let second = try await DevelopmentCluster.join(directory) { _ in }
      #expect(first.appURL == second.appURL)
      await first.leave()
      #expect(await isRunning(second.appURL), "stopped under somebody's feet")
      await second.leave()
      #expect(!(await isRunning(second.appURL)))
    }
  }

  @Test func `its data outlive it, and its roles are no superusers`() async throws {
    try await inDirectory { directory in
      let first = try await DevelopmentCluster.join(directory) { _ in }
      try await AdminSession.run(at: first.ownerURL) { session in
        try session.run(trusted: "CREATE TABLE kept (value text); INSERT INTO kept VALUES ('still here')")
      }
      await first.leave()
      let again = try await DevelopmentCluster.join(directory) { _ in }
      let found = try await AdminSession.run(at: again.ownerURL) { session -> [String] in
        [
          try session.query("SELECT value FROM kept").value() ?? "",
          try session.query(
            "SELECT string_agg(r.rolname, ',') AS names FROM pg_roles r WHERE r.rolsuper AND r.rolname <> 'postgres'"
          ).first?.get("names", as: String?.self) ?? "none",
        ]
      }
      await again.leave()
      #expect(found == ["still here", "none"])
    }
  }

  /// Whoever was killed holds no lock, and leaves a server running.
  @Test func `a server that somebody left behind is joined, and stopped in the end`() async throws {
    try await inDirectory { directory in
      let first = try await DevelopmentCluster.join(directory) { _ in }
      first.forgetLock()
      let heard = Heard()
      let second = try await DevelopmentCluster.join(directory) { heard.add($0) }
      #expect(heard.lines.contains { $0.contains("joining") })
      await second.leave()
      #expect(!(await isRunning(second.appURL)))
    }
  }

  @Test func `a directory too deep for a socket gets a short one`() async throws {
    try await inDirectory("/" + String(repeating: "deep", count: 24)) { directory in
      let place = try ClusterPlace(wanted: directory) { _ in }
      #expect(place.directory == directory && place.socketDirectory.utf8.count < 60)
      #expect(try ClusterPlace(wanted: directory) { _ in }.socketDirectory == place.socketDirectory)
      try FileManager.default.removeItem(atPath: place.socketDirectory)
    }
  }
}

private final class Heard: Sendable {
  private let kept = Mutex<[String]>([])
  var lines: [String] { kept.withLock { $0 } }
  func add(_ line: String) { kept.withLock { $0.append(line) } }
}
