/// A time reserved on a technician's planning.
public enum Appointment {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A visit for a dossier.
    case mission
    case phone
    case physical
  }

  public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
    case planned
    case done
    case cancelled
  }

  /// The longest appointment: one day.
  public static let maxMinutes = 1440
  /// When the request gives no duration (AMB-28).
  public static let defaultMinutes = 60

  /// The time is given as people agree on it, local to `time_zone` (the organization's by
  /// default); `utc_offset_minutes` tells which is meant where the clock shows it twice. The
  /// columns `starts_at` and `ends_at` come of `AppointmentTime`. `lead_analyser_id` books the
  /// machine, `hand_over` says that it is passed on within a commune (PLA-16).
  public static let fields = FieldSet([
    .id, .defaulted("kind", .choice(Kind.self), writable: .creation),
    .optional("dossier_id", .uuid, writable: .creation), .optional("contact_id", .uuid),
    .required("technician_id", .uuid), .required("starts_at_local", .localTime),
    .defaulted("duration_minutes", .integer(1...Int64(maxMinutes))),
    .defaulted("time_zone", .timeZone), .optional("utc_offset_minutes", .integer(-900...900)),
    .optional("lead_analyser_id", .uuid), .defaulted("hand_over", .boolean),
    .defaulted("status", .choice(Status.self)), .optional("comment", .comment),
  ])
}
