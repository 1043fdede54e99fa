import Foundation
import Postgres
import Support
import Testing

/// A server whose process dies in the middle of an answer, on a server of its own: the others of its processes die with it.
@Suite struct CrashTests {
  @Test func `a connection whose server process was killed is lost, not refused, and the pool recovers`()
    async throws
  {
    let cluster = try await TestCluster.start()
    var configuration = PoolConfiguration(url: cluster.superuser.text, size: 1, pipelineConnections: 1)
    configuration.acquireTimeoutMilliseconds = 30_000
    let pool = Pool(configuration, logger: .test)
    let sleeping = Task { try await pool.query("SELECT pg_sleep(60)") }
    var victim: Int?
    while victim == nil {
      victim = try await AdminSession.run(at: cluster.superuser.text) { session in
        try session.query("SELECT pid::bigint FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%'")
          .value(
            Int.self)
      }
    }
    kill(pid_t(try #require(victim)), SIGKILL)
    let error = await #expect(throws: PostgresError.self) { try await sleeping.value }
    #expect(error?.kind == .connectionLost)
    while (try? await pool.value(Int.self, "SELECT 1::bigint")) == nil {
      try await Task.sleep(for: .milliseconds(20))
    }
    await pool.shutdown()
  }
}
