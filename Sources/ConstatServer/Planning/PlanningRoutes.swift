import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Appointments, the plannings that they make, and each person's route sheet (PLA-06…25).
struct PlanningRoutes {
  private static let write = Access.staff(.admin, .office, .sales)

  func register(in routes: inout Routes) {
    routes.get("/v1/appointments", .staff) { reading in
      let page = try Page(reading.call, filters: AppointmentStore.filters)
      return try .list(
        await reading.query(AppointmentStore.page(reading.call.organization, reading.call.query, page)),
        page: page)
    }
    routes.get("/v1/appointments/{id}", .staff) { reading in
      try .resource(await reading.query(AppointmentStore.one(reading.call.organization, reading.call.id())))
    }
    routes.post("/v1/appointments", Self.write) { writing in
      let (id, isNew) = try await BookAppointment(writing: writing).book()
      return try await Self.reply(
        writing, id, status: isNew ? .created : .ok,
        location: "/v1/appointments/\(id.uuidString.lowercased())")
    }
    routes.patch("/v1/appointments/{id}", Self.write) { writing in
      let id = try writing.call.id()
      try await BookAppointment(writing: writing).change(id)
      return try await Self.reply(writing, id)
    }
    routes.post("/v1/appointments/{id}/cancellation", Self.write) { writing in
      let id = try writing.call.id()
      try await BookAppointment(writing: writing).cancel(id)
      return try await Self.reply(writing, id)
    }
    routes.get("/v1/plannings", .staff) { try await planning($0) }
    routes.get("/v1/route-sheets/{user_id}/{date}", .staff) { try await routeSheet($0) }
  }

  private static func reply(
    _ writing: WriteCall, _ id: UUID, status: HTTPResponse.Status = .ok, location: String? = nil
  ) async throws -> Reply {
    try .resource(
      await writing.transaction.query(AppointmentStore.one(writing.organization, id)), status: status,
      location: location)
  }

  /// Each person's days with their appointments and the turnover of the day, tax included (PLA-18…20, PLA-24,
  /// AMB-29).
  private func planning(_ reading: ReadCall) async throws -> Reply {
    let query = reading.call.query
    try query.only("from", "to", "technician_id")
    let (organization, range) = (try reading.call.organization, try PlanningRange(query))
    let chosen = try Self.identifiers(query["technician_id"])
    let zone = try OrganizationClockStore.clock(
      await reading.query(OrganizationClockStore.query(organization))
    ).zone
    let results = try await reading.query([
      AppointmentStore.people(organization, chosen),
      AppointmentStore.between(
        organization, zone.start(of: range.from), zone.start(of: range.to.adding(days: 1)), chosen),
    ])
    let appointments = Dictionary(grouping: try results[1].map(Planned.init)) { $0.technician }
    let people = try results[0].map { row -> JSONValue in
      let id: UUID = try row.get("technician_id")
      let byDay = Dictionary(grouping: appointments[id] ?? []) { zone.day(of: $0.startsAt) }
      return [
        "technician_id": .string(id.uuidString.lowercased()), "name": .string(try row.get("name")),
        "initials": .string(try row.get("initials")),
        "days": .array(range.days.map { Self.shown($0, byDay[$0] ?? []) }),
      ]
    }
    return .json([
      "from": .string(range.from.description), "to": .string(range.to.description),
      "time_zone": .string(zone.identifier), "technicians": .array(people),
    ])
  }

  private struct Planned {
    let technician: UUID
    let startsAt: Instant
    let dossier: UUID?
    let amount: Money
    let shown: JSONValue

    init(row: Row) throws {
      technician = try row.get("technician_id")
      startsAt = try row.get("starts_at")
      dossier = try row.get("dossier_id")
      amount = Money(cents: try row.get("mission_amount_cents", as: Int64?.self) ?? 0)
      shown = try JSONValue(row)
    }
  }

  /// A dossier visited twice on a day counts once.
  private static func shown(_ day: Day, _ appointments: [Planned]) -> JSONValue {
    let missions = Dictionary(
      appointments.compactMap { planned in planned.dossier.map { ($0, planned.amount) } },
      uniquingKeysWith: { $1 })
    return [
      "day": .string(day.description),
      "turnover_incl_tax_cents": .integer(missions.values.reduce(.zero) { $0 + $1 }.cents),
      "appointments": .array(appointments.map(\.shown)),
    ]
  }

  /// A person's day in order, each visit with the parts of its mission order that are to be had (MIS-01).
  private func routeSheet(_ reading: ReadCall) async throws -> Reply {
    try reading.call.query.only()
    let (organization, person) = (try reading.call.organization, try reading.call.id("user_id"))
    guard let day = reading.call.parameters["date"].flatMap({ Day($0) }) else { throw Problem.notFound }
    let first = try await reading.query([
      OrganizationClockStore.query(organization), AppointmentStore.staff(organization, person),
    ])
    guard first[1].rowCount == 1 else { throw Problem.notFound }
    let zone = try OrganizationClockStore.clock(first[0]).zone
    let sheet = try await reading.query(
      AppointmentStore.routeSheet(
        organization, person, zone.start(of: day), zone.start(of: day.adding(days: 1))))
    let stops = try sheet.map { row -> JSONValue in
      var stop = try JSONValue(row).object ?? [:]
      let parts =
        row.isNull("dossier_id") ? [] : MissionOrderPart.available(try MissionPartStore.facts(row))
      stop["mission_order_parts"] = .array(parts.map { .string($0.rawValue) })
      return .object(stop)
    }
    return .json(["items": .array(stops), "next_cursor": nil])
  }

  /// Ids separated by commas, at most a hundred.
  private static func identifiers(_ text: String?) throws -> [UUID] {
    guard let text else { return [] }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let ids = parts.compactMap { UUID(uuidString: String($0)) }
    guard ids.count == parts.count, ids.count <= 100 else {
      throw QueryParameters.problem("technician_id", "malformed-parameter")
    }
    return ids
  }
}
