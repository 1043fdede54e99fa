import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// All that one device should hold, and what is known of devices that do not.
struct DigestStore {
  let organization: UUID

  /// Every row of the device's scope, told from memberships and links as they are and not from what changed: what a
  /// feed forgot would show. As the device sees it: without what is withheld.
  func scope(withholding withheld: WithheldInformation) -> SQL {
    """
    WITH mission AS MATERIALIZED (
      SELECT m.dossier_id FROM system.sync_membership m
      WHERE m.organization_id = \(organization) AND m.state = 'in'
        AND m.technician_id = \(PrincipalStore.signedInAccount)
    ), held AS (
      SELECT e.type, e.id FROM mission m
      JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.dossier_id = m.dossier_id
      UNION
      SELECT s.type, s.id FROM mission m
      JOIN dossier d ON d.organization_id = \(organization) AND d.id = m.dossier_id
      \(PullStore.sharedRows)
      UNION
      SELECT 'contact', dc.contact_id FROM mission m
      JOIN dossier_contact dc ON dc.organization_id = \(organization) AND dc.dossier_id = m.dossier_id
      UNION
      SELECT 'diagnostic_type', t.id FROM diagnostic_type t WHERE t.organization_id = \(organization)
      UNION
      SELECT 'organization', o.id FROM organization o WHERE o.organization_id = \(organization)
    )
    SELECT e.type, e.id, e.version, e.born, e.field_versions, e.extra,
      \(EntityStore.fields(withholding: withheld, expectingFewRows: false)) AS fields
    FROM held h JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.type = h.type AND e.id = h.id
    WHERE NOT e.deleted AND e.type = ANY (\(EntityType.allCases.map(\.rawValue)))
    """
  }

  static func entities(_ result: QueryResult) throws -> [Entity] {
    try result.compactMap { row in
      guard let type = EntityType(rawValue: try row.get("type")) else { return nil }
      return Entity(
        key: EntityKey(type, (try row.get("id") as UUID).wire), version: try row.get("version"),
        born: try row.get("born"), fields: try shown(row),
        fieldVersions: (try PushStore.json(row, "field_versions").object ?? [:]).compactMapValues(\.integer))
    }
  }

  /// As a device shows them: what the server does not know beside what it does.
  private static func shown(_ row: Row) throws -> [String: JSONValue] {
    let fields = try PushStore.json(row, "fields").object ?? [:]
    guard let extra = try PushStore.json(row, "extra").object else { return fields }
    return fields.merging(extra) { known, _ in known }
  }

  func noteMismatch(_ device: UUID) -> SQL {
    """
    UPDATE system.device_journal SET digest_mismatches = digest_mismatches + 1, last_mismatch_at = now()
    WHERE organization_id = \(organization) AND device_id = \(device)
    """
  }
}
