import ConstatCore

/// The one table of field policies, a row per field. What is not in it, no device sees.
extension FieldRule {
  public static let table: [FieldRule] = [
    dossier, appointment, outbuilding, dossierDiagnostic, dossierContact, missionOrder, signature,
    payment, attachment, leadAnalyserBooking, syncConflict, fieldProposal, parkedEdit, contact,
    building, module, diagnosticType, organization,
  ].flatMap { $0 }

  private static let dossier = rules(
    of: .dossier,
    [
      .readOnly("number", "given by the organization's counter"),
      .readOnly("internal_reference", "the office's own"),
      .readOnly("nature", "decides the whole dossier; chosen when it is opened"),
      .office(
        "status", "the office runs the dossier; a device only reports the visit", accepts: ["visited"]),
      .readOnly("urgent", "judged by the office"),
      .readOnly("building_id", "a link that the office makes"),
      .readOnly("module_id", "a link that the office makes"),
      .readOnly("requester_id", "a role given by the office"),
      .readOnly("prescriber_id", "a role given by the office"),
      .readOnly("owner_id", "a role given by the office"),
      .readOnly("occupant_id", "a role given by the office"),
      .readOnly("buyer_id", "a role given by the office"),
      .office(
        "payer_id", "corrected on site (MIS-11), but who is invoiced is the office's word",
        names: .contact),
      .readOnly("notary_id", "a role given by the office"),
      .readOnly("managing_agent_id", "a role given by the office"),
      .readOnly("transaction_type", "the client's intention, told to the office"),
      .observed("property_type", "a fact of the property, seen on site"),
      .observed("floor_area_hundredths", "a fact of the property, seen on site"),
      .observed("room_count", "a fact of the property, seen on site"),
      .observed("built_year", "a fact of the property, seen on site"),
      .observed("permit_year", "a fact of the property, seen on site"),
      .readOnly("termite_zone", "set by prefectural order, not seen on site"),
      .observed("heated", "a fact of the property, seen on site"),
      .observed("collective_heating", "a fact of the property, seen on site"),
      .observed("gas_installation_over_15_years", "a fact of the property, seen on site"),
      .observed("electrical_installation_over_15_years", "a fact of the property, seen on site"),
      .observed("co_ownership", "a fact of the property, seen on site"),
      .observed("public_sewer", "a fact of the property, seen on site"),
      .readOnly("noise_zone", "set by the airport noise plan, not seen on site"),
      .observed("street", "the address as it is on the door (MIS-08)"),
      .observed("address_complement", "the address as it is on the door (MIS-08)"),
      .observed("postcode", "the address as it is on the door (MIS-08)"),
      .observed("city", "the address as it is on the door (MIS-08)"),
      .observed("insee_code", "the address as it is on the door (MIS-08)"),
      .observed("country", "the address as it is on the door (MIS-08)"),
      .observed("latitude", "where the technician stands"),
      .observed("longitude", "where the technician stands"),
      .observed("floor", "how to find the place (MIS-09)"),
      .observed("door", "how to find the place (MIS-09)"),
      .observed("staircase", "how to find the place (MIS-09)"),
      .observed("building_label", "how to find the place (MIS-09)"),
      .observed("lot_number", "how to find the place (MIS-09)"),
      .office("key_pickup", "agreed between the office and who holds the keys (MIS-09)"),
      .office("escort", "agreed between the office and who comes along (MIS-09)"),
      .note("access_comment", "free text (MIS-09)"),
      .readOnly("preliminary_sale_date", "told to the office"),
      .readOnly("on_site_payment_agreed", "agreed by the office"),
      .readOnly("on_site_payment_means", "agreed by the office"),
      .office("price_mode", "pricing is the office's"),
      .readOnly("gross_incl_tax_cents", "pricing is the office's"),
      .office("price_incl_tax_cents", "may be corrected on site (MIS-14), but the office's price stands"),
      .office("discount_comment", "goes with the price"),
      .readOnly("vat_rate", "pricing is the office's"),
      .readOnly(
        "quote_signed_on", "told to the office; decides whether the order stands for a quote (MIS-03)"),
      .office(
        "ademe_form_signed_on",
        "a piece of the contract, signed at the office or on site (MIS-30); since schema 3"),
      .derived("estimated_minutes", "computed from the diagnostics"),
      .note("notes", "free text"),
    ])

  private static let appointment = rules(
    of: .appointment,
    [
      .readOnly("dossier_id", "the mission"),
      .readOnly("kind", "planning is the office's"),
      .readOnly("contact_id", "planning is the office's"),
      .readOnly("technician_id", "planning is the office's"),
      .readOnly("starts_at", "planning is the office's"),
      .readOnly("ends_at", "planning is the office's"),
      .readOnly("time_zone", "planning is the office's"),
      .office(
        "status", "a device only reports it done; the office may have cancelled it", accepts: ["done"]),
      .note("comment", "free text"),
    ])

  private static let outbuilding = rules(
    of: .outbuilding,
    [
      .observed("dossier_id", "the mission", writable: .creation),
      .observed("kind", "seen on site (MIS-12)"),
      .observed("lot_number", "seen on site (MIS-12)"),
      .note("comment", "free text"),
    ])

  private static let dossierDiagnostic = rules(
    of: .dossierDiagnostic,
    [
      .observed("dossier_id", "the mission", writable: .creation),
      .observed(
        "diagnostic_code", "which diagnostic the row is; another one is another row", writable: .creation),
      .derived("source", "`field` when a device created the row"),
      .observed("pre_conclusion", "the technician's word (MIS-19)"),
      .observed("outcome", "the technician's word (MIS-19)"),
      .observed("visited_on", "the day of the visit"),
      .derived("valid_until", "computed from the visit, the outcome and the law"),
    ])

  private static let dossierContact = rules(
    of: .dossierContact,
    [
      .readOnly("dossier_id", "the mission"),
      .readOnly("contact_id", "a link that the office makes"),
    ])

  private static let missionOrder = rules(
    of: .missionOrder,
    [
      .observed("dossier_id", "the mission, and the order's own id", writable: .creation),
      .observed("technician_id", "who carries it out: the device's technician", writable: .creation),
      .observed("started_at", "the device's own account (MIS-24)", writable: .creation),
      .observed("started_latitude", "the device's own account (MIS-24)", writable: .creation),
      .observed("started_longitude", "the device's own account (MIS-24)", writable: .creation),
      .observed("confirmed_step", "answered on site (MIS-07)", initial: 0),
      .observed("payer_present", "answered on site (MIS-15)"),
      .observed("payment_on_site", "answered on site (MIS-16)"),
      .observed("payment_means", "answered on site (MIS-17)"),
      .observed("receipt_requested", "answered on site (MIS-22)", initial: false),
      .observed("copy_requested", "answered on site (MIS-23)", initial: false),
      .note("field_note", "free text"),
      .observed("finalised_at", "both parties have signed (MIS-20, MIS-21)"),
      .observed("ended_at", "the device's own account (MIS-25)"),
      .observed("ended_latitude", "the device's own account (MIS-25)"),
      .observed("ended_longitude", "the device's own account (MIS-25)"),
    ])

  private static let signature = rules(
    of: .signature,
    [
      .observed("dossier_id", "the mission", writable: .creation),
      .observed("mission_order_id", "what is signed", writable: .creation, names: .missionOrder),
      .observed("signer", "given on site", writable: .creation),
      .observed("signer_name", "given on site", writable: .creation),
      .observed(
        "signer_capacity", "who is bound by the order (MIS-03); since schema 2", writable: .creation),
      .observed("signed_at", "given on site", writable: .creation),
      .observed(
        "image_base64", "PNG or JPEG of at most 200 KiB; kept as a blob", writable: .creation,
        isVisible: false),
      .derived("image_sha256", "of the image's bytes, in hexadecimal"),
    ])

  private static let payment = rules(
    of: .payment,
    [
      .observed("dossier_id", "the mission", writable: .creation),
      .observed("payer_id", "who handed it over", writable: .creation, names: .contact),
      .derived("source", "`field` when a device created the row"),
      .observed(
        "means", "taken on site (MIS-17)", writable: .creation,
        accepts: PaymentMeans.onSite.map(\.rawValue)),
      .observed("amount_cents", "taken on site (MIS-17)", writable: .creation),
      .observed("received_on", "taken on site (MIS-17)", writable: .creation),
      .observed("received_at", "taken on site (MIS-17)", writable: .creation),
      .observed("reference", "taken on site (MIS-17)", writable: .creation),
      .observed("bank", "taken on site (MIS-17)", writable: .creation),
      .observed("issuer_name", "taken on site (MIS-17)", writable: .creation),
      .observed("comment", "taken on site (MIS-17)", writable: .creation),
    ])

  private static let attachment = rules(
    of: .attachment,
    [
      .observed("dossier_id", "the mission", writable: .creation),
      .observed("kind", "given on site", writable: .creation),
      .observed("diagnostic_code", "what it is about", writable: .creation),
      .observed("file_name", "without a path", writable: .creation),
      .observed("media_type", "what the bytes are held to", writable: .creation),
      .observed("size_bytes", "at most 50 MiB", writable: .creation),
      .observed("sha256", "names the bytes, in hexadecimal", writable: .creation),
      .observed("caption", "given on site", writable: .creation),
      .observed("taken_at", "the device's own account", writable: .creation),
      .observed("latitude", "the device's own account", writable: .creation),
      .observed("longitude", "the device's own account", writable: .creation),
      .derived("state", "`awaiting_blob` until the server has the bytes, then `stored`"),
    ])

  private static let leadAnalyserBooking = rules(
    of: .leadAnalyserBooking,
    [
      .readOnly("lead_analyser_id", "booked by the office"),
      .readOnly("appointment_id", "booked by the office"),
      .readOnly("technician_id", "booked by the office"),
      .readOnly("day", "booked by the office"),
      .readOnly("half_day", "booked by the office"),
      .readOnly("city", "booked by the office"),
      .readOnly("hand_over", "booked by the office"),
    ])

  private static let syncConflict = rules(
    of: .syncConflict,
    [
      .readOnly("dossier_id", "the merge's own account"),
      .readOnly("entity_type", "the merge's own account"),
      .readOnly("entity_id", "the merge's own account"),
      .readOnly("field", "the merge's own account"),
      .readOnly("policy", "the merge's own account"),
      .readOnly("base", "the merge's own account"),
      .readOnly("mine", "the merge's own account"),
      .readOnly("theirs", "the merge's own account"),
      .readOnly("chosen", "the merge's own account"),
      .readOnly("device_id", "the merge's own account"),
      .readOnly("state", "decided in the office"),
      .readOnly("resolution", "decided in the office"),
      .readOnly("resolved_at", "decided in the office"),
    ])

  private static let fieldProposal = rules(
    of: .fieldProposal,
    [
      .readOnly("dossier_id", "the mission"),
      .readOnly("entity_type", "which field the office would change"),
      .readOnly("entity_id", "which field the office would change"),
      .readOnly("field", "which field the office would change"),
      .readOnly("signed_value", "as it was when the office proposed"),
      .readOnly("proposed_value", "never changes: another value is another proposal"),
      .readOnly("proposed_by", "who in the office"),
      .office(
        "state", "open until someone decides; whoever comes first", accepts: ["accepted", "refused"]),
      .readOnly("decided_by", "who decided"),
      .readOnly("decided_at", "who decided"),
    ])

  private static let parkedEdit = rules(
    of: .parkedEdit,
    [
      .readOnly("dossier_id", "the mission"),
      .readOnly("device_id", "whose edit it was"),
      .readOnly("reason", "why it was not applied"),
      .readOnly(
        "outline",
        "`type`, `id`, `op` and `set` of the edit, long texts cut; null where it is of a type still to come"),
      .readOnly("state", "decided in the office"),
      .readOnly("settled_at", "decided in the office"),
    ])

  private static let contact = rules(
    of: .contact,
    [
      .office(
        "kind", "the client's identity is the office's; the site may correct it (MIS-10)",
        initial: "individual"),
      .office(
        "company_name",
        "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "title", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "last_name", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "first_name", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "street", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "address_complement",
        "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "postcode", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "city", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "country", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "email", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .list("additional_emails", "addresses come and go one by one"),
      .office(
        "phone", "the client's identity is the office's; the site may correct it (MIS-10)"),
      .office(
        "mobile", "the client's identity is the office's; the site may correct it (MIS-10)"),
    ])

  private static let building = rules(
    of: .building,
    [
      .readOnly("name", "given by the office"),
      .observed("street", "a fact of the property, seen on site"),
      .observed("address_complement", "a fact of the property, seen on site"),
      .observed("postcode", "a fact of the property, seen on site"),
      .observed("city", "a fact of the property, seen on site"),
      .observed("insee_code", "a fact of the property, seen on site"),
      .observed("country", "a fact of the property, seen on site"),
      .observed("latitude", "a fact of the property, seen on site"),
      .observed("longitude", "a fact of the property, seen on site"),
      .observed("built_year", "a fact of the property, seen on site"),
      .observed("permit_year", "a fact of the property, seen on site"),
      .observed("co_ownership", "a fact of the property, seen on site"),
      .observed("collective_heating", "a fact of the property, seen on site"),
      .readOnly("termite_zone", "set by prefectural order, not seen on site"),
      .note("comment", "free text"),
    ])

  private static let module = rules(
    of: .module,
    [
      .readOnly("building_id", "a link that the office makes"),
      .readOnly("label", "given by the office"),
      .observed("property_type", "a fact of the property, seen on site"),
      .observed("lot_number", "a fact of the property, seen on site"),
      .observed("floor", "a fact of the property, seen on site"),
      .observed("door", "a fact of the property, seen on site"),
      .observed("staircase", "a fact of the property, seen on site"),
      .observed("floor_area_hundredths", "a fact of the property, seen on site"),
      .observed("room_count", "a fact of the property, seen on site"),
      .note("comment", "free text"),
    ])

  private static let diagnosticType = rules(
    of: .diagnosticType,
    [
      .readOnly("code", "the organization's catalogue"),
      .readOnly("label", "the organization's catalogue"),
      .readOnly("in_technical_file", "the organization's catalogue"),
      .readOnly("requires_lead_analyser", "the organization's catalogue"),
      .readOnly("duration_minutes", "the organization's catalogue"),
      .readOnly("position", "the organization's catalogue"),
      .readOnly("active", "the organization's catalogue"),
    ])

  private static let organization = rules(
    of: .organization,
    [
      .readOnly("name", "set by the company's administrators"),
      .readOnly(
        "online_card_payments", "whether step 10 offers a card through the online provider (ORG-17, MIS-18)"),
      .readOnly("withheld_information", "which fields come empty (ORG-18)"),
    ])

  /// A row of the table before it knows its type.
  private struct Draft {
    let field: String
    let policy: FieldPolicy
    let reason: String
    var writable = Writable.always
    var isVisible = true
    var names: EntityType?
    var accepts: [String]?
    var initial: JSONValue?

    static func observed(
      _ field: String, _ reason: String, writable: Writable = .always, isVisible: Bool = true,
      names: EntityType? = nil, accepts: [String]? = nil, initial: JSONValue? = nil
    ) -> Draft {
      Draft(
        field: field, policy: .observed, reason: reason, writable: writable, isVisible: isVisible,
        names: names, accepts: accepts, initial: initial)
    }

    static func office(
      _ field: String, _ reason: String, names: EntityType? = nil, accepts: [String]? = nil,
      initial: JSONValue? = nil
    ) -> Draft {
      Draft(
        field: field, policy: .office, reason: reason, names: names, accepts: accepts, initial: initial)
    }

    static func note(_ field: String, _ reason: String) -> Draft {
      Draft(field: field, policy: .note, reason: reason)
    }

    static func list(_ field: String, _ reason: String) -> Draft {
      Draft(field: field, policy: .listItem, reason: reason, initial: [])
    }

    static func derived(_ field: String, _ reason: String) -> Draft {
      Draft(field: field, policy: .derived, reason: reason, writable: .never)
    }

    static func readOnly(_ field: String, _ reason: String) -> Draft {
      Draft(field: field, policy: .readOnly, reason: reason, writable: .never)
    }
  }

  private static func rules(of type: EntityType, _ drafts: [Draft]) -> [FieldRule] {
    drafts.map {
      FieldRule(
        type: type, field: $0.field, policy: $0.policy, writable: $0.writable,
        isVisible: $0.isVisible, reference: $0.names, accepts: $0.accepts, initial: $0.initial,
        reason: $0.reason)
    }
  }
}
