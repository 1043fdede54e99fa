public import ConstatCore
public import Foundation
public import Postgres

/// Writes a row from column values. The column names come from a noun's ``FieldSet``, never from a caller;
/// the database's own functions turn them into statements.
public struct RowStore: Sendable {
  public let transaction: Transaction

  public init(transaction: Transaction) { self.transaction = transaction }

  static func insertion(_ table: String, organization: UUID, id: UUID, _ values: [String: JSONValue]) -> SQL {
    var values = values
    values["organization_id"] = .string(organization.uuidString)
    values["id"] = .string(id.uuidString)
    return
      "SELECT system.insert_row(\(table), \(JSONB(bytes: JSONValue.object(values).serialized()))) AS inserted"
  }

  /// As ``insertion(_:organization:id:_:)``; the transaction starts again where the row is there already.
  static func newRow(_ table: String, organization: UUID, id: UUID, _ values: [String: JSONValue]) -> SQL {
    "SELECT system.expect(i.inserted) FROM (\(insertion(table, organization: organization, id: id, values))) AS i"
  }

  /// Deletes the row; the transaction starts again where it has moved on.
  static func deletion(_ table: String, id: UUID, expected: Int64?) -> SQL {
    "SELECT system.expect(system.delete_row(\(table), \(id), \(expected)))"
  }

  static func update(_ table: String, id: UUID, expected: Int64?, _ values: [String: JSONValue]) -> SQL {
    "SELECT system.update_row(\(table), \(id), \(expected), \(JSONB(bytes: JSONValue.object(values).serialized()))) AS version"
  }

  /// Changes the same columns of several rows; the transaction starts again where one of them has moved on. One statement
  /// for each table and set of columns, so that PostgreSQL plans it once; the ids are named apart, since it takes a
  /// record set for 100 rows and would read the whole organization for them. Columns whose type `fields` tells are read out
  /// of the JSON one by one: what reads a column of any type goes through all columns of the table.
  static func update(
    _ table: String, _ columns: [String], typedBy fields: FieldSet?, of organization: UUID, _ rows: [Change]
  ) -> SQL {
    let changes = rows.map { row -> JSONValue in
      [
        "id": .string(row.id.wire), "version": row.expected.map { .integer($0) } ?? .null,
        "values": .object(row.values),
      ]
    }
    let names = columns.map(identifier).joined(separator: ", ")
    let typed = columns.compactMap { column in
      fields?.fields.first { $0.column == column }?.kind.cast.map { cast -> SQL in
        "\(identifier(column)) = (c.\"values\" ->> \(literal(column)))\(cast)"
      }
    }
    let assignments =
      typed.count == columns.count
      ? typed.joined(separator: ", ")
      : "(\(names)) = (SELECT \(names) FROM jsonb_populate_record(t, c.\"values\"))"
    return """
      WITH changed AS (
        UPDATE public.\(identifier(table)) t SET \(assignments)
        FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(changes).serialized())))
          AS c (id uuid, version bigint, "values" jsonb)
        WHERE t.organization_id = \(organization) AND t.id = ANY (\(rows.map(\.id))) AND t.id = c.id
          AND (c.version IS NULL OR t.version = c.version)
        RETURNING t.id
      ) SELECT system.expect(count(changed.id) = \(rows.count)) FROM changed
      """
  }

  private static func identifier(_ name: String) -> SQL { .script(trusted: "\"\(checked(name))\"") }
  private static func literal(_ name: String) -> SQL { .script(trusted: "'\(checked(name))'") }

  private static func checked(_ name: String) -> String {
    precondition(name.utf8.allSatisfy(\.isNameByte), "not a name: \(name)")
    return name
  }

  /// New values of one row, provided that it is still at the version that the caller has seen (nil: at any).
  struct Change {
    let id: UUID
    let expected: Int64?
    let values: [String: JSONValue]
  }

  /// False: a row with this id exists already.
  public func insert(_ table: String, organization: UUID, id: UUID, _ values: [String: JSONValue])
    async throws -> Bool
  {
    try await transaction.query(Self.insertion(table, organization: organization, id: id, values))[0].get(
      "inserted")
  }

  /// Whether the row holds these values already.
  public func matches(_ table: String, id: UUID, _ values: [String: JSONValue]) async throws -> Bool {
    try await transaction.query(
      "SELECT system.row_matches(\(table), \(id), \(JSONB(bytes: JSONValue.object(values).serialized()))) AS matches"
    )[0].get("matches")
  }

  /// Changes the row, provided that it is still at the version that the caller has seen (nil: at any).
  @discardableResult
  public func update(_ table: String, id: UUID, expected: Int64?, _ values: [String: JSONValue]) async throws
    -> Int64
  {
    let result = try await transaction.query(Self.update(table, id: id, expected: expected, values))
    if let version: Int64 = try result[0].get("version") { return version }
    throw try await stale(table, id: id)
  }

  public func delete(_ table: String, id: UUID, expected: Int64?) async throws {
    let deleted: Bool = try await transaction.query(
      "SELECT system.delete_row(\(table), \(id), \(expected)) AS deleted")[0].get("deleted")
    if !deleted { throw try await stale(table, id: id) }
  }

  /// Ends the transaction as one that lost against another does, to be run again.
  func startAgain() async throws {
    _ = try await transaction.query("SELECT system.expect(false)")
  }

  /// The row's version; NULL when there is none. For the first round trip of a read.
  static func version(_ table: String, id: UUID) -> SQL {
    "SELECT system.row_version(\(table), \(id)) AS version"
  }

  public func exists(_ table: String, id: UUID) async throws -> Bool {
    try await transaction.query(Self.version(table, id: id)).value(Int64?.self) ?? nil != nil
  }

  private func stale(_ table: String, id: UUID) async throws -> Problem {
    let result = try await transaction.query("SELECT system.row_version(\(table), \(id)) AS version")
    guard let current: Int64 = try result[0].get("version") else { return .notFound }
    return .stale(current: current)
  }
}

extension FieldKind {
  /// The cast that makes a column's value of its JSON text; nil where that takes more than a cast.
  var cast: SQL? {
    switch self {
    case .text, .email, .phone, .choice, .postcode, .inseeCode, .country, .code, .clockTime, .timeZone: ""
    case .boolean: "::boolean"
    case .integer, .cents: "::bigint"
    case .day: "::date"
    case .instant: "::timestamptz"
    case .uuid: "::uuid"
    case .latitude, .longitude: "::float8"
    default: nil
    }
  }
}

extension UInt8 {
  fileprivate var isNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
    default: false
    }
  }
}
