import ConstatCore
import Foundation
import Postgres

/// All SQL on lead analysers and their bookings.
struct LeadAnalyserStore {
  let transaction: Transaction
  let organization: UUID

  init(_ transaction: Transaction, _ organization: UUID) {
    self.transaction = transaction
    self.organization = organization
  }

  static let columns: SQL = "l.id, l.version, l.name, l.serial_number, l.active, l.created_at, l.updated_at"

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM lead_analyser l WHERE l.organization_id = \(organization) AND l.id = \(id)"
  }

  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "active")
    let active: SQL = try filters.bool("active").map { "AND l.active = \($0)" } ?? ""
    return """
      SELECT \(columns), l.created_at::text AS _key FROM lead_analyser l
      WHERE l.organization_id = \(organization) \(active) \(page.before("l.created_at", "l.id"))
      ORDER BY l.created_at DESC, l.id DESC LIMIT \(page.fetched)
      """
  }

  /// Who holds which analyser on which half-day, with all that a conflict tells of it (PLA-15).
  private static let bookings: SQL = """
    SELECT b.id, b.lead_analyser_id, l.name AS lead_analyser_name, b.appointment_id, a.dossier_id, b.technician_id,
      concat_ws(' ', u.first_name, u.last_name) AS technician_name, b.day, b.half_day, b.city, b.insee_code, b.hand_over,
      a.starts_at, a.ends_at, a.time_zone
    FROM lead_analyser_booking b
    JOIN lead_analyser l ON l.organization_id = b.organization_id AND l.id = b.lead_analyser_id
    JOIN appointment a ON a.organization_id = b.organization_id AND a.id = b.appointment_id
    JOIN user_account u ON u.organization_id = b.organization_id AND u.id = b.technician_id
    """

  static func bookings(_ organization: UUID, from: Day, to: Day, analyser: UUID?) -> SQL {
    let one: SQL = analyser.map { "AND b.lead_analyser_id = \($0)" } ?? ""
    return """
      \(bookings) WHERE b.organization_id = \(organization) AND b.day BETWEEN \(from) AND \(to) \(one)
      ORDER BY b.day, b.half_day DESC, a.starts_at, b.id
      """
  }

  /// Whether the analyser is there and in use; locks it, so that bookings of one analyser take their turns.
  func lock(_ analyser: UUID) async throws -> Bool {
    let active: Bool? = try await transaction.value(
      """
      SELECT l.active FROM lead_analyser l WHERE l.organization_id = \(organization) AND l.id = \(analyser)
      FOR NO KEY UPDATE
      """)
    return active ?? false
  }

  /// Whether a diagnostic of the mission needs an analyser (PLA-14, AMB-27).
  func isNeeded(by dossier: UUID) async throws -> Bool {
    try await transaction.value(
      """
      SELECT EXISTS (SELECT 1 FROM dossier_diagnostic g
        JOIN diagnostic_type t ON t.organization_id = g.organization_id AND t.code = g.diagnostic_code
        WHERE g.organization_id = \(organization) AND g.dossier_id = \(dossier) AND t.requires_lead_analyser)
      """) ?? false
  }

  func bookings(of analyser: UUID, from: Day, to: Day) async throws -> [LeadAnalyserBooking] {
    try await transaction.query(Self.bookings(organization, from: from, to: to, analyser: analyser)).map {
      row in
      LeadAnalyserBooking(
        analyserID: try row.get("lead_analyser_id", as: UUID.self).uuidString,
        slot: HalfDaySlot(day: try row.get("day"), halfDay: try row.get("half_day")),
        appointmentID: try row.get("appointment_id", as: UUID.self).uuidString,
        technicianID: try row.get("technician_id", as: UUID.self).uuidString,
        technicianName: try row.get("technician_name"), city: try row.get("city"),
        inseeCode: try row.get("insee_code"), startsAt: try row.get("starts_at"))
    }
  }

  func insert(
    _ id: UUID, analyser: UUID, appointment: UUID, technician: UUID, _ booking: LeadAnalyserBooking,
    handOver: Bool
  ) async throws {
    try await transaction.execute(
      """
      INSERT INTO lead_analyser_booking (organization_id, id, lead_analyser_id, appointment_id, technician_id, day,
        half_day, city, insee_code, hand_over, dossier_id)
      VALUES (\(organization), \(id), \(analyser), \(appointment), \(technician), \(booking.slot.day),
        \(booking.slot.halfDay.rawValue), \(booking.city), \(booking.inseeCode), \(handOver),
        (SELECT a.dossier_id FROM appointment a WHERE a.organization_id = \(organization) AND a.id = \(appointment)))
      """)
  }

  /// Gives back what an appointment holds; the analyser that it held.
  @discardableResult
  func release(_ appointment: UUID) async throws -> UUID? {
    try await transaction.value(
      """
      DELETE FROM lead_analyser_booking WHERE organization_id = \(organization) AND appointment_id = \(appointment)
      RETURNING lead_analyser_id
      """)
  }

  /// Gives back what the planned visits of a dossier hold.
  func releasePlanned(for dossier: UUID) async throws {
    try await transaction.execute(
      """
      DELETE FROM lead_analyser_booking b USING appointment a
      WHERE b.organization_id = \(organization) AND a.organization_id = b.organization_id AND a.id = b.appointment_id
        AND a.dossier_id = \(dossier) AND a.status = 'planned'
      """)
  }
}
