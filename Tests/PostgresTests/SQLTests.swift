import Foundation
import Postgres
import Testing

/// That `let q: SQL = someString` does not compile is the compiler's to prove: `SQL`'s literals are
/// `StaticString`.
struct SQLTests {
  @Test func `interpolated values become numbered parameters`() {
    let statement: SQL = "SELECT a FROM b WHERE c = \(1) AND d = \("x'; DROP TABLE b; --")"
    #expect(statement.text == "SELECT a FROM b WHERE c = $1 AND d = $2")
    #expect(statement.bindings == [1.binding, "x'; DROP TABLE b; --".binding])
  }

  @Test func `a spliced fragment is numbered with what surrounds it`() {
    let filter: SQL = "c = \(2) OR c = \(3)"
    let statement: SQL = "SELECT \(1) FROM b WHERE (\(filter)) AND d = \(4)"
    #expect(statement.text == "SELECT $1 FROM b WHERE (c = $2 OR c = $3) AND d = $4")
    #expect(statement.bindings == [1, 2, 3, 4].map(\.binding))
  }

  @Test func `fragments join with a separator and add up`() {
    let conditions: [SQL] = ["a = \(1)", "b IS NULL", "c = \(2)"]
    let statement = "SELECT 1 WHERE " + conditions.joined(separator: " AND ") + " LIMIT \(10)"
    #expect(statement.text == "SELECT 1 WHERE a = $1 AND b IS NULL AND c = $2 LIMIT $3")
    #expect([SQL]().joined(separator: ", ").text == "")
  }

  @Test func `more than nine parameters keep their numbers apart`() {
    let list = (1...11).map { "\($0)" as SQL }.joined(separator: ", ")
    #expect(list.text == "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11")
  }

  @Test func `nil is a NULL of its type`() {
    let statement: SQL = "SELECT \(Int?.none), \(UUID?.none), \(String?.none), \(Null<Bool>())"
    #expect(statement.bindings == [.null(.int8), .null(.uuid), .null(), .null(.bool)])
  }

  @Test func `an error's description gives no data away`() {
    let error = #expect(throws: PostgresError.self) { try ConnectionString("postgresql://u:secret@[") }
    #expect("\(error as Any)".contains("secret") == false)
  }

  @Test func `a connection string keeps values with quotes and spaces`() throws {
    let original = try ConnectionString("postgresql://me@h1,h2/base?application_name=x")
    let changed = original.with(["password": #"it's a \ "#, "dbname": "other"])
    let again = try ConnectionString(changed.text)
    #expect(again == changed)
    #expect(again["password"] == #"it's a \ "#)
    #expect(again["host"] == "h1,h2")
  }
}
