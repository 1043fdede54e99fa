import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct PoolTests {
  @Test func `a query binds its values and reads its row`() async throws {
    let result = try await TestDatabase.current.pool.query("SELECT \(42) + 1 AS n, \("é\"'\\") AS t")
    let row = try #require(result.first)
    #expect(try row.get("n") == 43)
    #expect(try row.get("t") == "é\"'\\")
  }

  @Test func `a transaction commits what its body did`() async throws {
    let pool = TestDatabase.current.pool
    _ = try await pool.query("CREATE TABLE committed (n bigint)")
    let count = try await pool.transaction(opening: ["SELECT 7"]) { transaction, opened in
      try #expect(opened[0].value() == 7)
      try await transaction.execute("INSERT INTO committed (n) VALUES (\(1))")
      let last = try await transaction.commit(with: ["SELECT count(*) FROM committed"])
      return try last[0].value(Int.self)
    }
    #expect(count == 1)
    #expect(try await pool.value(Int.self, "SELECT count(*) FROM committed") == 1)
  }
}
