import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Reads rows as devices see them: the fields of the policy table, from one view for each type. Alias `e` is a
/// `system.sync_entity`.
struct EntityStore {
  /// The fields of the row that `e` stands for; NULL when it is gone.
  static let fields: SQL = "CASE e.type \(branches) END"

  private static let branches: SQL = EntityType.allCases
    .map { type -> SQL in "WHEN \(name(type)) THEN (SELECT v.fields \(row(type)))" }.joined(separator: " ")

  /// The row that `e` stands for; none when it is gone. Only the branch of its type runs, and only those of `types` cost
  /// anything to start.
  static func live(_ types: some Sequence<EntityType>) -> SQL {
    types.map { type -> SQL in "SELECT v.row_version, v.fields \(row(type)) AND e.type = \(name(type))" }
      .joined(separator: " UNION ALL ")
  }

  private static func row(_ type: EntityType) -> SQL {
    let view = SQL.script(trusted: "system.sync_\(type.rawValue)")
    return "FROM \(view) v WHERE v.organization_id = e.organization_id AND v.id = e.id"
  }

  private static func name(_ type: EntityType) -> SQL { .script(trusted: "'\(type.rawValue)'") }

  /// Keeps values of fields that this server does not know, with their history and versions.
  static func keep(_ extra: [String: JSONValue], of key: EntityKey, _ id: UUID, in dossier: UUID?) -> SQL {
    """
    SELECT system.keep_extra(\(key.type.rawValue), \(id), \(dossier),
      \(JSONB(bytes: JSONValue.object(extra).serialized())))
    """
  }
}
