import ConstatCore
@testable import ConstatServer
import Foundation
import Logging
import Postgres
import Support
import Synchronization
import Testing

@Suite struct JobTests {
  @Test func `many workers carry out each job once`() async throws {
    try await TestServer.run(poolSize: 8) { server in
      let org = try await server.organization()
      let run = UUID()
      for number in 0..<40 { try await Self.enqueue(CountingJob(run: run, number: number), org.id, server) }
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask { while await Self.worker(server, [CountingJob.self]).runOnce() > 0 {} }
        }
      }
      #expect(CountingJob.performed(in: run).sorted() == Array(0..<40))
      #expect(try await Self.states(org.id, server) == ["done": 40])
    }
  }

  @Test func `an organization with many jobs does not starve another`() async throws {
    try await TestServer.run { server in
      let busy = try await server.organization("busy")
      let quiet = try await server.organization("quiet")
      let run = UUID()
      for number in 0..<30 { try await Self.enqueue(CountingJob(run: run, number: number), busy.id, server) }
      try await Self.enqueue(CountingJob(run: run, number: 99), quiet.id, server)
      _ = await Self.worker(server, [CountingJob.self]).runOnce()
      #expect(CountingJob.performed(in: run).contains(99))
    }
  }

  @Test func `a job that fails waits, tries again and is dead in the end, its error kept without data`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await Self.enqueue(FailingJob(), org.id, server)
      let worker = Self.worker(server, [FailingJob.self])
      #expect(await worker.runOnce() == 1)
      let waiting = try await Self.row(org.id, server)
      #expect(
        waiting.state == "available" && waiting.attempt == 1 && waiting.error == "Secret" && waiting.waits)
      #expect(await worker.runOnce() == 0, "it came back before its delay")
      try await Self.hurry(org.id, server)
      #expect(await worker.runOnce() == 1)
      #expect(try await Self.row(org.id, server).state == "dead")
      try await Self.hurry(org.id, server)
      #expect(await worker.runOnce() == 0)
    }
  }

  @Test func `a worker whose lease ran out cannot write behind its successor`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await Self.enqueue(CountingJob(run: UUID(), number: 1), org.id, server)
      let first = try #require(try await Self.claim(server))
      #expect(try await Self.claim(server) == nil, "leased twice")
      #expect(try await first.transaction { _ in true })
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute("UPDATE system.job SET leased_until = now() - interval '1 second'")
      }
      let second = try #require(try await Self.claim(server))
      #expect(second.id == first.id && second.attempt == 2)
      await #expect(throws: JobRun.LeaseLost.self) { try await first.transaction { _ in } }
      _ = try await server.services.pool.pipeline(JobStore.complete(first))
      #expect(try await Self.row(org.id, server).state == "leased", "the zombie settled it")
      _ = try await server.services.pool.pipeline(JobStore.complete(second))
      #expect(try await Self.row(org.id, server).state == "done")
    }
  }

  @Test func `a tick is planned once, however many workers plan it, and does not come back`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      for _ in 0..<3 { _ = try await server.services.pool.query(JobStore.plan("prune-jobs", tick: 7)) }
      #expect(try await Self.states(org.id, server) == ["available": 1])
      #expect(await Self.worker(server, [PruneJobsJob.self]).runOnce() > 0)
      _ = try await server.services.pool.query(JobStore.plan("prune-jobs", tick: 7))
      #expect(try await Self.states(org.id, server)["available"] == nil)
    }
  }

  @Test func `answers kept for retries and failed sign-ins go after a day, sessions a month after their end`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.asOwner(org.id) { transaction in
        for (key, age) in [("old", "25 hours"), ("new", "23 hours")] {
          _ = try await transaction.execute(
            """
            INSERT INTO system.idempotency_key (organization_id, principal, route, key, fingerprint, created_at)
            VALUES (\(org.id), 'user:x', 'POST /', \(key), '\\x00', now() - \(age)::interval)
            """)
        }
        _ = try await transaction.execute(
          """
          UPDATE system.session SET expires_at = now() - interval '31 days' WHERE account_id = \(org.sales.id)
          """)
      }
      try await server.asOwner(SignInStore.nowhere) { transaction in
        for (subject, age) in [("old", "25 hours"), ("new", "23 hours")] {
          _ = try await transaction.execute(
            """
            INSERT INTO system.sign_in_failure (organization_id, subject, failures, last_at)
            VALUES (\(SignInStore.nowhere), \(subject), 3, now() - \(age)::interval)
            """)
        }
      }
      let worker = Self.worker(server, JobKinds.all(with: server.services))
      while await worker.runOnce() > 0 {}
      let left = try await server.asOwner(org.id) { transaction in
        try await transaction.query(
          """
          SELECT (SELECT string_agg(k.key, ',') FROM system.idempotency_key k) AS keys,
            (SELECT count(*) FROM system.session s WHERE s.account_id = \(org.sales.id)) AS ended,
            (SELECT count(*) FROM system.session s WHERE s.account_id = \(org.office.id)) AS live
          """)
      }
      #expect(try left[0].get("keys") == "new")
      #expect(try left[0].get("ended") == 0 && left[0].get("live") == 1)
      let failures = try await server.asOwner(SignInStore.nowhere) { transaction in
        try await transaction.query("SELECT f.subject FROM system.sign_in_failure f")
      }
      #expect(try failures.map { try $0.get("subject") as String } == ["new"])
    }
  }

  @Test func `a worker told to stop lets what is under way end`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let run = UUID()
      try await Self.enqueue(CountingJob(run: run, number: 5), org.id, server)
      let worker = Task { try await Self.worker(server, [CountingJob.self]).run() }
      while CountingJob.performed(in: run).isEmpty { try await Task.sleep(for: .milliseconds(20)) }
      worker.cancel()
      try await worker.value
      #expect(try await Self.states(org.id, server)["leased"] == nil)
    }
  }

  // MARK: -

  private static func worker(_ server: TestServer, _ jobs: [any Job.Type]) -> JobWorker {
    JobWorker(
      services: server.services, jobs: jobs,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  private static func enqueue(_ job: some Job, _ organization: UUID, _ server: TestServer) async throws {
    let statement = try JobStore.enqueue(job, in: organization, id: UUID())
    try await server.asOwner(organization) { transaction in _ = try await transaction.execute(statement) }
  }

  private static func claim(_ server: TestServer) async throws -> JobRun? {
    let rows = try await server.services.pool.query(
      JobStore.claim([CountingJob.kind], batch: 1, leaseSeconds: 60))
    return try rows.first.map {
      JobRun(
        services: server.services, organization: try $0.get("organization_id"), id: try $0.get("id"),
        kind: try $0.get("kind"), attempt: try $0.get("attempt"))
    }
  }

  private static func states(_ organization: UUID, _ server: TestServer) async throws -> [String: Int] {
    let rows = try await server.asOwner(organization) { transaction in
      try await transaction.query(
        "SELECT state, count(*) AS count FROM system.job WHERE organization_id = \(organization) GROUP BY state"
      )
    }
    return Dictionary(
      uniqueKeysWithValues: try rows.map {
        (try $0.get("state", as: String.self), try $0.get("count", as: Int.self))
      })
  }

  private static func row(
    _ organization: UUID, _ server: TestServer
  ) async throws -> (state: String, attempt: Int, error: String?, waits: Bool) {
    let rows = try await server.asOwner(organization) { transaction in
      try await transaction.query(
        """
        SELECT state, attempt, last_error, run_at > now() + interval '4 seconds' AS waits FROM system.job
        WHERE organization_id = \(organization)
        """)
    }
    let row = rows[0]
    return (try row.get("state"), try row.get("attempt"), try row.get("last_error"), try row.get("waits"))
  }

  private static func hurry(_ organization: UUID, _ server: TestServer) async throws {
    try await server.asOwner(organization) { transaction in
      _ = try await transaction.execute("UPDATE system.job SET run_at = now()")
    }
  }
}

/// Notes that it was performed.
private struct CountingJob: Job {
  static let kind = "test-count"
  private static let log = Mutex<[UUID: [Int]]>([:])
  let run: UUID
  let number: Int

  static func performed(in run: UUID) -> [Int] { log.withLock { $0[run] ?? [] } }

  func perform(_: JobRun) async throws { Self.log.withLock { $0[run, default: []].append(number) } }
}

private struct FailingJob: Job {
  static let kind = "test-fail"
  static let maximumAttempts = 2
  /// Not to be seen in the job's row.
  struct Secret: Error { let value = "jeanne@example.test" }

  func perform(_: JobRun) async throws { throw Secret() }
}
