import ConstatCore
import Foundation
public import Postgres

/// The tables of a database as its catalogue describes them, for tests that hold every table to a rule and so
/// cannot forget one.
public struct Catalogue: Sendable {
  public struct Column: Sendable {
    public let name: String
    public let type: String
    /// NOT NULL without a default: a row cannot do without it.
    public let isRequired: Bool
    public let isGenerated: Bool
  }

  public struct ForeignKey: Sendable {
    public let columns: [String]
    public let table: String
    public let referenced: [String]
  }

  public struct Table: Sendable {
    /// `contact`, `system.job`.
    public let name: String
    public let columns: [Column]
    public let foreignKeys: [ForeignKey]
    /// Columns that some CHECK constraint looks at, and the first of the values that an IN list allows.
    public let checked: Set<String>
    public let choices: [String: String]
    /// What `constat_app` may do.
    public let grants: Set<String>
    /// Triggers that refuse changes, beside those of history.
    public let refusals: [String]
    /// Columns whose values stay out of the history.
    public let secrets: [String]

    public var isNoun: Bool { !name.hasPrefix("system.") }
    public var hasOrganization: Bool { columns.contains { $0.name == "organization_id" } }

    /// A column that an UPDATE may change without breaking anything else, and another value for it.
    public var changeable: (column: String, value: String)? {
      if let known = RowMaker.changes[name] { return known }
      let fixed = Set(["organization_id", "id", "version", "created_at", "updated_at"] + secrets)
        .union(foreignKeys.flatMap(\.columns)).union(checked)
      for column in columns where !fixed.contains(column.name) && !column.isGenerated {
        switch column.type {
        case "text": return (column.name, "'changed by hand'")
        case "integer", "bigint": return (column.name, "4711")
        case "boolean": return (column.name, "coalesce(NOT \(column.name), true)")
        case "timestamp with time zone": return (column.name, "'2026-03-03T08:00:00Z'")
        case "date": return (column.name, "'2026-03-03'")
        default: continue
        }
      }
      return nil
    }
  }

  public let tables: [Table]

  public init(_ session: AdminSession) throws {
    tables = try session.query(Self.statement).map { row in
      let table = try JSONValue.parse(row.bytes("description") ?? [])
      return Table(
        name: table["name"]?.string ?? "",
        columns: (table["columns"]?.array ?? []).map {
          Column(
            name: $0["name"]?.string ?? "", type: $0["type"]?.string ?? "",
            isRequired: $0["required"]?.bool ?? false, isGenerated: $0["generated"]?.bool ?? false)
        },
        foreignKeys: (table["foreign_keys"]?.array ?? []).map {
          ForeignKey(
            columns: $0["columns"]?.strings ?? [], table: $0["table"]?.string ?? "",
            referenced: $0["referenced"]?.strings ?? [])
        },
        checked: Set((table["checks"]?.array ?? []).flatMap { $0["columns"]?.strings ?? [] }),
        choices: Self.choices(table["checks"]?.array ?? []), grants: Set(table["grants"]?.strings ?? []),
        refusals: table["refusals"]?.strings ?? [],
        secrets: (table["secrets"]?.string ?? "").split { "{}, \0".contains($0) }.map(String.init))
    }
  }

  public subscript(name: String) -> Table? { tables.first { $0.name == name } }

  /// So that a row's required references come before it.
  public var inDependencyOrder: [Table] {
    var ordered: [Table] = []
    var rest = tables
    while !rest.isEmpty {
      let known = Set(ordered.map(\.name))
      let ready = rest.filter { table in
        table.foreignKeys.allSatisfy { key in
          known.contains(key.table) || key.table == table.name || !RowMaker.isRequired(key, in: table)
        }
      }
      precondition(!ready.isEmpty, "required references in a circle: \(rest.map(\.name))")
      ordered += ready
      rest.removeAll { table in ready.contains { $0.name == table.name } }
    }
    return ordered
  }

  /// From `CHECK ((kind = ANY (ARRAY['a'::text, 'b'::text])))`.
  private static func choices(_ checks: [JSONValue]) -> [String: String] {
    var choices: [String: String] = [:]
    for check in checks {
      let text = check["definition"]?.string ?? ""
      if let match = text.firstMatch(of: /^CHECK \(\((\w+) = ANY \(ARRAY\['([^']*)'/) {
        choices[String(match.1)] = String(match.2)
      }
    }
    return choices
  }

  private static let statement: SQL = """
    SELECT jsonb_build_object(
      'name', CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
      'columns', (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL),
          'required', a.attnotnull AND NOT a.atthasdef, 'generated', a.attgenerated <> '') ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
      'foreign_keys', (SELECT jsonb_agg(jsonb_build_object('table',
          CASE WHEN fn.nspname = 'public' THEN '' ELSE fn.nspname || '.' END || f.relname,
          'columns', (SELECT jsonb_agg(a.attname ORDER BY u.o) FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n),
          'referenced', (SELECT jsonb_agg(a.attname ORDER BY u.o) FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n)))
        FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
        WHERE k.conrelid = c.oid AND k.contype = 'f'),
      'checks', (SELECT jsonb_agg(jsonb_build_object('definition', pg_get_constraintdef(k.oid),
          'columns', (SELECT jsonb_agg(a.attname) FROM pg_attribute a
            WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))))
        FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
      'grants', (SELECT jsonb_agg(g.verb) FROM unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS g(verb)
        WHERE has_table_privilege('constat_app', c.oid, g.verb)),
      'refusals', (SELECT jsonb_agg(t.tgname) FROM pg_trigger t
        WHERE t.tgrelid = c.oid AND t.tgname IN ('immutable', 'frozen', 'posted')),
      'secrets', (SELECT encode(t.tgargs, 'escape') FROM pg_trigger t
        WHERE t.tgrelid = c.oid AND t.tgname = 'history_insert')) AS description
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'system') AND c.relkind IN ('r', 'p') ORDER BY n.nspname, c.relname
    """
}

extension JSONValue {
  fileprivate var strings: [String] { array?.compactMap(\.string) ?? [] }
}
