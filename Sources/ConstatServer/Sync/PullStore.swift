import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// The feed of one device: what changed in its technician's missions since its cursor.
struct PullStore {
  let organization: UUID

  /// Where the device and the organization stand: one row, of the device that the credential names.
  var head: SQL {
    """
    SELECT d.id, d.revoked_at IS NOT NULL AS revoked, t.epoch, t.version, coalesce(j.last_sequence, 0) AS last_sequence,
      j.unsent_count, j.oldest_unsent_at, coalesce(j.last_seen_at < now() - interval '1 minute', true) AS unseen
    FROM device d JOIN system.tenant_sync t ON t.organization_id = d.organization_id
      LEFT JOIN system.device_journal j ON j.organization_id = d.organization_id AND j.device_id = d.id
    WHERE d.organization_id = \(organization) AND d.id = nullif(current_setting('app.device_id', true), '')::uuid
    """
  }

  /// One page of events after a position, in the order (version, type, id), and before them a row with the version
  /// that they are complete up to: all of one snapshot.
  ///
  /// What can be new is found from what changed, never from all that the device holds: rows with a later version, rows
  /// of missions joined later, and rows shared by missions (contacts, building, module) that a later link leads to.
  /// `isFar`: look among what the device can reach rather than among all that the organization changed since; the better
  /// way for a device that starts, or was away for long.
  ///
  /// A row that several missions lead to is told at the first of the versions that are due, and again at the later ones
  /// on later pages. At its last version only, it would be lost to a device whose page ends before that, if the link
  /// that has it goes meanwhile.
  ///
  /// A mission that left is told whether or not the device ever had it: the guard "only if it joined before" loses one
  /// when a page ends between leaving and joining again.
  func page(after position: Cursor.Position, limit: Int, isFar: Bool) -> SQL {
    let isEnd = position == .end(of: position.version)
    let lower = isEnd ? position.version + 1 : position.version
    let type = isEnd ? "" : position.type
    let id = isEnd ? "00000000-0000-0000-0000-000000000000" : position.id
    let changed = isFar ? changedInReach(since: lower) : changedAnywhere(since: lower)
    let end: SQL = "ORDER BY place, type COLLATE \"C\", id"
    return """
      WITH head AS MATERIALIZED (
        SELECT version, epoch FROM system.tenant_sync WHERE organization_id = \(organization)
      ), member AS MATERIALIZED (
        SELECT dossier_id, state, reason, version FROM system.sync_membership
        WHERE organization_id = \(organization) AND technician_id = nullif(current_setting('app.account_id', true), '')::uuid
      ), within AS MATERIALIZED (
        SELECT s.type, s.id FROM member m
        JOIN dossier d ON d.organization_id = \(organization) AND d.id = m.dossier_id
        \(Self.sharedRows)
        WHERE m.state = 'in' AND s.id IS NOT NULL
        UNION
        SELECT 'contact', dc.contact_id FROM member m
        JOIN dossier_contact dc ON dc.organization_id = \(organization) AND dc.dossier_id = m.dossier_id
        WHERE m.state = 'in'
      ), \(changed)
      ), reaching AS (
        SELECT m.dossier_id, m.version FROM member m WHERE m.state = 'in' AND m.version >= \(lower)
        UNION ALL
        SELECT m.dossier_id, c.version FROM member m JOIN changed c ON c.dossier_id = m.dossier_id
        WHERE m.state = 'in' AND (c.type = 'dossier_contact' OR (c.type = 'dossier' AND (c.born >= \(lower) OR EXISTS (
          SELECT 1 FROM jsonb_each(c.field_versions) f WHERE f.value::bigint >= \(lower) AND f.key = ANY (
            '{building_id,module_id,requester_id,prescriber_id,owner_id,occupant_id,buyer_id,payer_id,notary_id,managing_agent_id}')))))
      ), reached AS (
        SELECT r.version, s.type, s.id FROM reaching r
        JOIN dossier d ON d.organization_id = \(organization) AND d.id = r.dossier_id
        \(Self.sharedRows)
        WHERE s.id IS NOT NULL
        UNION ALL
        SELECT r.version, 'contact', dc.contact_id FROM reaching r
        JOIN dossier_contact dc ON dc.organization_id = \(organization) AND dc.dossier_id = r.dossier_id
      ), candidate AS (
        SELECT c.type, c.id, c.version FROM changed c JOIN member m ON m.dossier_id = c.dossier_id
        WHERE m.state = 'in'
        UNION ALL
        SELECT e.type, e.id, m.version FROM member m JOIN system.sync_entity e
          ON e.organization_id = \(organization) AND e.dossier_id = m.dossier_id AND NOT e.deleted
        WHERE m.state = 'in' AND m.version >= \(lower)
        UNION ALL
        SELECT type, id, version FROM reached
        UNION ALL
        SELECT c.type, c.id, c.version FROM changed c
        WHERE c.type = 'diagnostic_type' OR (c.type IN ('contact', 'building', 'module')
          AND (c.type, c.id) IN (SELECT w.type, w.id FROM within w))
      ), due AS (
        SELECT k.type, k.id, min(k.version) AS version FROM candidate k
        WHERE k.type = ANY (\(EntityType.allCases.map(\.rawValue)))
        GROUP BY k.type, k.id
      ), event AS (
        SELECT greatest(d.version, e.version) AS place, e.organization_id, e.type, e.id, e.version, e.born,
          e.field_versions, e.deleted, e.extra, NULL AS reason
        FROM due d JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.type = d.type AND e.id = d.id
        UNION ALL
        SELECT m.version, NULL, 'leave', m.dossier_id, m.version, NULL, NULL, false, NULL, m.reason
        FROM member m WHERE m.state = 'out' AND m.version >= \(lower)
      ), page AS (
        SELECT place, organization_id, type, id, version, born, field_versions, deleted, extra, reason FROM event
        WHERE (place, type COLLATE "C", id) > (\(lower), \(type), \(id)::uuid)
        \(end) LIMIT \(limit + 1)
      )
      SELECT version, '' AS type, NULL::uuid AS id, epoch AS event FROM head
      UNION ALL
      (SELECT e.place, e.type, e.id, CASE
        WHEN e.type = 'leave' THEN '{"op":"leave","mission":"' || e.id || '","v":' || e.place || ',"reason":"'
          || coalesce(e.reason, 'closed') || '"}'
        WHEN e.deleted THEN '{"op":"delete","type":"' || e.type || '","id":"' || e.id || '","v":' || e.version || '}'
        ELSE '{"op":"put","type":"' || e.type || '","id":"' || e.id || '","v":' || e.version || ',"born":' || e.born
          || ',"fields":' || (\(EntityStore.fields))::text || ',"fv":' || e.field_versions::text || coalesce(',"extra":' || e.extra::text, '') || '}'
        END AS event
      FROM page e \(end))
      """
  }

  /// The rows that a dossier shares with others.
  static let sharedRows: SQL = """
    CROSS JOIN LATERAL (VALUES ('building', d.building_id), ('module', d.module_id), ('contact', d.requester_id),
      ('contact', d.prescriber_id), ('contact', d.owner_id), ('contact', d.occupant_id), ('contact', d.buyer_id),
      ('contact', d.payer_id), ('contact', d.notary_id), ('contact', d.managing_agent_id)) AS s (type, id)
    """

  private func changedAnywhere(since lower: Int64) -> SQL {
    """
    changed AS MATERIALIZED (
        SELECT e.type, e.id, e.dossier_id, e.version, e.born, e.field_versions FROM system.sync_entity e
        WHERE e.organization_id = \(organization) AND e.version >= \(lower)
    """
  }

  private func changedInReach(since lower: Int64) -> SQL {
    """
    changed AS MATERIALIZED (
        SELECT e.type, e.id, e.dossier_id, e.version, e.born, e.field_versions
        FROM member m JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.dossier_id = m.dossier_id
        WHERE m.state = 'in' AND m.version < \(lower) AND e.version >= \(lower)
        UNION ALL
        SELECT e.type, e.id, e.dossier_id, e.version, e.born, e.field_versions
        FROM within w JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.type = w.type AND e.id = w.id
        WHERE e.version >= \(lower)
        UNION ALL
        SELECT e.type, e.id, e.dossier_id, e.version, e.born, e.field_versions FROM system.sync_entity e
        WHERE e.organization_id = \(organization) AND e.type = 'diagnostic_type' AND e.version >= \(lower)
    """
  }
}
