import ConstatCore
import Foundation
import Postgres

/// The list of dossiers, home of all the staff (DOS-01). Two rows per dossier, raw columns, whatever is
/// filtered: the summary beside the dossier holds what would otherwise be joined (DOS-23).
struct DossierListStore {
  static let filters = [
    "q", "status", "nature", "technician_id", "prescriber_id", "owner_id", "building_id", "module_id", "city",
    "origin",
    "billing", "urgent", "number", "amount_cents", "appointment_on", "created_from", "created_to", "archived",
    "trashed",
  ]

  private static let columns: SQL = """
    d.id, d.version, d.number, d.internal_reference, d.nature, d.status, d.urgent, d.owner_id, s.owner_name,
    d.prescriber_id, s.prescriber_name, d.street, d.postcode, d.city, d.created_at, s.appointment_starts_at,
    s.appointment_time_zone, s.technician_id, s.technician_initials, s.report_count, s.blocked_report_count,
    s.downloaded_report_count, s.invoice_count, s.instalment_count, s.settled_instalment_count,
    s.invoice_amount_cents, d.price_incl_tax_cents AS mission_amount_cents, d.archived_at, d.trashed_at, d.updated_at
    """

  /// Urgent first (DOS-32), then newest first.
  static func page(_ organization: UUID, _ query: QueryParameters, _ page: Page) throws -> SQL {
    try query.only(["limit", "cursor"] + filters)
    return """
      SELECT \(columns)
      FROM dossier d
      JOIN system.dossier_summary s ON s.organization_id = d.organization_id AND s.dossier_id = d.id
      WHERE d.organization_id = \(organization) \(try shelf(query)) \(try property(query)) \(try people(query))
        \(try money(query)) \(try time(organization, query)) \(words(page)) \(try cut(page))
      ORDER BY d.urgent DESC, d.created_at DESC, d.id DESC LIMIT \(page.fetched)
      """
  }

  /// The columns that the list is ordered by, before the id.
  static let key = ["urgent", "created_at"]

  /// The cursor's key is the pair that the list is ordered by.
  private static func cut(_ page: Page) throws -> SQL {
    guard let after = page.after else { return "" }
    let parts = after.key.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { throw QueryParameters.problem("cursor", "malformed-cursor") }
    return """
      AND (d.urgent, d.created_at, d.id) < (\(parts[0])::boolean, \(parts[1])::timestamptz, \(after.id))
      """
  }

  /// The list proper, the archive (DOS-30) or the trash (DOS-31).
  private static func shelf(_ query: QueryParameters) throws -> SQL {
    switch (try query.bool("archived") ?? false, try query.bool("trashed") ?? false) {
    case (_, true): "AND d.trashed_at IS NOT NULL"
    case (true, false): "AND d.archived_at IS NOT NULL AND d.trashed_at IS NULL"
    case (false, false): "AND d.archived_at IS NULL AND d.trashed_at IS NULL"
    }
  }

  private static func property(_ query: QueryParameters) throws -> SQL {
    var conditions: [SQL] = []
    if let status = try query.choice("status", DossierStatus.allCases.map(\.rawValue)) {
      conditions.append("AND d.status = \(status)")
    }
    if let nature = try query.choice("nature", Dossier.Nature.allCases.map(\.rawValue)) {
      conditions.append("AND d.nature = \(nature)")
    }
    if let city = try query.text("city") {
      conditions.append("AND system.fold(d.city) = (SELECT system.fold(\(city)))")
    }
    if let origin = try query.text("origin") { conditions.append("AND d.contact_origin = \(origin)") }
    if let urgent = try query.bool("urgent") { conditions.append("AND d.urgent = \(urgent)") }
    if let number = try query.integer("number", in: 1...Int.max) {
      conditions.append("AND d.number = \(number)")
    }
    if let building = try query.uuid("building_id") { conditions.append("AND d.building_id = \(building)") }
    if let module = try query.uuid("module_id") { conditions.append("AND d.module_id = \(module)") }
    return conditions.joined(separator: " ")
  }

  private static func people(_ query: QueryParameters) throws -> SQL {
    var conditions: [SQL] = []
    if let technician = try query.uuid("technician_id") {
      conditions.append("AND s.technician_id = \(technician)")
    }
    if let prescriber = try query.uuid("prescriber_id") {
      // Without a prescriber the owner is his own (DOS-24).
      conditions.append(
        "AND (d.prescriber_id = \(prescriber) OR (d.prescriber_id IS NULL AND d.owner_id = \(prescriber)))")
    }
    if let owner = try query.uuid("owner_id") { conditions.append("AND d.owner_id = \(owner)") }
    return conditions.joined(separator: " ")
  }

  private static func money(_ query: QueryParameters) throws -> SQL {
    var conditions: [SQL] = []
    if let amount = try query.integer("amount_cents", in: 0...Int(Money.limit.cents)) {
      conditions.append("AND d.price_incl_tax_cents = \(amount)")
    }
    switch try query.choice("billing", ["none", "unsettled", "settled"]) {
    case "none": conditions.append("AND s.invoice_count = 0")
    case "unsettled":
      conditions.append(
        "AND s.invoice_count > 0 AND s.settled_instalment_count < greatest(s.instalment_count, 1)")
    case "settled":
      conditions.append("AND s.instalment_count > 0 AND s.settled_instalment_count = s.instalment_count")
    default: break
    }
    return conditions.joined(separator: " ")
  }

  /// Days are those of the organization's own clock, both ends included.
  private static func time(_ organization: UUID, _ query: QueryParameters) throws -> SQL {
    let zone: SQL = "(SELECT o.time_zone FROM organization o WHERE o.organization_id = \(organization))"
    var conditions: [SQL] = []
    if let from = try query.day("created_from") {
      conditions.append("AND d.created_at >= \(from)::timestamp AT TIME ZONE \(zone)")
    }
    if let to = try query.day("created_to") {
      conditions.append("AND d.created_at < \(to.adding(days: 1))::timestamp AT TIME ZONE \(zone)")
    }
    if let day = try query.day("appointment_on") {
      conditions.append(
        """
        AND s.appointment_starts_at >= \(day)::timestamp AT TIME ZONE \(zone)
        AND s.appointment_starts_at < \(day.adding(days: 1))::timestamp AT TIME ZONE \(zone)
        """)
    }
    return conditions.joined(separator: " ")
  }

  /// Every word of `q` is somewhere in the dossier, in the names of its owner and prescriber, or in its
  /// files' names, accents and case ignored (DOS-21, DOS-22, DOC-06).
  private static func words(_ page: Page) -> SQL {
    page.holding(id: "d.id", text: "s.dossier_text || ' ' || s.search_text")
  }

  /// How many dossiers are in each status, all eleven of them (DOS-19).
  static func counters(_ organization: UUID) -> SQL {
    """
    SELECT w.status, coalesce(n.count, 0) AS count
    FROM unnest(\(DossierStatus.allCases.map(\.rawValue))::text[]) WITH ORDINALITY AS w (status, position)
    LEFT JOIN (SELECT d.status, count(*) AS count FROM dossier d WHERE d.organization_id = \(organization)
      AND d.archived_at IS NULL AND d.trashed_at IS NULL GROUP BY d.status) n ON n.status = w.status
    ORDER BY w.position
    """
  }
}
