import ConstatCore
import HTTPTypes

extension Problem {
  /// Why a time cannot be an appointment's.
  init(_ error: AppointmentError) {
    func refusal(
      _ title: String, _ pointer: String, _ detail: String, members: [String: JSONValue] = [:]
    ) -> Problem {
      Problem(
        .unprocessableContent, error.code, title,
        errors: [Fault(pointer: pointer, code: error.code, detail: detail)], members: members)
    }
    switch error {
    case .unknownZone(let name): self = refusal("Fuseau horaire inconnu", "/time_zone", "\(name) est inconnu")
    case .nonexistentTime(let local):
      self = refusal(
        "Heure locale inexistante", "/starts_at_local", "\(local) n'existe pas : passage à l'heure d'été")
    case .ambiguousTime(let local, let offsets):
      self = refusal(
        "Heure locale ambiguë", "/starts_at_local", "\(local) existe deux fois : préciser utc_offset_minutes",
        members: ["utc_offset_minutes": .array(offsets.map { .integer(Int64($0)) })])
    case .wrongOffset(_, let offsets):
      self = refusal(
        "Décalage horaire faux", "/utc_offset_minutes", "ce décalage n'est pas celui du lieu à cette heure",
        members: ["utc_offset_minutes": .array(offsets.map { .integer(Int64($0)) })])
    case .durationOutOfRange:
      self = refusal(
        "Durée hors limites", "/duration_minutes", "la durée va de 1 à \(Appointment.maxMinutes) minutes")
    }
  }

  /// The person has something else at that time.
  static func technicianBusy(_ appointment: JSONValue) -> Problem {
    .conflict(
      "technician-busy", "Le technicien est déjà pris à cette heure", members: appointment.object ?? [:])
  }
}
