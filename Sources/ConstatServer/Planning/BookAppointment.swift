import ConstatCore
import Foundation
import Postgres

/// Books, moves and cancels appointments (PLA-06, PLA-13, PLA-17, PLA-21), with what follows for the
/// dossier's status and the lead analyser.
struct BookAppointment {
  let writing: WriteCall

  /// What a body may say: a local time, or an instant. `allow_overlap` books a person twice on purpose.
  static let fields =
    Appointment.fields.without("starts_at_local", "status")
    + FieldSet([
      .defaulted("starts_at_local", .localTime), .defaulted("starts_at", .instant),
      .defaulted("allow_overlap", .boolean),
    ])

  /// The appointment's id, and whether it is new.
  func book() async throws -> (id: UUID, isNew: Bool) {
    let body = try writing.call.fields(Self.fields, as: .creation)
    let id = OpenDossier.uuid(body["id"]) ?? writing.call.clock.newID()
    let clock = try OrganizationClockStore.clock(
      await writing.transaction.query(OrganizationClockStore.query(writing.organization)))
    let kind = body["kind"]?.string.flatMap(Appointment.Kind.init(rawValue:)) ?? .mission
    let dossier = try await dossier(OpenDossier.uuid(body["dossier_id"]), kind: kind)
    let minutes = dossier?.columns["estimated_minutes"]?.integer.flatMap { $0 > 0 ? Int(clamping: $0) : nil }
    guard
      let time = try time(
        body, zone: clock.zone, current: nil, minutes: minutes ?? Appointment.defaultMinutes)
    else {
      throw Problem.field("/starts_at_local", "required", "l'heure du rendez-vous est attendue")
    }
    let values = body.filter {
      ["kind", "dossier_id", "contact_id", "technician_id", "comment"].contains($0.key)
    }
    .merging(time.columns) { $1 }
    let rows = RowStore(transaction: writing.transaction)
    if body["id"] != nil, try await rows.exists("appointment", id: id) {
      guard try await rows.matches("appointment", id: id, values) else { throw Problem.idTaken }
      return (id, false)
    }
    let person = try await person(OpenDossier.uuid(body["technician_id"]), kind: kind)
    try await checkFree(person.id, time, except: id, body)
    guard try await rows.insert("appointment", organization: writing.organization, id: id, values) else {
      throw Problem.idTaken
    }
    if let analyser = OpenDossier.uuid(body["lead_analyser_id"]) {
      try await hold(analyser, id, person, dossier, time, body, clock)
    }
    if let dossier, kind == .mission { try await move(dossier, by: .appointmentBooked) }
    return (id, true)
  }

  /// Another time, another person, another analyser. A new time without duration is 60 minutes long (AMB-28).
  func change(_ id: UUID) async throws {
    let expected = try writing.call.ifMatch()
    let body = try writing.call.fields(Self.fields, as: .patch)
    let store = AppointmentStore(writing.transaction, writing.organization)
    guard let before = try await store.current(id) else { throw Problem.notFound }
    guard before.status != .cancelled else {
      throw Problem.conflict("appointment-cancelled", "Ce rendez-vous est annulé")
    }
    let clock = try OrganizationClockStore.clock(
      await writing.transaction.query(OrganizationClockStore.query(writing.organization)))
    let dossier = try await dossier(before.dossier, kind: before.kind)
    let time = try time(
      body, zone: before.time.zone, current: before.time, minutes: Appointment.defaultMinutes)
    let values = body.filter { ["contact_id", "technician_id", "comment"].contains($0.key) }
      .merging(time?.columns ?? [:]) { $1 }
    let person = try await person(
      OpenDossier.uuid(body["technician_id"]) ?? before.technician, kind: before.kind)
    let isMoved = time != nil || person.id != before.technician
    if isMoved { try await checkFree(person.id, time ?? before.time, except: id, body) }
    try await RowStore(transaction: writing.transaction).update(
      "appointment", id: id, expected: expected, values)
    let analyser =
      body["lead_analyser_id"] == nil ? before.analyser : OpenDossier.uuid(body["lead_analyser_id"])
    if isMoved || body["lead_analyser_id"] != nil {
      if let analyser {
        try await hold(analyser, id, person, dossier, time ?? before.time, body, clock)
      } else if before.analyser != nil {
        try await LeadAnalyserStore(writing.transaction, writing.organization).release(id)
      }
    }
    if isMoved, let dossier, before.kind == .mission, before.status == .planned {
      try await move(dossier, by: .appointmentBooked)
    }
  }

  /// The analyser is free again, and the dossier is to schedule if this was its visit. Cancelling twice is
  /// cancelling once.
  func cancel(_ id: UUID) async throws {
    let store = AppointmentStore(writing.transaction, writing.organization)
    guard let before = try await store.current(id) else { throw Problem.notFound }
    guard before.status != .cancelled else { return }
    try await RowStore(transaction: writing.transaction).update(
      "appointment", id: id, expected: nil, ["status": .string(Appointment.Status.cancelled.rawValue)])
    try await LeadAnalyserStore(writing.transaction, writing.organization).release(id)
    guard let dossier = before.dossier, before.kind == .mission,
      try await !store.hasOtherVisit(dossier, than: id),
      let columns = try await DossierStore(writing.transaction, writing.organization).current(dossier)
    else { return }
    try await move(Visited(id: dossier, columns: columns), by: .appointmentsCancelled)
  }

  /// The dossier that is visited, as it stands.
  private struct Visited {
    let id: UUID
    let columns: [String: JSONValue]
  }

  private struct Person {
    let id: UUID
    let name: String
  }

  private func dossier(_ id: UUID?, kind: Appointment.Kind) async throws -> Visited? {
    guard let id else {
      if kind == .mission {
        throw Problem.field("/dossier_id", "required", "une mission est celle d'un dossier")
      }
      return nil
    }
    guard let columns = try await DossierStore(writing.transaction, writing.organization).current(id) else {
      throw Problem.field("/dossier_id", "not-found", "ce dossier n'existe pas")
    }
    let isCancelled = columns["status"]?.string == DossierStatus.cancelled.rawValue
    if isCancelled || !(columns["trashed_at"]?.isNull ?? true) {
      throw Problem.conflict("dossier-closed", "Ce dossier est annulé ou en corbeille")
    }
    return Visited(id: id, columns: columns)
  }

  /// Missions are for technicians; a commercial appointment is for anyone of the staff (PLA-26, PLA-31).
  private func person(_ id: UUID?, kind: Appointment.Kind) async throws -> Person {
    guard let id,
      let found = try await AppointmentStore(writing.transaction, writing.organization).lockPerson(id)
    else { throw Problem.field("/technician_id", "not-found", "ce collaborateur n'existe pas") }
    if kind == .mission, !found.profiles.contains(Profile.technician.rawValue) {
      throw Problem.field("/technician_id", "inconsistent", "ce collaborateur n'est pas technicien")
    }
    return Person(id: id, name: found.name)
  }

  /// The time that the body asks for; nil when it leaves the current one as it is.
  private func time(
    _ body: [String: JSONValue], zone: Zone, current: AppointmentTime?, minutes: Int
  ) throws -> AppointmentTime? {
    let names = ["starts_at_local", "starts_at", "duration_minutes", "time_zone"]
    guard names.contains(where: { body[$0] != nil }) else { return nil }
    if body["starts_at_local"] != nil, body["starts_at"] != nil {
      throw Problem.field("/starts_at", "inconsistent", "une heure locale ou un instant, pas les deux")
    }
    let given = body["duration_minutes"]?.integer.map { Int(clamping: $0) }
    do throws(AppointmentError) {
      let zone =
        try body["time_zone"]?.string.map { (name) throws(AppointmentError) in
          try Self.zone(name)
        } ?? zone
      if let text = body["starts_at_local"]?.string, let local = LocalTime(text) {
        return try AppointmentTime(
          local: local, zone: zone,
          offsetMinutes: body["utc_offset_minutes"]?.integer.map { Int(clamping: $0) },
          minutes: given ?? minutes)
      }
      if let text = body["starts_at"]?.string, let start = Instant(text) {
        return try AppointmentTime(
          startsAt: start, endsAt: start.adding(minutes: given ?? minutes), zone: zone)
      }
      guard let current else { return nil }
      return try AppointmentTime(
        startsAt: current.startsAt, endsAt: current.startsAt.adding(minutes: given ?? current.minutes),
        zone: zone)
    } catch {
      throw Problem(error)
    }
  }

  private static func zone(_ name: String) throws(AppointmentError) -> Zone {
    do { return try Zone(name) } catch { throw .unknownZone(name) }
  }

  private func checkFree(
    _ person: UUID, _ time: AppointmentTime, except id: UUID, _ body: [String: JSONValue]
  ) async throws {
    if body["allow_overlap"]?.bool ?? false { return }
    if let busy = try await AppointmentStore(writing.transaction, writing.organization).busy(
      person, time, except: id)
    {
      throw Problem.technicianBusy(busy)
    }
  }

  private func hold(
    _ analyser: UUID, _ id: UUID, _ person: Person, _ dossier: Visited?, _ time: AppointmentTime,
    _ body: [String: JSONValue], _ clock: OrganizationClock
  ) async throws {
    guard let dossier else {
      throw Problem.field("/lead_analyser_id", "inconsistent", "une machine plomb va avec une mission")
    }
    try await BookLeadAnalyser(
      transaction: writing.transaction, organization: writing.organization, newID: writing.call.clock.newID,
      clock: clock
    ).run(
      .init(
        analyser: analyser, appointment: id, dossier: dossier.id, technician: person.id,
        technicianName: person.name,
        city: dossier.columns["city"]?.string, inseeCode: dossier.columns["insee_code"]?.string, time: time,
        handOver: body["hand_over"]?.bool ?? false))
  }

  private func move(_ dossier: Visited, by event: DossierEvent) async throws {
    try await MoveDossier(writing: writing, id: dossier.id).by(event, dossier.columns)
  }
}
