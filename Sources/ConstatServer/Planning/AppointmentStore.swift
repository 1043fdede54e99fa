import ConstatCore
import Foundation
import Postgres

/// All SQL on appointments.
struct AppointmentStore {
  let transaction: Transaction
  let organization: UUID

  init(_ transaction: Transaction, _ organization: UUID) {
    self.transaction = transaction
    self.organization = organization
  }

  /// An appointment with what people ask of it: the local time, the dossier's number and town, who, and the
  /// analyser.
  private static let columns: SQL = """
    a.id, a.version, a.kind, a.dossier_id, d.number AS dossier_number, a.contact_id, a.technician_id,
    concat_ws(' ', u.first_name, u.last_name) AS technician_name, a.starts_at, a.ends_at, a.time_zone,
    to_char(a.starts_at AT TIME ZONE a.time_zone, 'YYYY-MM-DD"T"HH24:MI') AS starts_at_local,
    (extract(epoch FROM a.ends_at - a.starts_at) / 60)::integer AS duration_minutes, a.status, a.comment,
    b.lead_analyser_id, b.lead_analyser_name, coalesce(b.hand_over, false) AS hand_over,
    d.city, a.created_at, a.updated_at
    """

  private static let sources: SQL = """
    FROM appointment a
    JOIN user_account u ON u.organization_id = a.organization_id AND u.id = a.technician_id
    LEFT JOIN dossier d ON d.organization_id = a.organization_id AND d.id = a.dossier_id
    LEFT JOIN LATERAL (
      SELECT x.lead_analyser_id, l.name AS lead_analyser_name, x.hand_over FROM lead_analyser_booking x
      JOIN lead_analyser l ON l.organization_id = x.organization_id AND l.id = x.lead_analyser_id
      WHERE x.organization_id = a.organization_id AND x.appointment_id = a.id ORDER BY x.day, x.half_day DESC LIMIT 1
    ) b ON true
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) \(sources) WHERE a.organization_id = \(organization) AND a.id = \(id)"
  }

  static let filters = ["technician_id", "dossier_id", "contact_id", "status", "kind"]

  /// The latest first.
  static func page(_ organization: UUID, _ query: QueryParameters, _ page: Page) throws -> SQL {
    try query.only(["limit", "cursor"] + filters)
    var conditions: [SQL] = []
    if let technician = try query.uuid("technician_id") {
      conditions.append("AND a.technician_id = \(technician)")
    }
    if let dossier = try query.uuid("dossier_id") { conditions.append("AND a.dossier_id = \(dossier)") }
    if let contact = try query.uuid("contact_id") { conditions.append("AND a.contact_id = \(contact)") }
    if let status = try query.choice("status", Appointment.Status.allCases.map(\.rawValue)) {
      conditions.append("AND a.status = \(status)")
    }
    if let kind = try query.choice("kind", Appointment.Kind.allCases.map(\.rawValue)) {
      conditions.append("AND a.kind = \(kind)")
    }
    return """
      SELECT \(columns), a.starts_at::text AS _key \(sources)
      WHERE a.organization_id = \(organization) \(conditions.joined(separator: " "))
      \(page.before("a.starts_at", "a.id"))
      ORDER BY a.starts_at DESC, a.id DESC LIMIT \(page.fetched)
      """
  }

  /// The people of a planning: the chosen ones, or all who visit.
  static func people(_ organization: UUID, _ chosen: [UUID]) -> SQL {
    let which: SQL =
      chosen.isEmpty
      ? "AND u.disabled_at IS NULL AND u.profiles && '{technician}'::text[]" : "AND u.id = ANY (\(chosen))"
    return """
      SELECT u.id AS technician_id, concat_ws(' ', u.first_name, u.last_name) AS name,
        upper(concat(left(u.first_name, 1), left(u.last_name, 1))) AS initials
      FROM user_account u WHERE u.organization_id = \(organization) AND u.kind = 'staff' \(which)
      ORDER BY u.last_name, u.first_name, u.id
      """
  }

  /// What takes place between two instants, in order; `mission_amount_cents` feeds the day's turnover
  /// (PLA-20).
  static func between(_ organization: UUID, _ start: Instant, _ end: Instant, _ chosen: [UUID]) -> SQL {
    let which: SQL = chosen.isEmpty ? "" : "AND a.technician_id = ANY (\(chosen))"
    return """
      SELECT \(columns), d.price_incl_tax_cents AS mission_amount_cents \(sources)
      WHERE a.organization_id = \(organization) AND a.starts_at >= \(start) AND a.starts_at < \(end)
        AND a.status <> 'cancelled' \(which)
      ORDER BY a.starts_at, a.id
      """
  }

  /// A person's day with all that he needs on the road (PLA-23, PLA-32).
  static func routeSheet(_ organization: UUID, _ person: UUID, _ start: Instant, _ end: Instant) -> SQL {
    """
    SELECT \(columns), d.internal_reference, d.status AS dossier_status, d.urgent, d.nature, d.property_type, d.street,
      d.address_complement, d.postcode, d.floor, d.door, d.staircase, d.building_label, d.key_pickup, d.escort,
      d.access_comment, d.latitude, d.longitude, d.on_site_payment_agreed, d.on_site_payment_means,
      d.price_incl_tax_cents,
      system.displayed_name(o.company_name, o.last_name, o.first_name) AS owner_name,
      system.displayed_name(p.company_name, p.last_name, p.first_name) AS occupant_name,
      coalesce(p.mobile, p.phone, o.mobile, o.phone) AS phone,
      ARRAY(SELECT g.diagnostic_code FROM dossier_diagnostic g
        JOIN diagnostic_type t ON t.organization_id = g.organization_id AND t.code = g.diagnostic_code
        WHERE g.organization_id = d.organization_id AND g.dossier_id = d.id ORDER BY t.position) AS diagnostic_codes,
      \(MissionPartStore.factColumns)
    \(sources)
    LEFT JOIN mission_order m ON m.organization_id = d.organization_id AND m.dossier_id = d.id
    LEFT JOIN contact o ON o.organization_id = d.organization_id AND o.id = d.owner_id
    LEFT JOIN contact p ON p.organization_id = d.organization_id AND p.id = d.occupant_id
    WHERE a.organization_id = \(organization) AND a.technician_id = \(person) AND a.starts_at >= \(start)
      AND a.starts_at < \(end) AND a.status <> 'cancelled'
    ORDER BY a.starts_at, a.id
    """
  }

  static func staff(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT u.id FROM user_account u WHERE u.organization_id = \(organization) AND u.id = \(id) AND u.kind = 'staff'
    """
  }

  /// An appointment as it stands, locked.
  struct Current: RowDecodable {
    let kind: Appointment.Kind
    let dossier: UUID?
    let technician: UUID
    let time: AppointmentTime
    let status: Appointment.Status
    let analyser: UUID?

    init(row: Row) throws {
      kind = Appointment.Kind(rawValue: try row.get("kind")) ?? .mission
      dossier = try row.get("dossier_id")
      technician = try row.get("technician_id")
      time = try AppointmentTime(
        startsAt: row.get("starts_at"), endsAt: row.get("ends_at"),
        zone: (try? Zone(row.get("time_zone"))) ?? .paris)
      status = Appointment.Status(rawValue: try row.get("status")) ?? .planned
      analyser = try row.get("lead_analyser_id")
    }
  }

  /// Locks it first: whoever waits for the row sees beside it what was booked before.
  func current(_ id: UUID) async throws -> Current? {
    let results = try await transaction.pipeline([
      "SELECT a.id FROM appointment a WHERE a.organization_id = \(organization) AND a.id = \(id) FOR NO KEY UPDATE",
      """
      SELECT a.kind, a.dossier_id, a.technician_id, a.starts_at, a.ends_at, a.time_zone, a.status,
        (SELECT b.lead_analyser_id FROM lead_analyser_booking b WHERE b.organization_id = a.organization_id
          AND b.appointment_id = a.id LIMIT 1) AS lead_analyser_id
      FROM appointment a WHERE a.organization_id = \(organization) AND a.id = \(id)
      """,
    ])
    return try results[1].first(Current.self)
  }

  /// A member of staff who may be booked: his name and profiles; locks the account, so that the bookings of
  /// one person take their turns.
  func lockPerson(_ id: UUID) async throws -> (name: String, profiles: [String])? {
    let result = try await transaction.query(
      """
      SELECT concat_ws(' ', u.first_name, u.last_name) AS name, u.profiles FROM user_account u
      WHERE u.organization_id = \(organization) AND u.id = \(id) AND u.kind = 'staff' AND u.disabled_at IS NULL
      FOR NO KEY UPDATE
      """)
    return try result.first.map { (try $0.get("name"), try $0.get("profiles")) }
  }

  /// What a person already has at that time; the first of it.
  func busy(_ person: UUID, _ time: AppointmentTime, except id: UUID) async throws -> JSONValue? {
    let result = try await transaction.query(
      """
      SELECT a.id AS appointment_id, a.starts_at, a.ends_at, d.city FROM appointment a
      LEFT JOIN dossier d ON d.organization_id = a.organization_id AND d.id = a.dossier_id
      WHERE a.organization_id = \(organization) AND a.technician_id = \(person) AND a.id <> \(id)
        AND a.status <> 'cancelled' AND a.starts_at < \(time.endsAt) AND a.ends_at > \(time.startsAt)
        AND a.starts_at > \(time.startsAt)::timestamptz - interval '1 day'
      ORDER BY a.starts_at LIMIT 1
      """)
    return try result.first.map { try JSONValue($0) }
  }

  /// Whether the dossier still has a planned visit besides this one.
  func hasOtherVisit(_ dossier: UUID, than id: UUID) async throws -> Bool {
    try await transaction.value(
      """
      SELECT EXISTS (SELECT 1 FROM appointment a WHERE a.organization_id = \(organization)
        AND a.dossier_id = \(dossier) AND a.id <> \(id) AND a.kind = 'mission' AND a.status <> 'cancelled')
      """) ?? false
  }

  /// Cancels what is still planned for a dossier.
  func cancelPlanned(for dossier: UUID) async throws {
    try await transaction.execute(
      """
      UPDATE appointment SET status = 'cancelled'
      WHERE organization_id = \(organization) AND dossier_id = \(dossier) AND status = 'planned'
      """)
  }
}
