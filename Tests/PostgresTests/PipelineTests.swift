import Foundation
import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct PipelineTests {
  @Test func `ten thousand interleaved pipelines each get their own answer`() async throws {
    let pool = TestDatabase.current.makePool { $0.pipelineConnections = 2 }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<200 {
        group.addTask {
          for turn in 0..<50 {
            let number = task * 50 + turn
            let text = "answer \(number)"
            let answers = try await pool.pipeline([
              "SELECT \(number) AS n", "SELECT \(text)::text AS t, \(number % 7) AS r",
            ])
            #expect(try answers[0].value() == number)
            #expect(try answers[1].value() == text)
            #expect(try answers[1][0].get("r") == number % 7)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(await pool.statistics().shared <= 2)
  }

  @Test func `a failed statement fails its own pipeline only`() async throws {
    let pool = TestDatabase.current.makePool { $0.pipelineConnections = 1 }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<300 {
        group.addTask {
          if number % 3 == 0 {
            let error = await #expect(throws: PostgresError.self) {
              try await pool.pipeline(["SELECT 1", "SELECT 1 / \(0)", "SELECT \("never prepared")::text"])
            }
            #expect(error?.sqlState == "22012")
          } else {
            let answer = try await pool.value(Int.self, "SELECT \(number)")
            #expect(answer == number)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `a statement that others fail to prepare is not lost for those behind them`() async throws {
    for _ in 0..<20 {
      let pool = TestDatabase.current.makePool { $0.pipelineConnections = 1 }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<60 {
          group.addTask {
            let shared: SQL = "SELECT \(number) AS shared"
            if number % 2 == 0 {
              let error = await #expect(throws: PostgresError.self) {
                try await pool.pipeline(["SELECT absent FROM nowhere", shared])
              }
              #expect(error?.sqlState == PostgresError.Code.undefinedTable)
            } else {
              let answer = try await pool.value(Int.self, shared)
              #expect(answer == number)
            }
          }
        }
        try await group.waitForAll()
      }
      await pool.shutdown()
    }
  }

  @Test func `a pipeline is all or nothing`() async throws {
    let pool = TestDatabase.current.pool
    _ = try await pool.query("CREATE TABLE atomic (n bigint CONSTRAINT atomic_key UNIQUE)")
    let error = await #expect(throws: PostgresError.self) {
      try await pool.pipeline([
        "INSERT INTO atomic (n) VALUES (\(1))", "INSERT INTO atomic (n) VALUES (\(1))",
      ])
    }
    #expect(error?.sqlState == PostgresError.Code.uniqueViolation)
    #expect(error?.constraint == "atomic_key")
    #expect(error?.table == "atomic")
    #expect("\(error as Any)".contains("atomic") == false)
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM atomic") == 0)
    let results = try await pool.pipeline([
      "INSERT INTO atomic (n) VALUES (\(1)), (\(2))", "SELECT count(*) FROM atomic",
    ])
    #expect(results[0].affectedRows == 2)
    #expect(try results[1].value() == 2)
  }

  @Test func `a deferred constraint that fails at the end fails the pipeline`() async throws {
    let pool = TestDatabase.current.makePool { $0.pipelineConnections = 1 }
    _ = try await pool.query("CREATE TABLE late (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<20 {
        group.addTask {
          let error = await #expect(throws: PostgresError.self) {
            try await pool.pipeline(["INSERT INTO late (n) VALUES (1), (1)", "SELECT 1"])
          }
          #expect(error?.sqlState == PostgresError.Code.uniqueViolation)
        }
        group.addTask {
          let answer = try await pool.value(Int.self, "SELECT 5")
          #expect(answer == 5)
        }
      }
      try await group.waitForAll()
    }
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM late") == 0)
  }

  @Test func `BEGIN in a pipeline is refused, and others' answers stay right`() async throws {
    let pool = TestDatabase.current.makePool { $0.pipelineConnections = 1 }
    _ = try await pool.query("CREATE TABLE sneaked (n bigint)")
    let error = await #expect(throws: PostgresError.self) {
      try await pool.pipeline(["BEGIN", "INSERT INTO sneaked (n) VALUES (1)"])
    }
    #expect(error?.kind == .misuse)
    try await pool.execute("INSERT INTO sneaked (n) VALUES (2)")
    let others = TestDatabase.current.makePool()
    #expect(try await others.all(Number.self, "SELECT n FROM sneaked").map(\.n) == [2])
  }

  @Test func `a statement outlived by its table's shape is prepared anew`() async throws {
    let pool = TestDatabase.current.makePool { $0.pipelineConnections = 1 }
    _ = try await pool.query("CREATE TABLE shifting (n bigint)")
    try await pool.execute("INSERT INTO shifting (n) VALUES (\(3))")
    let read: SQL = "SELECT n FROM shifting"
    #expect(try await pool.value(Int.self, read) == 3)
    #expect(try await pool.transaction { transaction, _ in try await transaction.value(Int.self, read) } == 3)
    _ = try await pool.query("ALTER TABLE shifting ALTER COLUMN n TYPE text")
    #expect(try await pool.value(String.self, read) == "3")
    let opened = try await pool.transaction(opening: [read]) { _, opened in try opened[0].value(String.self) }
    #expect(opened == "3")
  }

  @Test func `statements beyond the cache's limit leave and come back`() async throws {
    let pool = TestDatabase.current.makePool {
      $0.pipelineConnections = 1
      $0.statementCacheLimit = 16
    }
    for turn in 0..<3 {
      for number in 0..<60 {
        let statement = SQL.script(trusted: "SELECT \(number + turn)")
        #expect(try await pool.value(Int.self, statement) == number + turn)
      }
    }
    let kept: Int? = try await pool.value("SELECT count(*) FROM pg_prepared_statements")
    #expect(try #require(kept) <= 18)
  }

  @Test func `fifty megabytes come back whole`() async throws {
    let pool = TestDatabase.current.pool
    async let many = pool.query("SELECT g, repeat('y', 1000) FROM generate_series(1, 25000) g")
    let size = 50 << 20
    let result = try await pool.query("SELECT repeat('x', \(size)::int)")
    let isWhole = result.withBytes(row: 0, column: 0) { $0?.count == size && $0?.last == UInt8(ascii: "x") }
    #expect(isWhole)
    let rows = try await many
    #expect(rows.rowCount == 25_000)
    #expect(try rows[24_999].get(0) == 25_000)
  }

  @Test func `parameters far beyond the socket's buffer arrive whole, many at once`() async throws {
    let pool = TestDatabase.current.makePool { $0.pipelineConnections = 1 }
    let bytes = (0..<(10 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          // The answer is as large as the question, so that both directions fill up.
          let back: [UInt8]? = try await pool.value("SELECT \(bytes)")
          #expect(back == bytes)
        }
        group.addTask {
          let answer = try await pool.value(Int.self, "SELECT \(8)")
          #expect(answer == 8)
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `an empty list of statements asks nothing`() async throws {
    #expect(try await TestDatabase.current.pool.pipeline([]).isEmpty)
  }
}

struct Number: RowDecodable {
  let n: Int
  init(row: Row) throws { n = try row.get("n") }
}
