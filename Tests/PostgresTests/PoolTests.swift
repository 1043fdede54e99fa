import Foundation
import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct PoolTests {
  /// Waits, without a limit of its own, until the pool is in a state.
  private func wait(for pool: Pool, until isReached: (PoolStatistics) -> Bool) async throws {
    while await !isReached(pool.statistics()) { try await Task.sleep(for: .milliseconds(5)) }
  }

  @Test func `a transaction that finds no connection in time is told so`() async throws {
    let pool = TestDatabase.current.makePool {
      $0.size = 1
      $0.acquireTimeoutMilliseconds = 2_000
    }
    try await pool.transaction(opening: ["SELECT 1"]) { _, _ in
      let error = await #expect(throws: PostgresError.self) {
        try await pool.transaction { _, _ in Issue.record("the body must not run") }
      }
      #expect(error?.kind == .poolExhausted)
      let answer = try await pool.value(Int.self, "SELECT 1")
      #expect(answer == 1)
    }
    try await pool.transaction { _, _ in }
  }

  @Test func `those who wait are served in turn`() async throws {
    let pool = TestDatabase.current.makePool { $0.size = 2 }
    _ = try await pool.query("CREATE TABLE served (n bigint)")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<100 {
        group.addTask {
          try await pool.transaction { transaction, _ in
            _ = try await transaction.execute("INSERT INTO served (n) VALUES (\(number))")
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await pool.value(Int.self, "SELECT count(DISTINCT n) FROM served") == 100)
    let statistics = await pool.statistics()
    #expect(statistics.exclusive <= 2)
    #expect(statistics.idle == statistics.exclusive)
  }

  @Test func `a cancelled waiter leaves its place and takes no connection`() async throws {
    let pool = TestDatabase.current.makePool { $0.size = 1 }
    try await pool.transaction(opening: ["SELECT 1"]) { _, _ in
      let waiter = Task { try await pool.transaction { _, _ in Issue.record("the body must not run") } }
      try await wait(for: pool) { $0.waiting == 1 }
      waiter.cancel()
      await #expect(throws: CancellationError.self) { try await waiter.value }
      #expect(await pool.statistics().waiting == 0)
    }
    try await pool.transaction { _, _ in }
    #expect(await pool.statistics().idle == 1)
  }

  @Test func `a cancelled transaction rolls back and gives its connection back`() async throws {
    let pool = TestDatabase.current.makePool { $0.size = 1 }
    _ = try await pool.query("CREATE TABLE abandoned (n bigint)")
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      try await pool.transaction { transaction, _ in
        try await transaction.execute("INSERT INTO abandoned (n) VALUES (1)")
        start.finish()
        while true { _ = try await transaction.query("SELECT pg_sleep(0.01)") }
      }
    }
    for await _ in started {}
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(await pool.statistics().idle == 1)
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM abandoned") == 0)
  }

  @Test func `a body that ends after its task was cancelled commits nothing`() async throws {
    let pool = TestDatabase.current.makePool { $0.size = 1 }
    _ = try await pool.query("CREATE TABLE ghost (n bigint)")
    let task = Task {
      try await pool.transaction { transaction, _ in
        try await transaction.execute("INSERT INTO ghost (n) VALUES (1)")
        withUnsafeCurrentTask { $0?.cancel() }
      }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM ghost") == 0)
  }

  @Test func `hundreds of cancellations at any moment leave the pool whole`() async throws {
    let pool = TestDatabase.current.makePool { $0.size = 3 }
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<300 {
        let task = Task {
          try await pool.transaction(opening: ["SELECT \(number)"]) { transaction, _ in
            _ = try await transaction.query("SELECT pg_sleep(0.001)")
          }
        }
        group.addTask {
          try? await Task.sleep(for: .microseconds(number * 37 % 5_000))
          if number % 3 != 0 { task.cancel() }
          _ = await task.result
        }
      }
    }
    let statistics = await pool.statistics()
    #expect(statistics.waiting == 0)
    #expect(statistics.idle == statistics.exclusive)
    try await pool.transaction { _, _ in }
  }

  @Test func `a killed connection fails those on it and is replaced`() async throws {
    let pool = TestDatabase.current.makePool {
      $0.size = 1; $0.pipelineConnections = 1
    }
    let error = await #expect(throws: PostgresError.self) {
      try await pool.query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)")
    }
    #expect(error?.kind == .connectionLost)
    #expect(try await pool.value(Int.self, "SELECT 1") == 1)

    let inTransaction = await #expect(throws: PostgresError.self) {
      try await pool.transaction(opening: ["SELECT pg_backend_pid()"]) { transaction, opened in
        let victim = try opened[0].value(Int32.self)
        _ = try await pool.query("SELECT pg_terminate_backend(\(victim), 10000)")
        _ = try await transaction.query("SELECT 1")
      }
    }
    #expect(inTransaction?.kind == .connectionLost)
    try await pool.transaction { _, _ in }
  }

  @Test func `an idle connection that the server closed is not handed out`() async throws {
    let pool = TestDatabase.current.makePool { $0.size = 1 }
    let victim = try await pool.transaction(opening: ["SELECT pg_backend_pid()"]) { _, opened in
      try opened[0].value(Int32.self)
    }
    _ = try await pool.query("SELECT pg_terminate_backend(\(victim), 10000)")
    try await wait(for: pool) { $0.exclusive == 0 }
    try await pool.transaction { _, _ in }
  }

  @Test func `a server that cannot be reached is a lost connection, not an exhausted pool`() async throws {
    var configuration = PoolConfiguration(url: "host=/nonexistent dbname=none", size: 1)
    configuration.acquireTimeoutMilliseconds = 1_000
    let pool = Pool(configuration, logger: .test)
    let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
    #expect(error?.kind == .connectionLost)
    await pool.shutdown()
  }

  @Test func `shutdown lets a transaction end and refuses newcomers`() async throws {
    let pool = TestDatabase.current.makePool()
    let (closing, close) = AsyncStream.makeStream(of: Void.self)
    let answer = try await pool.transaction(opening: ["SELECT 1"]) { transaction, _ in
      let shutdown = Task {
        close.finish()
        await pool.shutdown()
      }
      for await _ in closing {}
      // The refusal shows that the shutdown has begun.
      while (try? await pool.query("SELECT 1")) != nil {}
      let last = try await transaction.commit(with: ["SELECT 9"])
      await shutdown.value
      return try last[0].value(Int.self)
    }
    #expect(answer == 9)
    let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
    #expect(error?.kind == .closed)
    await pool.shutdown()
  }

  @Test func `sessions are in UTC with limits on time`() async throws {
    let pool = TestDatabase.current.makePool { $0.lockTimeoutMilliseconds = 1_234 }
    for (name, value) in [
      ("TimeZone", "UTC"), ("client_encoding", "UTF8"), ("jit", "off"), ("lock_timeout", "1234ms"),
      ("plan_cache_mode", "force_generic_plan"),
      ("statement_timeout", "30s"), ("application_name", "constat"),
    ] {
      #expect(try await pool.value(String.self, "SELECT current_setting(\(name))") == value)
    }
  }
}
