import ConstatCore
import Foundation
import Postgres

/// All SQL that reads the history; the database alone writes it. Of a million rows, a page by time, row or
/// dossier comes from an index at once; one by an actor or a table that hardly occurs reads them all (0.3 s):
/// indexes for that would cost every write, and dates narrow it.
struct HistoryStore {
  /// A place in the list: rows of one statement share their time, so ordinal and transaction settle it.
  private static func before(_ page: Page) throws -> SQL {
    guard let after = page.after else { return "" }
    let parts = after.key.split(separator: "|")
    guard parts.count == 2, let ordinal = Int(parts[1]) else {
      throw QueryParameters.problem("cursor", "malformed-cursor")
    }
    return
      "AND (h.at, h.transaction_id, h.ordinal) < (\(String(parts[0]))::timestamptz, \(after.id), \(ordinal)::integer)"
  }

  private static func select(_ organization: UUID, _ filter: SQL, _ page: Page) throws -> SQL {
    let cut = try before(page)
    return """
      SELECT s.version, h.at, h.actor,
        coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), d.name, t.name) AS actor_name, h.channel,
        h.table_name AS table, h.row_id, h.dossier_id, h.operation, h.changes,
        h.at::text || '|' || h.ordinal AS _key, h.transaction_id AS _id
      FROM (
        SELECT h.organization_id, h.transaction_id, h.ordinal, h.at, h.actor, h.channel, h.table_name, h.row_id,
          h.dossier_id, h.operation, h.changes,
          CASE WHEN h.actor ~ '^[a-z]+:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
            THEN split_part(h.actor, ':', 2)::uuid END AS actor_id
        FROM system.history h WHERE h.organization_id = \(organization) \(filter) \(cut)
        ORDER BY h.at DESC, h.transaction_id DESC, h.ordinal DESC LIMIT \(page.fetched)
      ) h
      LEFT JOIN system.seal s ON s.organization_id = h.organization_id AND s.transaction_id = h.transaction_id
      LEFT JOIN user_account u ON u.organization_id = h.organization_id AND u.id = h.actor_id
      LEFT JOIN device d ON d.organization_id = h.organization_id AND d.id = h.actor_id
      LEFT JOIN api_token t ON t.organization_id = h.organization_id AND t.id = h.actor_id
      ORDER BY h.at DESC, h.transaction_id DESC, h.ordinal DESC
      """
  }

  static let filters = ["actor", "from", "to", "table", "row_id", "dossier_id"]

  static func page(_ organization: UUID, _ query: QueryParameters, _ page: Page) throws -> SQL {
    try query.only("limit", "cursor", "actor", "from", "to", "table", "row_id", "dossier_id")
    let conditions: [SQL?] = [
      try query.text("actor").map { "AND h.actor = \($0)" },
      try query.instant("from").map { "AND h.at >= \($0.description)::timestamptz" },
      try query.instant("to").map { "AND h.at < \($0.description)::timestamptz" },
      try query.text("table").map { "AND h.table_name = \($0)" },
      try query.uuid("row_id").map { "AND h.row_id = \($0)" },
      try query.uuid("dossier_id").map { "AND h.dossier_id = \($0)" },
    ]
    return try select(organization, conditions.compactMap(\.self).joined(separator: " "), page)
  }

  /// Without what belongs to the field return, unless the reader may see it (IDN-11).
  static func page(_ organization: UUID, dossier: UUID, withFieldReturn: Bool, _ page: Page) throws -> SQL {
    let hidden: SQL =
      withFieldReturn
      ? "" : "AND h.table_name NOT IN ('mission_order', 'signature', 'sync_conflict', 'parked_edit')"
    return try select(organization, "AND h.dossier_id = \(dossier) \(hidden)", page)
  }

  static func dossier(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT d.id FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(id)"
  }
}
