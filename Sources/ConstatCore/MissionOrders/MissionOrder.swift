/// The ten-step mission order as carried out (MIS-07).
public struct MissionOrder: Sendable, Hashable {
  /// The columns that a device writes as the mission goes on.
  public static let fields = FieldSet([
    .id, .required("dossier_id", .uuid, writable: .creation),
    .required("technician_id", .uuid, writable: .creation),
    .required("started_at", .instant, writable: .creation),
    .optional("started_latitude", .latitude), .optional("started_longitude", .longitude),
    .defaulted("confirmed_step", .integer(0...10)), .optional("payer_present", .boolean),
    .optional("payment_on_site", .boolean),
    .optional("payment_means", .choice(PaymentMeans.onSite.map(\.rawValue))),
    .defaulted("receipt_requested", .boolean), .defaulted("copy_requested", .boolean),
    .optional("field_note", .comment), .optional("finalised_at", .instant),
    .optional("ended_at", .instant), .optional("ended_latitude", .latitude),
    .optional("ended_longitude", .longitude),
  ])
}
