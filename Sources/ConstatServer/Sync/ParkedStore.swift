import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// All SQL on parked edits: what a device wrote too late, kept whole.
struct ParkedStore {
  static let columns: SQL = """
    p.id, p.version, p.dossier_id, p.device_id, p.sequence, p.reason, p.mutation, p.state, p.settled_by, p.settled_at,
    p.created_at, p.updated_at
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM parked_edit p WHERE p.organization_id = \(organization) AND p.id = \(id)"
  }

  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "state", "dossier_id")
    let state: SQL =
      try filters.choice("state", ["parked", "applied", "dismissed"]).map { "AND p.state = \($0)" } ?? ""
    let dossier: SQL = try filters.uuid("dossier_id").map { "AND p.dossier_id = \($0)" } ?? ""
    return """
      SELECT \(columns), p.created_at::text AS _key FROM parked_edit p
      WHERE p.organization_id = \(organization) \(state) \(dossier) \(page.before("p.created_at", "p.id"))
      ORDER BY p.created_at DESC, p.id DESC LIMIT \(page.fetched)
      """
  }

  /// Hangs on the mission that it names where its technician has that mission or had it: nobody puts rows before another
  /// technician's eyes by naming a mission that was never his. The office finds the edit either way.
  static func insert(
    _ organization: UUID, id: UUID, device: UUID, sequence: Int64, dossier: UUID?, reason: ParkReason,
    mutation: JSONValue
  ) -> SQL {
    """
    INSERT INTO parked_edit (organization_id, id, dossier_id, device_id, sequence, reason, mutation, outline)
    VALUES (\(organization), \(id),
      (SELECT d.id FROM dossier d
        JOIN device v ON v.organization_id = d.organization_id AND v.id = \(device)
        JOIN system.sync_membership m ON m.organization_id = d.organization_id AND m.dossier_id = d.id
          AND m.technician_id = v.technician_id
        WHERE d.organization_id = \(organization) AND d.id = \(dossier)),
      \(device), \(sequence), \(reason.rawValue), \(JSONB(bytes: mutation.serialized())),
      \(ParkedOutline(of: mutation).map { JSONB(bytes: $0.json.serialized()) }))
    ON CONFLICT (organization_id, device_id, sequence) DO NOTHING
    """
  }

  /// The edit, locked while it is being settled, with the technician whose device made it.
  static func locked(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT p.state, p.mutation, p.device_id, d.technician_id FROM parked_edit p
    JOIN device d ON d.organization_id = p.organization_id AND d.id = p.device_id
    WHERE p.organization_id = \(organization) AND p.id = \(id) FOR UPDATE OF p
    """
  }

  static func settle(_ organization: UUID, _ id: UUID, as state: String, by actor: String) -> SQL {
    """
    UPDATE parked_edit SET state = \(state), settled_by = \(actor), settled_at = now()
    WHERE organization_id = \(organization) AND id = \(id)
    """
  }
}
