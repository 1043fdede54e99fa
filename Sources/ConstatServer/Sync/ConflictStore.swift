import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// All SQL on conflicts between a device and others.
struct ConflictStore {
  static let columns: SQL = """
    c.id, c.version, c.dossier_id, c.entity_type, c.entity_id, c.field, c.policy, c.base, c.mine, c.theirs, c.chosen,
    c.device_id, c.state, c.resolution, c.resolved_by, c.resolved_at, c.created_at, c.updated_at
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM sync_conflict c WHERE c.organization_id = \(organization) AND c.id = \(id)"
  }

  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "state", "dossier_id")
    let state: SQL = try filters.choice("state", ["open", "resolved"]).map { "AND c.state = \($0)" } ?? ""
    let dossier: SQL = try filters.uuid("dossier_id").map { "AND c.dossier_id = \($0)" } ?? ""
    return """
      SELECT \(columns), c.created_at::text AS _key FROM sync_conflict c
      WHERE c.organization_id = \(organization) \(state) \(dossier) \(page.before("c.created_at", "c.id"))
      ORDER BY c.created_at DESC, c.id DESC LIMIT \(page.fetched)
      """
  }

  /// Opens a conflict, or brings the open one up to date. The transaction starts again where someone has decided it
  /// meanwhile: what the device types then meets that decision.
  static func upsert(_ organization: UUID, device: UUID, _ record: ConflictRecord) -> SQL {
    """
    WITH written AS (
    INSERT INTO sync_conflict AS c (organization_id, id, dossier_id, entity_type, entity_id, field, policy, base, mine,
      theirs, chosen, device_id)
    VALUES (\(organization), \(record.id.flatMap(UUID.init(uuidString:))), \(UUID(uuidString: record.dossier)),
      \(record.key.type.rawValue), \(UUID(uuidString: record.key.id)), \(record.field), \(record.policy),
      \(JSONB(bytes: record.baseJSON.serialized())), \(JSONB(bytes: record.mineJSON.serialized())),
      \(JSONB(bytes: record.theirsJSON.serialized())), \(record.chosen.rawValue), \(device))
    ON CONFLICT (organization_id, id) DO UPDATE SET mine = EXCLUDED.mine, theirs = EXCLUDED.theirs,
      chosen = EXCLUDED.chosen WHERE c.state = 'open'
    RETURNING c.id
    ) SELECT system.expect(count(written.id) = 1) FROM written
    """
  }

  /// The conflict, locked while it is being decided.
  static func locked(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT c.state, c.dossier_id, c.entity_type, c.entity_id, c.field, c.mine, c.theirs FROM sync_conflict c
    WHERE c.organization_id = \(organization) AND c.id = \(id) FOR UPDATE
    """
  }

  /// The value that this transaction's write put out of a field; no row where it left the field as it was.
  static func displaced(_ organization: UUID, _ row: UUID, _ field: String) -> SQL {
    """
    SELECT h.changes -> \(field) -> 0 AS value FROM system.history h
    WHERE h.organization_id = \(organization) AND h.row_id = \(row) AND h.changes ? \(field)
      AND h.transaction_id = nullif(current_setting('app.transaction_id', true), '')::uuid
    ORDER BY h.ordinal LIMIT 1
    """
  }

  /// What this transaction's deletion of a row took away; no row where it deleted none.
  static func removed(_ organization: UUID, _ row: UUID) -> SQL {
    """
    SELECT (SELECT jsonb_object_agg(c.key, c.value -> 0) FROM jsonb_each(h.changes) c) AS fields FROM system.history h
    WHERE h.organization_id = \(organization) AND h.row_id = \(row) AND h.operation = 'delete'
      AND h.transaction_id = nullif(current_setting('app.transaction_id', true), '')::uuid
    """
  }

  static func resolve(_ organization: UUID, _ id: UUID, _ resolution: JSONValue, by actor: String) -> SQL {
    """
    UPDATE sync_conflict SET state = 'resolved', resolution = \(JSONB(bytes: resolution.serialized())),
      resolved_by = \(actor), resolved_at = now()
    WHERE organization_id = \(organization) AND id = \(id)
    """
  }
}
