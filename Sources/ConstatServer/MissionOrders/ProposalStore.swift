import ConstatCore
import Foundation
import Postgres

/// All SQL on what the office proposes to change of a signed mission order.
struct ProposalStore {
  static let columns: SQL = """
    p.id, p.version, p.dossier_id, p.entity_type, p.entity_id, p.field, p.signed_value, p.proposed_value, p.proposed_by,
    p.state, p.decided_by, p.decided_at, p.created_at, p.updated_at
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM field_proposal p WHERE p.organization_id = \(organization) AND p.id = \(id)"
  }

  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "state", "dossier_id")
    let state: SQL =
      try filters.choice("state", FieldProposal.State.allCases.map(\.rawValue)).map { "AND p.state = \($0)" }
      ?? ""
    let dossier: SQL = try filters.uuid("dossier_id").map { "AND p.dossier_id = \($0)" } ?? ""
    return """
      SELECT \(columns), p.created_at::text AS _key FROM field_proposal p
      WHERE p.organization_id = \(organization) \(state) \(dossier) \(page.before("p.created_at", "p.id"))
      ORDER BY p.created_at DESC, p.id DESC LIMIT \(page.fetched)
      """
  }

  /// Open proposals for one row, as a column of the query that shows it; `row` is its id.
  static func openCount(_ type: SQL, _ row: SQL, of organization: SQL) -> SQL {
    """
    (SELECT count(*) FROM field_proposal p WHERE p.organization_id = \(organization) AND p.entity_type = '\(type)'
      AND p.entity_id = \(row) AND p.state = 'open')
    """
  }

  /// Whether a row is of what both parties have signed: its dossier's order is, and the row was there by then. That is the
  /// second result. The dossier is locked against a signature that comes meanwhile, and read once it is.
  static func signed(_ organization: UUID, dossier: UUID, _ table: String, _ row: UUID) -> [SQL] {
    [
      "SELECT d.id FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(dossier) FOR NO KEY UPDATE",
      """
      SELECT EXISTS (SELECT FROM mission_order m
        JOIN system.sync_entity o ON o.organization_id = m.organization_id AND o.type = 'mission_order' AND o.id = m.id
        JOIN system.sync_entity r ON r.organization_id = m.organization_id AND r.type = \(table) AND r.id = \(row)
        WHERE m.organization_id = \(organization) AND m.dossier_id = \(dossier) AND m.finalised_at IS NOT NULL
          AND r.born <= coalesce((o.field_versions ->> 'finalised_at')::bigint, o.born)) AS is_signed
      """,
    ]
  }

  /// The dossier of a row that the office changes.
  static func dossier(_ organization: UUID, ofOutbuilding id: UUID) -> SQL {
    "SELECT b.dossier_id FROM outbuilding b WHERE b.organization_id = \(organization) AND b.id = \(id)"
  }

  static func dossier(_ organization: UUID, ofDiagnostic id: UUID) -> SQL {
    "SELECT g.dossier_id FROM dossier_diagnostic g WHERE g.organization_id = \(organization) AND g.id = \(id)"
  }

  /// The columns of which the row does not hold these values, with what it holds.
  static func differing(_ table: String, _ id: UUID, from values: [String: JSONValue]) -> SQL {
    """
    SELECT f.field, f.held, f.given FROM system.differing_columns(\(table), \(id),
      \(JSONB(bytes: JSONValue.object(values).serialized()))) AS f ORDER BY f.field
    """
  }

  /// Takes back the open proposals for these fields of a row: others take their place, or what is signed stands.
  static func withdraw(_ organization: UUID, _ table: String, _ id: UUID, fields: [String], by actor: String)
    -> SQL
  {
    """
    UPDATE field_proposal SET state = 'withdrawn', decided_by = \(actor), decided_at = now()
    WHERE organization_id = \(organization) AND entity_type = \(table) AND entity_id = \(id)
      AND field = ANY (\(fields)) AND state = 'open'
    """
  }

  /// The same of all that is open for a row that is gone.
  static func withdraw(_ organization: UUID, _ table: String, _ id: UUID, by actor: String) -> SQL {
    """
    UPDATE field_proposal SET state = 'withdrawn', decided_by = \(actor), decided_at = now()
    WHERE organization_id = \(organization) AND entity_type = \(table) AND entity_id = \(id) AND state = 'open'
    """
  }

  /// One more proposal, unless one is open for the field.
  static func insert(
    _ organization: UUID, id: UUID, dossier: UUID, _ table: String, _ row: UUID, field: String,
    held: JSONValue,
    proposed: JSONValue, by actor: String
  ) -> SQL {
    """
    INSERT INTO field_proposal (organization_id, id, dossier_id, entity_type, entity_id, field, signed_value,
      proposed_value, proposed_by)
    VALUES (\(organization), \(id), \(dossier), \(table), \(row), \(field), \(JSONB(bytes: held.serialized())),
      \(JSONB(bytes: proposed.serialized())), \(actor))
    ON CONFLICT (organization_id, entity_type, entity_id, field) WHERE state = 'open' DO NOTHING
    """
  }

  /// What is proposed, locked while it is decided.
  static func locked(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT p.state, p.dossier_id, p.entity_type, p.entity_id, p.field, p.signed_value, p.proposed_value
    FROM field_proposal p
    WHERE p.organization_id = \(organization) AND p.id = \(id) FOR UPDATE
    """
  }

  static func decide(_ organization: UUID, _ id: UUID, as state: FieldProposal.State, by actor: String) -> SQL
  {
    """
    UPDATE field_proposal SET state = \(state.rawValue), decided_by = \(actor), decided_at = now()
    WHERE organization_id = \(organization) AND id = \(id)
    """
  }
}
