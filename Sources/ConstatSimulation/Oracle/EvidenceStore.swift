import ConstatCore
import ConstatSync
import Crypto
import Foundation
import LocalPostgres
import Postgres

/// Reads, past all rules and as the superuser, what the database holds and how it came to be; and what lies in the storage
/// of files.
struct EvidenceStore {
  let superuser: Pool
  let organization: UUID
  /// The folder of the storage.
  let blobs: String

  func evidence() async throws -> Evidence {
    var evidence = Evidence()
    for row in try await superuser.query(writes) {
      evidence.note(
        Evidence.Write(
          table: try row.get("table_name"), row: (try row.get("row_id") as UUID).wire,
          dossier: try row.get("dossier_id", as: UUID?.self)?.wire,
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
      let device = (try row.get("device_id") as UUID).wire
      evidence.lastSequences[device] = try row.get("last_sequence")
      evidence.technicians[device] = (try row.get("technician_id") as UUID).wire
    }
    for row in try await superuser.query(live) {
      evidence.live.formUnion(Tokens.all(in: try row.get("text")))
    }
    for row in try await superuser.query(held) {
      let tokens = Tokens.all(in: try row.get("text"))
      if try row.get("is_conflict") {
        evidence.contested.formUnion(tokens)
      } else {
        evidence.waiting.formUnion(tokens)
      }
      evidence.heldCounts.add(try row.get("kind"))
    }
    for row in try await superuser.query(scope) {
      guard let type = EntityType(rawValue: try row.get("type")) else { continue }
      let key = EntityKey(type, (try row.get("id") as UUID).wire)
      evidence.scope[(try row.get("technician_id") as UUID).wire, default: []].insert(key)
    }
    for row in try await superuser.query(proposals) {
      let tokens = Tokens.all(in: try row.get("text"))
      evidence.proposed.formUnion(tokens)
      if try row.get("is_accepted") { evidence.accepted.formUnion(tokens) }
      if let gone: UUID = try row.get("given_up") { evidence.givenUp.insert(gone.wire) }
      evidence.proposals[(try row.get("id") as UUID).wire] = .init(
        table: try row.get("entity_type"), row: (try row.get("entity_id") as UUID).wire,
        field: try row.get("field"))
    }
    evidence.books = try await BooksStore(superuser: superuser, organization: organization).books()
    evidence.files = try await files()
    return evidence
  }

  private func files() async throws -> Files {
    var files = Files()
    for row in try await superuser.query(attachments) {
      files.attachments.append(
        Files.Attachment(
          row: (try row.get("id") as UUID).wire, caption: try row.get("caption"),
          sha256: try row.get("sha256"),
          isStored: try row.get("is_stored")))
    }
    files.forgedSignatures = try await superuser.query(forgedSignatures).map { try $0.get("signer_name") }
    // Not what a killed process left of a file that it was writing: such drafts go after a day.
    let root = URL(filePath: blobs).appending(path: "blobs")
    files.stored = try await inBackground {
      var stored: [String: Int] = [:]
      let all = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey])
      while let file = all?.nextObject() as? URL {
        guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
        stored[SHA256.hash(data: try Data(contentsOf: file)).hexadecimal, default: 0] += 1
      }
      return stored
    }
    return files
  }

  private static func json(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

  private var writes: SQL {
    """
    SELECT h.table_name, h.row_id, h.dossier_id, h.operation, h.actor, s.version, h.changes::text AS changes
    FROM system.history h
    JOIN system.seal s ON s.organization_id = h.organization_id AND s.transaction_id = h.transaction_id
    WHERE h.organization_id = \(organization)
      AND h.table_name IN ('dossier', 'contact', 'building', 'module', 'outbuilding', 'dossier_diagnostic', 'payment',
        'mission_order', 'signature', 'attachment', 'organization')
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
    """
    SELECT j.device_id, j.last_sequence, d.technician_id FROM system.device_journal j
    JOIN device d ON d.organization_id = j.organization_id AND d.id = j.device_id
    WHERE j.organization_id = \(organization)
    """
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
    UNION ALL
    SELECT p.reference FROM payment p WHERE p.organization_id = \(organization) AND p.reference IS NOT NULL
    UNION ALL
    SELECT s.signer_name FROM signature s WHERE s.organization_id = \(organization)
    UNION ALL
    SELECT a.caption FROM attachment a WHERE a.organization_id = \(organization) AND a.caption IS NOT NULL
    """
  }

  private var held: SQL {
    """
    SELECT true AS is_conflict, state || ' conflicts' AS kind, concat(base, mine, theirs, resolution) AS text
    FROM sync_conflict WHERE organization_id = \(organization)
    UNION ALL
    SELECT false, 'edits ' || state, mutation::text FROM parked_edit WHERE organization_id = \(organization)
    UNION ALL
    SELECT false, 'proposals ' || state, proposed_value::text FROM field_proposal
    WHERE organization_id = \(organization)
    """
  }

  private var proposals: SQL {
    """
    SELECT id, entity_type, entity_id, field, proposed_value::text AS text, state = 'accepted' AS is_accepted,
      CASE WHEN field = \(FieldProposal.deletion) AND state = 'accepted' THEN entity_id END AS given_up
    FROM field_proposal
    WHERE organization_id = \(organization)
    """
  }

  private var attachments: SQL {
    """
    SELECT id, encode(sha256, 'hex') AS sha256, coalesce(caption, '') AS caption, state = 'stored' AS is_stored
    FROM attachment
    WHERE organization_id = \(organization)
    """
  }

  private var forgedSignatures: SQL {
    """
    SELECT s.signer_name FROM signature s
    LEFT JOIN system.blob b ON b.organization_id = s.organization_id AND b.sha256 = s.image_sha256
    WHERE s.organization_id = \(organization) AND sha256(b.bytes) IS DISTINCT FROM s.image_sha256
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
}

extension UUID {
  var wire: String { uuidString.lowercased() }
}
