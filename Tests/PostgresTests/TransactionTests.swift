import Postgres
import Support
import Testing

private struct Refused: Error {}

@Suite(.emptyDatabase) struct TransactionTests {
  /// One connection only, so that whatever a transaction leaves behind meets the next user.
  private func singlePool() -> Pool { TestDatabase.current.makePool { $0.size = 1 } }

  @Test func `a body that throws leaves nothing behind`() async throws {
    let pool = singlePool()
    _ = try await pool.query("CREATE TABLE undone (n bigint)")
    await #expect(throws: Refused.self) {
      try await pool.transaction { transaction, _ in
        try await transaction.execute("INSERT INTO undone (n) VALUES (\(1))")
        #expect(try await transaction.value(Int.self, "SELECT count(*) FROM undone") == 1)
        throw Refused()
      }
    }
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM undone") == 0)
  }

  @Test func `a transaction whose opening fails leaves a clean connection`() async throws {
    let pool = singlePool()
    for _ in 0..<3 {
      let error = await #expect(throws: PostgresError.self) {
        try await pool.transaction(opening: ["SELECT \("not a uuid")::uuid"]) { _, _ in
          Issue.record("the body must not run")
        }
      }
      #expect(error?.sqlState == PostgresError.Code.invalidText)
      let answer = try await pool.transaction(opening: ["SELECT 1"]) { _, opened in
        try opened[0].value(Int.self)
      }
      #expect(answer == 1)
    }
  }

  @Test func `COMMIT of a transaction that failed unnoticed is an error`() async throws {
    let pool = singlePool()
    _ = try await pool.query("CREATE TABLE swallowed (n bigint)")
    let error = await #expect(throws: PostgresError.self) {
      try await pool.transaction { transaction, _ in
        try await transaction.execute("INSERT INTO swallowed (n) VALUES (1)")
        _ = try? await transaction.query("SELECT 1 / 0")
      }
    }
    #expect(error?.sqlState == PostgresError.Code.inFailedTransaction)
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM swallowed") == 0)
  }

  @Test func `a deferred constraint that fails at COMMIT is reported`() async throws {
    let pool = singlePool()
    _ = try await pool.query("CREATE TABLE sealed (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    for withStatements in [false, true] {
      let error = await #expect(throws: PostgresError.self) {
        try await pool.transaction { transaction, _ in
          try await transaction.execute("INSERT INTO sealed (n) VALUES (1)")
          if withStatements { try await transaction.commit(with: ["INSERT INTO sealed (n) VALUES (1)"]) }
          try await transaction.execute("INSERT INTO sealed (n) VALUES (1)")
        }
      }
      #expect(error?.sqlState == PostgresError.Code.uniqueViolation)
    }
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM sealed") == 0)
    #expect(
      try await pool.transaction { transaction, _ in try await transaction.value(Int.self, "SELECT 2") } == 2)
  }

  @Test func `a statement sent with COMMIT that fails undoes the whole`() async throws {
    let pool = singlePool()
    _ = try await pool.query("CREATE TABLE last_word (n bigint)")
    await #expect(throws: PostgresError.self) {
      try await pool.transaction { transaction, _ in
        try await transaction.commit(with: ["INSERT INTO last_word (n) VALUES (1)", "SELECT 1 / 0"])
      }
    }
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM last_word") == 0)
    let answer = try await pool.transaction { transaction, _ in
      try await transaction.commit(with: ["INSERT INTO last_word (n) VALUES (1) RETURNING n"])[0].value(
        Int.self)
    }
    #expect(answer == 1)
  }

  @Test func `a transaction that ended takes no more statements`() async throws {
    let pool = singlePool()
    let escaped = try await pool.transaction { transaction, _ in transaction }
    let error = await #expect(throws: PostgresError.self) { try await escaped.query("SELECT 1") }
    #expect(error?.kind == .misuse)
    try await pool.transaction { transaction, _ in
      try await transaction.commit()
      await #expect(throws: PostgresError.self) { try await transaction.query("SELECT 1") }
      await #expect(throws: PostgresError.self) { try await transaction.commit() }
    }
  }

  @Test func `text that cannot be sent with COMMIT rolls back and frees the connection`() async throws {
    let pool = singlePool()
    await #expect(throws: PostgresError.self) {
      try await pool.transaction { transaction, _ in
        try await transaction.commit(with: ["SELECT \("\0")::text"])
      }
    }
    #expect(
      try await pool.transaction { transaction, _ in try await transaction.value(Int.self, "SELECT 2") } == 2)
  }

  @Test func `a savepoint undoes its own part only`() async throws {
    let pool = singlePool()
    _ = try await pool.query("CREATE TABLE partial (n bigint PRIMARY KEY)")
    try await pool.transaction { transaction, _ in
      try await transaction.execute("INSERT INTO partial (n) VALUES (1)")
      await #expect(throws: PostgresError.self) {
        try await transaction.savepoint {
          try await transaction.execute("INSERT INTO partial (n) VALUES (2)")
          try await transaction.savepoint {
            try await transaction.execute("INSERT INTO partial (n) VALUES (1)")
          }
        }
      }
      try await transaction.savepoint { try await transaction.execute("INSERT INTO partial (n) VALUES (3)") }
    }
    let kept = try await pool.all(Number.self, "SELECT n FROM partial ORDER BY n").map(\.n)
    #expect(kept == [1, 3])
  }

  @Test func `modes set isolation, access and time limit`() async throws {
    let pool = singlePool()
    func setting(_ mode: TransactionMode, _ name: String) async throws -> String? {
      try await pool.transaction(mode) { transaction, _ in
        try await transaction.value(String.self, "SELECT current_setting(\(name))")
      }
    }
    #expect(try await setting(.readWrite, "transaction_isolation") == "read committed")
    #expect(try await setting(.snapshot, "transaction_isolation") == "repeatable read")
    #expect(try await setting(.serializable, "transaction_isolation") == "serializable")
    #expect(try await setting(.readOnly, "transaction_read_only") == "on")
    #expect(try await setting(.init(statementTimeoutMilliseconds: 60_000), "statement_timeout") == "1min")
    #expect(try await setting(.readWrite, "statement_timeout") == "30s")
    let error = await #expect(throws: PostgresError.self) {
      try await pool.transaction(.readOnly) { transaction, _ in
        _ = try await transaction.query("CREATE TABLE forbidden (n bigint)")
      }
    }
    #expect(error?.sqlState == PostgresError.Code.readOnlyTransaction)
  }

  @Test func `the opening's results reach the body in order`() async throws {
    let sums = try await singlePool().transaction(
      .init(statementTimeoutMilliseconds: 5_000), opening: ["SELECT 1", "SELECT 2"]
    ) { _, opened in try opened.map { try $0.value(Int.self) } }
    #expect(sums == [1, 2])
  }

  @Test func `steps of one transaction may be asked for at once`() async throws {
    let total = try await singlePool().transaction { transaction, _ in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 1...50 {
          group.addTask { try await transaction.value(Int.self, "SELECT \(number)") ?? 0 }
        }
        return try await group.reduce(0, +)
      }
    }
    #expect(total == 1_275)
  }
}
