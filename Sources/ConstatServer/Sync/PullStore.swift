import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// The feed of one device: what changed in its technician's missions since its cursor.
struct PullStore {
  let organization: UUID

  /// Which events are asked for.
  struct Page {
    var position: Cursor.Position
    /// Look for shared rows among those that the device can reach rather than among all that the organization changed
    /// since; the better way for a device that starts, or was away for long.
    var isFar: Bool
    var withheld: WithheldInformation = .none
  }

  /// Where the device and the organization stand: one row, of the device that the credential names.
  var head: SQL {
    """
    SELECT d.id, d.revoked_at IS NOT NULL AS revoked, t.epoch, t.version, t.withheld, coalesce(j.last_sequence, 0) AS last_sequence,
      j.unsent_count, j.oldest_unsent_at, coalesce(j.last_seen_at < now() - interval '1 minute', true) AS unseen
    FROM device d JOIN system.tenant_sync t ON t.organization_id = d.organization_id
      LEFT JOIN system.device_journal j ON j.organization_id = d.organization_id AND j.device_id = d.id
    WHERE d.organization_id = \(organization) AND d.id = \(PrincipalStore.signedInDevice)
    """
  }

  /// One page of events after a position, in the order (version, type, id), and before them a row with the version
  /// that they are complete up to: all of one snapshot.
  ///
  /// What can be new is found from what changed, never from all that the device holds: rows with a later version, rows
  /// of missions joined later, and rows shared by missions (contacts, building, module) that a later link leads to.
  ///
  /// A row has its place at its own version when that is still to come, else at the version of what leads to it. One that
  /// several missions lead to is told at the first of those versions that is still to come, and again at the later ones on
  /// later pages: at the last one only, it would be lost to a device whose page ends before that, if the link that has it
  /// goes meanwhile; at the first of all, where the page before has passed that already.
  ///
  /// A mission that left is told whether or not the device ever had it: the guard "only if it joined before" loses one
  /// when a page ends between leaving and joining again. For the same reason what was ever deleted of a mission is told
  /// when it joins, except on the first page to a device that holds nothing: a page may have passed the deletion while the
  /// mission was away.
  func page(_ page: Page, limit: Int) -> SQL {
    let start = Start(page.position)
    let lower = start.version
    let fields = EntityStore.fields(withholding: page.withheld, expectingFewRows: !page.isFar)
    let end: SQL = "ORDER BY place, type COLLATE \"C\", id"
    return """
      WITH head AS MATERIALIZED (
        SELECT version, epoch FROM system.tenant_sync WHERE organization_id = \(organization)
      ), member AS MATERIALIZED (
        SELECT dossier_id, state, reason, version FROM system.sync_membership
        WHERE organization_id = \(organization) AND technician_id = \(PrincipalStore.signedInAccount)
      ), mine AS MATERIALIZED (
        \(mine(from: start))
      ), linking AS MATERIALIZED (
        SELECT m.dossier_id, m.version FROM member m WHERE m.state = 'in' AND m.version >= \(lower)
        UNION ALL
        SELECT c.dossier_id, c.version FROM mine c
        WHERE c.version >= \(lower) AND (c.type = 'dossier_contact' OR (c.type = 'dossier' AND (c.born >= \(lower)
          OR EXISTS (SELECT 1 FROM jsonb_each(c.field_versions) f WHERE f.value::bigint >= \(lower) AND f.key = ANY (
            '{building_id,module_id,requester_id,prescriber_id,owner_id,occupant_id,buyer_id,payer_id,notary_id,managing_agent_id}')))))
      ), linked AS MATERIALIZED (
        SELECT r.type, r.id, min(r.version) FILTER (WHERE \(start.isBefore("r.version", of: "r"))) AS reached FROM (
          SELECT s.type, s.id, l.version FROM member m
          JOIN dossier d ON d.organization_id = \(organization) AND d.id = m.dossier_id
          LEFT JOIN linking l ON l.dossier_id = m.dossier_id
          \(Self.sharedRows)
          WHERE m.state = 'in' AND s.id IS NOT NULL
          UNION ALL
          SELECT 'contact', dc.contact_id, l.version FROM member m
          JOIN dossier_contact dc ON dc.organization_id = \(organization) AND dc.dossier_id = m.dossier_id
          LEFT JOIN linking l ON l.dossier_id = m.dossier_id
          WHERE m.state = 'in'
        ) AS r GROUP BY r.type, r.id
      ), event AS (
        SELECT e.place, e.type, e.id, e.version, e.born, e.field_versions, e.deleted, e.extra, NULL AS reason FROM (
          SELECT \(Self.columns), e.place FROM mine e
          UNION ALL
          \(page.isFar ? sharedInReach(from: start) : sharedAmongChanged(from: start))
        ) AS e WHERE e.type IN (\(Self.types))
        UNION ALL
        SELECT m.version, 'leave', m.dossier_id, m.version, NULL, NULL, false, NULL, m.reason
        FROM member m WHERE m.state = 'out' AND m.version >= \(lower)
      ), page AS (
        SELECT place, \(organization) AS organization_id, type, id, version, born, field_versions, deleted, extra, reason
        FROM event e WHERE \(start.isBefore("e.place", of: "e"))
        \(end) LIMIT \(limit + 1)
      )
      SELECT version, epoch AS event FROM head
      UNION ALL
      (SELECT e.place, CASE
        WHEN e.type = 'leave' THEN '{"op":"leave","mission":"' || e.id || '","v":' || e.place || ',"reason":"'
          || coalesce(e.reason, 'closed') || '"}'
        WHEN e.deleted THEN '{"op":"delete","type":"' || e.type || '","id":"' || e.id || '","v":' || e.version || '}'
        ELSE '{"op":"put","type":"' || e.type || '","id":"' || e.id || '","v":' || e.version || ',"born":' || e.born
          || ',"fields":' || (\(fields))::text || ',"fv":' || e.field_versions::text
          || coalesce(',"extra":' || e.extra::text, '') || '}'
        END AS event
      FROM page e \(end))
      """
  }

  /// Where an event of a page has its place. Type and id are read off its text, which begins as `page` writes it; of a
  /// whole page only the last event's are asked for.
  static func place(of event: Row) throws -> Cursor.Position {
    let text: String = try event.get("event")
    let words = text.split(separator: "\"", maxSplits: 12, omittingEmptySubsequences: false)
    guard words.count == 13 else { throw UnreadableEvent() }
    let (type, id) = words[3] == "leave" ? ("leave", words[7]) : (words[7], words[11])
    return .init(version: try event.get("version"), type: String(type), id: String(id))
  }

  private struct UnreadableEvent: Error {}

  /// The rows that a dossier shares with others.
  static let sharedRows: SQL = """
    CROSS JOIN LATERAL (VALUES ('building', d.building_id), ('module', d.module_id), ('contact', d.requester_id),
      ('contact', d.prescriber_id), ('contact', d.owner_id), ('contact', d.occupant_id), ('contact', d.buyer_id),
      ('contact', d.payer_id), ('contact', d.notary_id), ('contact', d.managing_agent_id)) AS s (type, id)
    """

  private static let types = names(EntityType.allCases)

  /// The types whose rows every device has.
  static let everybodys = names(EntityRule.table.filter { $0.scope == .organization }.map(\.type))

  private static func names(_ types: [EntityType]) -> SQL {
    .script(trusted: types.map { "'\($0.rawValue)'" }.joined(separator: ", "))
  }

  /// What the organization keeps from its devices, of a row with its column `withheld`.
  static func withheld(_ row: Row) throws -> WithheldInformation {
    let names: [String] = try row.get("withheld")
    return names.isEmpty
      ? .none : WithheldInformation(Set(names.compactMap(Organization.Information.init(rawValue:))))
  }

  private static let columns: SQL =
    "e.type, e.id, e.dossier_id, e.version, e.born, e.field_versions, e.deleted, e.extra"

  /// Where a page starts: after this place.
  private struct Start {
    let version: Int64
    let type: String
    let id: String

    init(_ position: Cursor.Position) {
      let isEnd = position == .end(of: position.version)
      version = isEnd ? position.version + 1 : position.version
      type = isEnd ? "" : position.type
      id = isEnd ? "00000000-0000-0000-0000-000000000000" : position.id
    }

    /// Whether a row told at that version is still to come.
    func isBefore(_ place: SQL, of row: SQL) -> SQL {
      "(\(place), \(row).type COLLATE \"C\", \(row).id) > (\(version), \(type), \(id)::uuid)"
    }
  }

  /// The rows of the device's missions that changed, whatever else the organization changed meanwhile, and all rows of
  /// those joined since. The upper bound excludes nothing: a plan for any parameters takes a range with two ends for a
  /// narrow one, as it is here, and one end for a third of all.
  private func mine(from start: Start) -> SQL {
    """
    SELECT \(Self.columns), e.version AS place FROM member m
        JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.dossier_id = m.dossier_id
          AND e.version BETWEEN \(start.version) AND \(Int64.max)
        WHERE m.state = 'in' AND (NOT e.deleted OR \(start.version) > 0)
        UNION ALL
        SELECT \(Self.columns), m.version FROM member m
        JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.dossier_id = m.dossier_id
        WHERE m.state = 'in' AND m.version >= \(start.version) AND NOT \(start.isBefore("e.version", of: "e"))
          AND (NOT e.deleted OR \(start.version) > 0)
    """
  }

  /// Shared rows that changed or that a new link leads to. The links are followed only where something asks for them.
  private func sharedAmongChanged(from start: Start) -> SQL {
    """
    SELECT \(Self.columns), e.version FROM system.sync_entity e
          WHERE e.organization_id = \(organization) AND e.dossier_id IS NULL
            AND e.version BETWEEN \(start.version) AND \(Int64.max) AND (e.type IN (\(Self.everybodys))
              OR (e.type IN ('contact', 'building', 'module') AND (e.type, e.id) IN (SELECT k.type, k.id FROM linked k)))
          UNION ALL
          SELECT \(Self.columns), k.reached FROM linked k
          JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.type = k.type AND e.id = k.id
          WHERE EXISTS (SELECT FROM linking) AND k.reached IS NOT NULL
            AND NOT \(start.isBefore("e.version", of: "e"))
    """
  }

  private func sharedInReach(from start: Start) -> SQL {
    """
    SELECT \(Self.columns), CASE WHEN \(start.isBefore("e.version", of: "e")) THEN e.version ELSE k.reached END
          FROM linked k
          JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.type = k.type AND e.id = k.id
          WHERE \(start.isBefore("e.version", of: "e")) OR k.reached IS NOT NULL
          UNION ALL
          SELECT \(Self.columns), e.version FROM system.sync_entity e
          WHERE e.organization_id = \(organization) AND e.type IN (\(Self.everybodys)) AND e.version >= \(start.version)
    """
  }
}
