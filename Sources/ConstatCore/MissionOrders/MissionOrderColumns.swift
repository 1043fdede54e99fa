extension MissionOrder {
  /// The fields that a device writes as the mission goes on. Those of `governedColumns` must
  /// also pass `validate`.
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

  /// The columns of this value.
  public static let governedColumns = [
    "confirmed_step", "payer_present", "payment_on_site", "payment_means", "receipt_requested",
    "finalised_at",
  ]

  /// Reads a row, or what a mutation makes of one: a missing column is as a new row has it.
  public init(columns: [String: JSONValue]) {
    self.init(
      confirmedStep: Int(clamping: columns["confirmed_step"]?.integer ?? 0),
      payerPresent: columns["payer_present"]?.bool,
      paymentOnSite: columns["payment_on_site"]?.bool,
      paymentMeans: columns["payment_means"]?.string.flatMap(PaymentMeans.init(rawValue:)),
      receiptRequested: columns["receipt_requested"]?.bool ?? false,
      finalisedAt: columns["finalised_at"]?.string.flatMap { Instant($0) })
  }

  public var columns: [String: JSONValue] {
    [
      "confirmed_step": .integer(Int64(confirmedStep)), "payer_present": JSONValue(payerPresent),
      "payment_on_site": JSONValue(paymentOnSite),
      "payment_means": JSONValue(paymentMeans?.rawValue),
      "receipt_requested": .bool(receiptRequested),
      "finalised_at": JSONValue(finalisedAt?.description),
    ]
  }
}
