import Foundation
import Postgres
import Support
import Testing

/// What a client must not believe: a COMMIT that waits for a standby which is gone.
///
/// Serialized on a server of its own, whose configuration it changes.
@Suite(.serialized) struct CommitOutcomeTests {
  /// A server that has lost its only synchronous standby.
  private static let bereft = Task {
    let cluster = try await TestCluster.start(
      settings: ["wal_level": "replica", "max_wal_senders": "2", "synchronous_commit": "on"])
    try await AdminSession.run(at: cluster.superuser.text) { session in
      try session.run(trusted: "CREATE TABLE written (n bigint)")
      try session.run(trusted: "ALTER SYSTEM SET synchronous_standby_names = 'gone'")
      try session.run(trusted: "SELECT pg_reload_conf()")
      while try session.query("SHOW synchronous_standby_names").value(String.self) != "gone" {
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
    return cluster
  }

  private func pool(commitDeadlineMilliseconds: Int) async throws -> Pool {
    var configuration = PoolConfiguration(url: try await Self.bereft.value.superuser.text, size: 1)
    configuration.acquireTimeoutMilliseconds = 30_000
    configuration.commitDeadlineMilliseconds = commitDeadlineMilliseconds
    return Pool(configuration, logger: .test)
  }

  /// Cancels, as an operator would, the first session that waits for the standby.
  private func cancelTheWaiting(_ pool: Pool) async throws {
    while try await pool.value(
      Bool.self,
      "SELECT bool_or(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != true
    { try await Task.sleep(for: .milliseconds(10)) }
  }

  @Test func `a commit that was cancelled while it waited for the standby is of unknown outcome`()
    async throws
  {
    let pool = try await pool(commitDeadlineMilliseconds: 60_000)
    let write = Task {
      try await pool.transaction(opening: ["INSERT INTO written (n) VALUES (1)"]) { _, _ in }
    }
    try await cancelTheWaiting(pool)
    let error = await #expect(throws: PostgresError.self) { try await write.value }
    #expect(error?.kind == .outcomeUnknown)
    await pool.shutdown()
  }

  @Test func `the implicit commit of a pipeline is watched as well`() async throws {
    let pool = try await pool(commitDeadlineMilliseconds: 60_000)
    let observer = try await self.pool(commitDeadlineMilliseconds: 60_000)
    let write = Task { try await pool.execute("INSERT INTO written (n) VALUES (2)") }
    try await cancelTheWaiting(observer)
    let error = await #expect(throws: PostgresError.self) { try await write.value }
    #expect(error?.kind == .outcomeUnknown)
    await pool.shutdown()
    await observer.shutdown()
  }

  @Test func `a commit without an answer in time is given up, not cancelled`() async throws {
    let pool = try await pool(commitDeadlineMilliseconds: 200)
    let error = await #expect(throws: PostgresError.self) {
      try await pool.transaction(opening: ["INSERT INTO written (n) VALUES (3)"]) { _, _ in }
    }
    #expect(error?.kind == .outcomeUnknown)
    // The server still waits: nothing told it to acknowledge less than it should.
    let waiting: Int? = try await pool.value(
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    #expect(try #require(waiting) >= 1)
    await pool.shutdown()
  }

  @Test func `an ordinary warning at commit changes nothing`() async throws {
    let pool = try await pool(commitDeadlineMilliseconds: 60_000)
    let answer = try await pool.transaction(opening: ["SET LOCAL synchronous_commit = local"]) {
      transaction, _ in
      try await transaction.commit(with: [
        "INSERT INTO written (n) VALUES (4) RETURNING n", "DO $$ BEGIN RAISE WARNING 'only a word'; END $$",
      ])[0].value(Int.self)
    }
    #expect(answer == 4)
    await pool.shutdown()
  }

  @Test func `a server that is stopped is given up after the grace`() async throws {
    let url = try await Self.bereft.value.superuser.text
    var configuration = PoolConfiguration(url: url, size: 1, pipelineConnections: 1)
    configuration.acquireTimeoutMilliseconds = 30_000
    configuration.statementTimeoutMilliseconds = 100
    configuration.graceMilliseconds = 200
    let pool = Pool(configuration, logger: .test)
    let backend = try #require(try await pool.value(Int32.self, "SELECT pg_backend_pid()"))
    kill(backend, SIGSTOP)
    let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
    kill(backend, SIGCONT)
    #expect(error?.kind == .connectionLost)
    #expect(try await pool.value(Int.self, "SELECT 1") == 1)
    await pool.shutdown()
  }
}
