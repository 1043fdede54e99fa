import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Reads, past all rules and as the superuser, what the database holds and how it came to be.
struct EvidenceStore {
  let superuser: Pool
  let organization: UUID

  func evidence() async throws -> Evidence {
    var evidence = Evidence()
    for row in try await superuser.query(writes) {
      evidence.note(
        Evidence.Write(
          table: try row.get("table_name"), row: (try row.get("row_id") as UUID).wire,
          operation: try row.get("operation"), actor: try row.get("actor"), version: try row.get("version"),
          changes: try Self.json(try row.get("changes")).object ?? [:]))
    }
    for row in try await superuser.query(results) {
      let result = try Self.json(try row.get("result"))
      evidence.note(
        Evidence.Settled(
          device: (try row.get("device_id") as UUID).wire, sequence: try row.get("sequence"),
          mutation: try Self.json(try row.get("mutation")), status: result["status"]?.string ?? "",
          version: result["v"]?.integer ?? 0, error: result["error"]))
    }
    for row in try await superuser.query(journals) {
      evidence.lastSequences[(try row.get("device_id") as UUID).wire] = try row.get("last_sequence")
    }
    for row in try await superuser.query(live) {
      evidence.live.formUnion(Tokens.all(in: try row.get("text")))
    }
    for row in try await superuser.query(held) {
      evidence.held.formUnion(Tokens.all(in: try row.get("text")))
      evidence.heldCounts.add(try row.get("kind"))
    }
    for row in try await superuser.query(scope) {
      guard let type = EntityType(rawValue: try row.get("type")) else { continue }
      let key = EntityKey(type, (try row.get("id") as UUID).wire)
      evidence.scope[(try row.get("technician_id") as UUID).wire, default: []].insert(key)
    }
    return evidence
  }

  private static func json(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

  private var writes: SQL {
    """
    SELECT h.table_name, h.row_id, h.operation, h.actor, s.version, h.changes::text AS changes
    FROM system.history h
    JOIN system.seal s ON s.organization_id = h.organization_id AND s.transaction_id = h.transaction_id
    WHERE h.organization_id = \(organization)
      AND h.table_name IN ('dossier', 'contact', 'building', 'module', 'outbuilding', 'dossier_diagnostic')
    ORDER BY s.version, h.ordinal
    """
  }

  private var results: SQL {
    """
    SELECT device_id, sequence, mutation::text AS mutation, result::text AS result FROM system.device_result
    WHERE organization_id = \(organization) ORDER BY device_id, sequence
    """
  }

  private var journals: SQL {
    "SELECT device_id, last_sequence FROM system.device_journal WHERE organization_id = \(organization)"
  }

  private var live: SQL {
    """
    SELECT to_jsonb(d)::text AS text FROM dossier d WHERE d.organization_id = \(organization)
    UNION ALL
    SELECT to_jsonb(c)::text FROM contact c WHERE c.organization_id = \(organization)
    UNION ALL
    SELECT to_jsonb(o)::text FROM outbuilding o WHERE o.organization_id = \(organization)
    UNION ALL
    SELECT to_jsonb(x)::text FROM dossier_diagnostic x WHERE x.organization_id = \(organization)
    """
  }

  private var held: SQL {
    """
    SELECT state || ' conflicts' AS kind, concat(base, mine, theirs, resolution) AS text FROM sync_conflict
    WHERE organization_id = \(organization)
    UNION ALL
    SELECT 'edits ' || state, mutation::text FROM parked_edit WHERE organization_id = \(organization)
    """
  }

  /// What each technician's devices are to hold, told from memberships and links alone.
  private var scope: SQL {
    """
    WITH member AS (
      SELECT m.technician_id, m.dossier_id FROM system.sync_membership m
      WHERE m.organization_id = \(organization) AND m.state = 'in'
    ), linked AS (
      SELECT m.technician_id, s.type, s.id FROM member m
      JOIN dossier d ON d.organization_id = \(organization) AND d.id = m.dossier_id
      CROSS JOIN LATERAL (VALUES ('building', d.building_id), ('module', d.module_id), ('contact', d.requester_id),
        ('contact', d.prescriber_id), ('contact', d.owner_id), ('contact', d.occupant_id), ('contact', d.buyer_id),
        ('contact', d.payer_id), ('contact', d.notary_id), ('contact', d.managing_agent_id)) AS s (type, id)
      UNION
      SELECT m.technician_id, 'contact', c.contact_id FROM member m
      JOIN dossier_contact c ON c.organization_id = \(organization) AND c.dossier_id = m.dossier_id
    )
    SELECT m.technician_id, e.type, e.id FROM member m
    JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.dossier_id = m.dossier_id AND NOT e.deleted
    WHERE e.type = ANY (\(EntityType.allCases.map(\.rawValue)))
    UNION
    SELECT l.technician_id, l.type, l.id FROM linked l WHERE l.id IS NOT NULL
    UNION
    SELECT t.technician_id, y.type, y.id FROM (
      SELECT 'diagnostic_type' AS type, c.id FROM diagnostic_type c WHERE c.organization_id = \(organization)
      UNION ALL SELECT 'organization', o.id FROM organization o WHERE o.organization_id = \(organization)
    ) y
    CROSS JOIN (SELECT DISTINCT d.technician_id FROM device d WHERE d.organization_id = \(organization)) AS t
    """
  }

  /// Changes a row behind the server's back: without history, version or anybody being told.
  func tamper(_ breakage: Breakage, token: String?) async throws {
    let silently: SQL = "SELECT set_config('session_replication_role', 'replica', true)"
    let change: SQL
    switch breakage {
    case .deviceRow: return
    case .serverRow:
      change = """
        UPDATE dossier SET street = 'tampered' WHERE organization_id = \(organization)
          AND id = (SELECT m.dossier_id FROM system.sync_membership m WHERE m.organization_id = \(organization)
            AND m.state = 'in' ORDER BY m.dossier_id LIMIT 1)
        """
    case .lostValue:
      change = """
        UPDATE outbuilding SET lot_number = 'gone' WHERE organization_id = \(organization) AND lot_number = \(token)
        """
    case .lostResult:
      change = """
        DELETE FROM system.device_result WHERE organization_id = \(organization) AND (device_id, sequence) =
          (SELECT r.device_id, r.sequence FROM system.device_result r WHERE r.organization_id = \(organization)
          ORDER BY r.device_id, r.sequence LIMIT 1)
        """
    case .doubleCreation:
      change = """
        INSERT INTO system.history (organization_id, transaction_id, ordinal, at, actor, channel, table_name, row_id,
          dossier_id, operation, changes)
        SELECT h.organization_id, h.transaction_id, h.ordinal + 1000, h.at, h.actor, h.channel, h.table_name,
          gen_random_uuid(), h.dossier_id, h.operation, h.changes
        FROM system.history h WHERE h.organization_id = \(organization) AND h.operation = 'insert'
          AND h.table_name = 'outbuilding' AND h.changes::text LIKE \("%" + (token ?? "") + "%")
        """
    }
    _ = try await superuser.transaction { transaction, _ in
      _ = try await transaction.query(silently)
      return try await transaction.execute(change)
    }
  }
}

/// Ways to break what the oracle looks at, each of which it must find: an oracle that cannot fail proves nothing.
public enum Breakage: String, Sendable, CaseIterable {
  /// A row of one device's file is not what the server told it.
  case deviceRow = "device-row"
  /// A row of the server's changes without anybody being told.
  case serverRow = "server-row"
  /// A value that a technician typed, and that was live, is gone.
  case lostValue = "lost-value"
  /// The answer to a mutation is gone: it would be carried out again.
  case lostResult = "lost-result"
  /// One creation made two rows.
  case doubleCreation = "double-creation"
}

extension UUID {
  var wire: String { uuidString.lowercased() }
}
