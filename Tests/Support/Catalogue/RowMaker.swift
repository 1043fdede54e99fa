public import ConstatCore
import Foundation
public import Postgres

/// Makes the smallest valid row of each table of one organization, from the catalogue: what a column's type
/// and its constraints ask for, references to rows made before.
public struct RowMaker {
  public let organization: String
  /// The rows made so far, as PostgreSQL reads them.
  public private(set) var rows: [String: JSONValue] = [:]

  public init(organization: String) { self.organization = organization }

  /// What the catalogue cannot tell: patterns, conditions between columns.
  static let values: [String: [String: JSONValue]] = [
    "organization": ["slug": "rows"],
    "company": ["siren": "732829320"],
    "diagnostic_type": ["code": "dpe"],
    "price_list_line": ["diagnostic_codes": ["dpe"]],
    "appointment": ["kind": "phone", "ends_at": "2026-03-02T10:00:00Z"],
    "journal_line": ["debit_cents": 100],
    "system.seal": ["version": 900_000],
  ]

  /// Where the first plain column is not the one that may change.
  static let changes: [String: (column: String, value: String)] = [
    "journal_line": ("letter", "'AA'")
  ]

  /// Statements that a row needs in its own transaction: book entries balance at COMMIT.
  public static func companions(of table: String, row: JSONValue) -> [SQL] {
    func line(_ entry: String, debit: Int64, credit: Int64) -> SQL {
      """
      INSERT INTO journal_line (organization_id, id, entry_id, position, account, account_label, debit_cents, credit_cents)
      SELECT e.organization_id, gen_random_uuid(), e.id, 9, '411', 'Clients', \(debit), \(credit)
      FROM journal_entry e WHERE e.id = \(entry)::uuid
      """
    }
    switch table {
    case "journal_entry":
      let id = row["id"]?.string ?? ""
      return [line(id, debit: 5, credit: 0), line(id, debit: 0, credit: 5)]
    case "journal_line": return [line(row["entry_id"]?.string ?? "", debit: 0, credit: 100)]
    default: return []
    }
  }

  static func isRequired(_ key: Catalogue.ForeignKey, in table: Catalogue.Table) -> Bool {
    key.columns.allSatisfy { name in
      name == "organization_id" || table.columns.contains { $0.name == name && $0.isRequired }
    }
  }

  /// Column values for a new row.
  public func values(for table: Catalogue.Table) -> JSONValue {
    var values: [String: JSONValue] = [:]
    for column in table.columns where column.isRequired && !column.isGenerated {
      values[column.name] = plain(column, table)
    }
    for key in table.foreignKeys where Self.isRequired(key, in: table) {
      for (column, referenced) in zip(key.columns, key.referenced) {
        if let value = rows[key.table]?[referenced] { values[column] = value }
      }
    }
    values.merge(Self.values[table.name] ?? [:]) { $1 }
    if values["organization_id"] != nil { values["organization_id"] = .string(organization) }
    return .object(values)
  }

  private func plain(_ column: Catalogue.Column, _ table: Catalogue.Table) -> JSONValue {
    if let choice = table.choices[column.name] { return .string(choice) }
    return switch column.type {
    case "uuid": .string(UUID().uuidString.lowercased())
    case "integer", "bigint": 1
    case "boolean": false
    case "date": "2026-03-02"
    case "timestamp with time zone": "2026-03-02T09:00:00Z"
    case "jsonb": .object([:])
    case "bytea": .string("\\x" + (0..<32).map { _ in String(Int.random(in: 16...255), radix: 16) }.joined())
    case "double precision": 1
    case let array where array.hasSuffix("[]"): .array([])
    default: .string("x" + UUID().uuidString.prefix(8).lowercased())
    }
  }

  public mutating func remember(_ row: JSONValue, of table: Catalogue.Table) { rows[table.name] = row }

  /// `INSERT` as somebody would type it.
  public static func insertion(into table: Catalogue.Table, _ values: JSONValue) -> SQL {
    let names = (values.object ?? [:]).keys.sorted().joined(separator: ", ")
    return SQL.script(
      trusted:
        "INSERT INTO \(table.name) (\(names)) SELECT \(names) FROM jsonb_populate_record(NULL::\(table.name), "
    )
      + "\(JSONB(bytes: values.serialized())))"
      + SQL.script(trusted: " RETURNING to_jsonb(\(table.name.split(separator: ".").last!)) AS row")
  }
}
