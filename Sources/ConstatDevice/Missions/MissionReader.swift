import ConstatCore
import ConstatSync

/// Puts missions together from rows.
struct MissionReader {
  let rows: [EntityKey: LocalEntity]
  private let byType: [EntityType: [LocalEntity]]
  private let byDossier: [String: [LocalEntity]]

  init(_ rows: [EntityKey: LocalEntity]) {
    self.rows = rows
    let sorted = rows.values.sorted { $0.key < $1.key }
    byType = Dictionary(grouping: sorted, by: \.key.type)
    byDossier = Dictionary(grouping: sorted) { row in
      row.key.type.dossierField.flatMap { row.values[$0]?.string } ?? ""
    }
  }

  /// All missions, by their next appointment, then by number.
  func missions() -> [Mission] {
    (byType[.dossier] ?? []).map(mission).sorted { one, other in
      (one.appointment?.startsAt ?? .max, one.number) < (other.appointment?.startsAt ?? .max, other.number)
    }
  }

  var settings: FieldSettings { FieldSettings(byType[.organization]?.first?.values ?? [:]) }

  func mission(_ id: String) -> Mission? {
    rows[EntityKey(.dossier, id)].map(mission)
  }

  private func mission(_ dossier: LocalEntity) -> Mission {
    let row = Columns(dossier.values)
    let contacts = self.contacts(of: row)
    return Mission(
      id: dossier.key.id, number: row.integer("number") ?? 0, reference: row["internal_reference"],
      status: row.choice("status"), isUrgent: row.bool("urgent") ?? false, address: row.propertyAddress,
      access: row.access, facts: DossierFacts(columns: dossier.values), contacts: contacts,
      people: people(of: dossier, contacts), building: linked(row, "building_id", .building),
      module: linked(row, "module_id", .module),
      outbuildings: of(dossier, .outbuilding).compactMap(outbuilding),
      diagnostics: diagnostics(of: dossier), catalogue: catalogue, appointments: appointments(of: dossier),
      price: MissionPrice(
        mode: row.choice("price_mode"), beforeDiscount: row.money("gross_incl_tax_cents"),
        amount: row.money("price_incl_tax_cents"), discountComment: row["discount_comment"]),
      quoteSignedOn: row.day("quote_signed_on"), ademeFormSignedOn: row.day("ademe_form_signed_on"),
      notes: row["notes"], order: order(of: dossier), payments: of(dossier, .payment).compactMap(payment),
      conflicts: of(dossier, .syncConflict).compactMap(conflict),
      proposals: of(dossier, .fieldProposal).compactMap(proposal).sorted {
        ($0.isOpen ? 0 : 1, $0.id) < ($1.isOpen ? 0 : 1, $1.id)
      },
      parkedEdits: of(dossier, .parkedEdit).map(parkedEdit).sorted {
        ($0.isWaiting ? 0 : 1, $0.id) < ($1.isWaiting ? 0 : 1, $1.id)
      }, settings: settings, unconfirmedFields: dossier.pending,
      contestedFields: dossier.contested)
  }

  private func of(_ dossier: LocalEntity, _ type: EntityType) -> [LocalEntity] {
    (byDossier[dossier.key.id] ?? []).filter { $0.key.type == type }
  }

  private func linked(_ row: Columns, _ field: String, _ type: EntityType) -> [String: JSONValue]? {
    row[field].flatMap { rows[EntityKey(type, $0)]?.values }
  }

  private func contacts(of row: Columns) -> [DossierRole: MissionContact] {
    var contacts: [DossierRole: MissionContact] = [:]
    for role in DossierRole.allCases {
      contacts[role] = row[role.column].flatMap { rows[EntityKey(.contact, $0)] }.map(contact)
    }
    return contacts
  }

  private func people(of dossier: LocalEntity, _ contacts: [DossierRole: MissionContact]) -> [MissionContact]
  {
    var people = Dictionary(contacts.values.map { ($0.id, $0) }) { one, _ in one }
    for link in of(dossier, .dossierContact) {
      guard let id = link.values["contact_id"]?.string, let row = rows[EntityKey(.contact, id)] else {
        continue
      }
      people[id] = contact(row)
    }
    return people.values.sorted { ($0.displayName, $0.id) < ($1.displayName, $1.id) }
  }

  private func contact(_ entity: LocalEntity) -> MissionContact {
    let row = Columns(entity.values)
    return MissionContact(
      id: entity.key.id, kind: row.choice("kind") ?? .individual, companyName: row["company_name"],
      title: row["title"], lastName: row["last_name"] ?? "", firstName: row["first_name"],
      street: row["street"],
      addressComplement: row["address_complement"], postcode: row["postcode"], city: row["city"],
      country: row["country"], email: row["email"],
      additionalEmails: entity.values["additional_emails"]?.array?.compactMap(\.string) ?? [],
      phone: row["phone"],
      mobile: row["mobile"], unconfirmedFields: entity.pending)
  }

  private func outbuilding(_ entity: LocalEntity) -> MissionOutbuilding? {
    let row = Columns(entity.values)
    return MissionOutbuilding(
      id: entity.key.id, kind: row.choice("kind") ?? .other, lotNumber: row["lot_number"],
      comment: row["comment"])
  }

  private var catalogue: [CatalogueDiagnostic] {
    (byType[.diagnosticType] ?? []).filter { $0.values["active"]?.bool ?? true }
      .sorted {
        ($0.values["position"]?.integer ?? 0, $0.key) < ($1.values["position"]?.integer ?? 0, $1.key)
      }
      .map { entity in
        let row = Columns(entity.values)
        return CatalogueDiagnostic(
          id: entity.key.id, code: row["code"] ?? "", label: row["label"] ?? row["code"] ?? "",
          durationMinutes: Int(clamping: row.integer("duration_minutes") ?? 0),
          requiresLeadAnalyser: row.bool("requires_lead_analyser") ?? false)
      }
  }

  private func diagnostics(of dossier: LocalEntity) -> [MissionDiagnostic] {
    let labels = Dictionary(
      (byType[.diagnosticType] ?? []).map { ($0.values["code"]?.string ?? "", $0.values["label"]?.string) }
    ) { one, _ in one }
    return of(dossier, .dossierDiagnostic).map { entity in
      let row = Columns(entity.values)
      let code = row["diagnostic_code"] ?? ""
      return MissionDiagnostic(
        id: entity.key.id, code: code, label: (labels[code] ?? nil) ?? code,
        source: row.choice("source") ?? .field,
        preConclusion: row["pre_conclusion"], outcome: row.choice("outcome"),
        visitedOn: row.day("visited_on"),
        validUntil: row.day("valid_until"))
    }
  }

  private func appointments(of dossier: LocalEntity) -> [MissionAppointment] {
    of(dossier, .appointment).compactMap { entity in
      let row = Columns(entity.values)
      guard let start = row.instant("starts_at"), let end = row.instant("ends_at") else { return nil }
      let bookings = (byType[.leadAnalyserBooking] ?? []).filter {
        $0.values["appointment_id"]?.string == entity.key.id
      }
      return MissionAppointment(
        id: entity.key.id, technicianID: row["technician_id"], startsAt: start, endsAt: end,
        timeZone: row["time_zone"] ?? Zone.paris.identifier,
        status: row.choice("status") ?? .planned, comment: row["comment"],
        leadAnalyserHalfDays: bookings.map { booking in
          let row = Columns(booking.values)
          return AnalyserHalfDay(
            analyser: row["lead_analyser_id"] ?? "", day: row.day("day"), halfDay: row["half_day"] ?? "",
            isHandOver: row.bool("hand_over") ?? false)
        })
    }.sorted { ($0.startsAt, $0.id) < ($1.startsAt, $1.id) }
  }

  private func order(of dossier: LocalEntity) -> MissionOrderRecord? {
    guard let entity = rows[EntityKey(.missionOrder, dossier.key.id)] else { return nil }
    let row = Columns(entity.values)
    return MissionOrderRecord(
      order: MissionOrder(columns: entity.values), startedAt: row.instant("started_at"),
      startedPosition: row.position("started_"), endedAt: row.instant("ended_at"),
      endedPosition: row.position("ended_"), isCopyRequested: row.bool("copy_requested") ?? false,
      note: row["field_note"],
      signatures: of(dossier, .signature).compactMap { signature in
        let row = Columns(signature.values)
        guard let signer: Signature.Signer = row.choice("signer") else { return nil }
        return SignatureRecord(
          signer: signer, name: row["signer_name"] ?? "",
          capacity: row.choice("signer_capacity") ?? .unspecified,
          signedAt: row.instant("signed_at"))
      })
  }

  private func payment(_ entity: LocalEntity) -> MissionPayment? {
    let row = Columns(entity.values)
    return MissionPayment(
      id: entity.key.id, payerID: row["payer_id"], source: row.choice("source") ?? .field,
      means: row.choice("means"),
      amount: row.money("amount_cents") ?? .zero, receivedOn: row.day("received_on"),
      reference: row["reference"],
      bank: row["bank"], issuerName: row["issuer_name"])
  }

  private func proposal(_ entity: LocalEntity) -> MissionProposal? {
    let row = Columns(entity.values)
    guard let type: EntityType = row.choice("entity_type"), let id = row["entity_id"],
      let field = row["field"]
    else { return nil }
    return MissionProposal(
      id: entity.key.id, entity: EntityKey(type, id), field: field,
      signed: entity.values["signed_value"] ?? .null, proposed: entity.values["proposed_value"] ?? .null,
      state: row.choice("state") ?? .open)
  }

  private func parkedEdit(_ entity: LocalEntity) -> MissionParkedEdit {
    let row = Columns(entity.values)
    return MissionParkedEdit(
      id: entity.key.id, reason: row.choice("reason"),
      edit: entity.values["outline"].flatMap(ParkedOutline.init),
      state: row.choice("state") ?? .parked)
  }

  private func conflict(_ entity: LocalEntity) -> MissionConflict? {
    guard let record = try? ConflictRecord(json: .object(entity.values), id: entity.key.id) else {
      return nil
    }
    let resolution = entity.values["resolution"].flatMap { $0.isNull ? nil : $0 }
    return MissionConflict(
      id: entity.key.id, isOpen: entity.values["state"]?.string != "resolved", record: record,
      resolution: resolution)
  }
}
