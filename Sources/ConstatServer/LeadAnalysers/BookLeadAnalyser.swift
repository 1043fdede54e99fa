import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Books an analyser for an appointment, on every half-day that it touches (PLA-14…16). The analyser's row is
/// locked first and a unique index stands behind: of bookings at the same moment one wins, the others are
/// told who it is.
struct BookLeadAnalyser {
  let transaction: Transaction
  let organization: UUID
  let newID: @Sendable () -> UUID
  let clock: OrganizationClock

  /// The appointment that wants the analyser, where and when.
  struct Wish {
    let analyser: UUID
    let appointment: UUID
    let dossier: UUID
    let technician: UUID
    let technicianName: String
    let city: String?
    let inseeCode: String?
    let time: AppointmentTime
    let handOver: Bool
  }

  /// What the appointment held before is given back first.
  func run(_ wish: Wish) async throws {
    let store = LeadAnalyserStore(transaction, organization)
    guard try await store.lock(wish.analyser) else {
      throw Problem.field(
        "/lead_analyser_id", "not-found", "cette machine n'existe pas ou n'est plus en service")
    }
    let slots = wish.time.halfDays(split: clock.halfDaySplit)
    guard let first = slots.first, let last = slots.last else { return }
    do {
      try LeadAnalyserBooking.checkNeeded(missionNeedsAnalyser: try await store.isNeeded(by: wish.dossier))
      try await store.release(wish.appointment)
      let existing = try await store.bookings(of: wish.analyser, from: first.day, to: last.day)
      for slot in slots {
        let booking = LeadAnalyserBooking(
          analyserID: wish.analyser.uuidString, slot: slot, appointmentID: wish.appointment.uuidString,
          technicianID: wish.technician.uuidString, technicianName: wish.technicianName, city: wish.city,
          inseeCode: wish.inseeCode, startsAt: wish.time.startsAt)
        let handOver = try booking.checked(among: existing, handOver: wish.handOver)
        try await store.insert(
          newID(), analyser: wish.analyser, appointment: wish.appointment, technician: wish.technician,
          booking,
          handOver: handOver)
      }
    } catch let error as LeadAnalyserError {
      throw Problem(error, in: clock.zone)
    } catch let error as PostgresError where error.constraint == "lead_analyser_booking_half_day_key" {
      throw Problem.conflict("lead-analyser-taken", "Machine plomb déjà prise sur cette demi-journée")
    }
  }
}

extension Problem {
  /// Why an analyser cannot be had, with who holds it and where (PLA-15).
  init(_ error: LeadAnalyserError, in zone: Zone) {
    switch error {
    case .taken(let holder):
      self = .conflict(
        error.code, "Machine plomb déjà prise sur cette demi-journée",
        detail: "\(holder.technicianName) l'a\(holder.city.map { " à " + $0 } ?? "")",
        members: holder.members(in: zone))
    case .handOverAcrossCommunes(let holder):
      self = .conflict(
        error.code, "La machine plomb ne se passe que dans une même commune",
        members: holder.members(in: zone))
    case .notNeeded:
      self.init(
        .unprocessableContent, error.code, "Aucun diagnostic de la mission ne demande de machine plomb")
    }
  }
}

extension LeadAnalyserBooking {
  /// What the one who is refused has to know; `time` is the holder's local start.
  fileprivate func members(in zone: Zone) -> [String: JSONValue] {
    [
      "holder": .string(technicianName), "city": JSONValue(city), "day": .string(slot.day.description),
      "half_day": .string(slot.halfDay.rawValue),
      "time": .string(String(zone.local(of: startsAt).time.description.prefix(5))),
      "appointment_id": .string(appointmentID.lowercased()),
    ]
  }
}
