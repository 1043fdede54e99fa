import Foundation
import Postgres
import Support
import Testing

private enum Shade: String, SQLEncodable, SQLDecodable { case pale = "pâle", dark }

@Suite(.emptyDatabase) struct EncodingTests {
  private func roundTrip<T: SQLEncodable & SQLDecodable>(_ value: T, through cast: SQL) async throws -> T? {
    try await TestDatabase.current.pool.value(T.self, "SELECT (\(value))\(cast)")
  }

  @Test(arguments: ["", "a", "é œ 漢字 👩🏽‍🔧", "it's \"quoted\" \\ back\nline\ttab", "NULL", "{a,b}"])
  func `text comes back as it went`(_ text: String) async throws {
    #expect(try await roundTrip(text, through: "::text") == text)
    #expect(try await roundTrip(Optional(text), through: "::text") == .some(.some(text)))
  }

  @Test(arguments: [Int64.min, -1, 0, 1, 9_007_199_254_740_993, Int64.max])
  func `64-bit integers come back to the last digit`(_ number: Int64) async throws {
    #expect(try await roundTrip(number, through: "") == number)
    #expect(try await roundTrip(Int(number), through: "::bigint") == Int(number))
  }

  @Test func `smaller integers keep to their bounds`() async throws {
    #expect(try await roundTrip(Int32.min, through: "") == .min)
    #expect(try await roundTrip(Int16.max, through: "") == .max)
    await #expect(throws: PostgresError.self) {
      try await TestDatabase.current.pool.value(Int16.self, "SELECT 32768")
    }
  }

  @Test(arguments: [0.1, -1.7976931348623157e308, 2.2250738585072014e-308, .infinity])
  func `doubles come back exactly`(_ number: Double) async throws {
    #expect(try await roundTrip(number, through: "") == number)
  }

  @Test func `truth, identifiers, bytes and enums come back`() async throws {
    #expect(try await roundTrip(true, through: "") == true)
    #expect(try await roundTrip(false, through: "") == false)
    let id = UUID()
    #expect(try await roundTrip(id, through: "") == id)
    let bytes = (0...255).map { UInt8($0) }
    #expect(try await roundTrip(bytes, through: "") == bytes)
    #expect(try await roundTrip([UInt8](), through: "") == [])
    #expect(try await roundTrip(Data(bytes), through: "") == Data(bytes))
    #expect(try await roundTrip(Shade.pale, through: "::text") == .pale)
    #expect(try await roundTrip([Shade.dark, .pale], through: "::text[]") == [.dark, .pale])
  }

  @Test(arguments: [-62_135_596_800.0, -1.5, 0, 1_795_298_697.123456])
  func `an instant comes back to the microsecond`(_ seconds: Double) async throws {
    let date = Date(timeIntervalSince1970: seconds)
    let back = try #require(try await roundTrip(date, through: ""))
    #expect(abs(back.timeIntervalSince(date)) < 0.000_001)
    let text: String? = try await TestDatabase.current.pool.value(
      "SELECT to_char(\(Date(timeIntervalSince1970: 951_782_400)), 'YYYY-MM-DD HH24:MI')")
    #expect(text == "2000-02-29 00:00")
    let day: Date? = try await TestDatabase.current.pool.value("SELECT '2000-02-29'::date")
    #expect(day == Date(timeIntervalSince1970: 951_782_400))
  }

  @Test func `arrays keep quotes, commas, backslashes, braces and NULL`() async throws {
    let texts = ["a,b", "c\"d", "e\\f", "{g}", "", " ", "NULL", "null", "é漢", "line\nbreak"]
    #expect(try await roundTrip(texts, through: "::text[]") == texts)
    #expect(try await roundTrip([String](), through: "::text[]") == [])
    let withNulls: [String?] = ["NULL", nil, "x"]
    #expect(try await roundTrip(withNulls, through: "::text[]") == withNulls)
    #expect(try await roundTrip([Int.min, 0, .max], through: "") == [.min, 0, .max])
    let numbers: [Int64?] = [1, nil]
    #expect(try await roundTrip(numbers, through: "") == numbers)
    #expect(try await roundTrip([Int](), through: "") == [])
    let ids = (0..<100).map { _ in UUID() }
    #expect(try await roundTrip(ids, through: "") == ids)
    #expect(try await roundTrip([true, false], through: "") == [true, false])
    #expect(try await roundTrip([1.5, -2], through: "") == [1.5, -2])
  }

  @Test func `the server counts array elements as we do`() async throws {
    let count: Int? = try await TestDatabase.current.pool.value(
      "SELECT cardinality(\(["a,b", "\"", "\\"])::text[]) + cardinality(\([UUID(), UUID()]))")
    #expect(count == 5)
  }

  @Test func `NULL is read as nil, and refused where a value is wanted`() async throws {
    let row = try #require(
      try await TestDatabase.current.pool.query("SELECT \(String?.none)::text AS a, \(Int?.none) AS b").first)
    #expect(try row.get("a", as: String?.self) == nil)
    #expect(try row.get("b", as: Int?.self) == nil)
    #expect(row.bytes("a") == nil)
    #expect(row.isNull("b"))
    let error = #expect(throws: PostgresError.self) { try row.get("b", as: Int.self) }
    #expect(error?.kind == .decoding)
    #expect(error?.column == "b")
    #expect(throws: PostgresError.self) { try row.get("absent", as: Int.self) }
  }

  @Test func `JSON passes through as text, whatever is in it`() async throws {
    let json = JSONB(#"{"a": "é\"\\", "n": 12345678901234567890.5, "l": [null, true]}"#)
    let pool = TestDatabase.current.pool
    let row = try #require(
      try await pool.query(
        "SELECT \(json)->>'a' AS a, \(json) AS whole, \(JSONB(bytes: json.bytes))->'n' AS n"
      )
      .first)
    #expect(try row.get("a") == "é\"\\")
    #expect(try row.get("n") == "12345678901234567890.5")
    #expect(try row.get("whole", as: JSONB.self).text.contains("[null, true]"))
    let count: Int? = try await pool.value("SELECT cardinality(\([json, json]))")
    #expect(count == 2)
  }

  @Test func `text fits the type of its place: enum, date, numeric`() async throws {
    let pool = TestDatabase.current.pool
    _ = try await pool.query("CREATE TYPE mood AS ENUM ('calm', 'cross')")
    _ = try await pool.query("CREATE TABLE place (m mood, d date, n numeric)")
    try await pool.execute("INSERT INTO place (m, d, n) VALUES (\("calm"), \("2026-02-28"), \("12.50"))")
    let found: String? = try await pool.value(
      "SELECT n::text FROM place WHERE m = \("calm") AND m = ANY(\(["calm", "cross"])) AND d = \("2026-02-28")"
    )
    #expect(found == "12.50")
  }

  @Test func `text with a NUL is refused before it is sent, and bytes may hold one`() async throws {
    let pool = TestDatabase.current.pool
    let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT \("a\0b")::text") }
    #expect(error?.kind == .encoding)
    let count: Int? = try await pool.value("SELECT length(\([0, 0] as [UInt8]))")
    #expect(count == 2)
  }

  @Test func `the same text with other types is another statement`() async throws {
    let pool = TestDatabase.current.pool
    #expect(try await pool.value(String.self, "SELECT pg_typeof(\(1))::text") == "bigint")
    #expect(try await pool.value(String.self, "SELECT pg_typeof(\(true))::text") == "boolean")
    #expect(try await pool.value(String.self, "SELECT pg_typeof(\(Int32(1)))::text") == "integer")
  }
}
