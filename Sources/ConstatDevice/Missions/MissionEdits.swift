public import ConstatCore
import ConstatSync

/// What the technician may correct in a mission. Each returns once it is on the disk, without the network, and shows
/// at once; a value that the server would refuse is refused here, as `FieldProblems`.
extension FieldDevice {
  /// Step 1.
  public func correctAddress(_ mission: String, _ correction: AddressCorrection) async throws {
    try await record(in: mission) { gesture in try gesture.set(gesture.dossier, correction.values) }
  }

  /// Step 2.
  public func correctAccess(_ mission: String, _ correction: AccessCorrection) async throws {
    try await record(in: mission) { gesture in try gesture.set(gesture.dossier, correction.values) }
  }

  public func correctFacts(_ mission: String, _ correction: FactsCorrection) async throws {
    try await record(in: mission) { gesture in try gesture.set(gesture.dossier, correction.values) }
  }

  /// Step 3, and whoever else the dossier names.
  public func correctContact(_ mission: String, contact: String, _ correction: ContactCorrection) async throws
  {
    try await record(in: mission) { gesture in
      let key = EntityKey(.contact, contact.lowercased())
      guard try gesture.missionRows()[key] != nil else { throw DeviceError.notFound(key.description) }
      try gesture.set(key, correction.values)
    }
  }

  /// Step 4: one of the mission's people pays.
  public func choosePayer(_ mission: String, contact: String) async throws {
    try await record(in: mission) { gesture in
      let key = EntityKey(.contact, contact.lowercased())
      guard try gesture.missionRows()[key] != nil else { throw DeviceError.notFound(key.description) }
      try gesture.set(gesture.dossier, ["payer_id": .string(key.id)])
    }
  }

  /// Step 4: someone pays whom the office does not know yet. Returns the new contact's id.
  @discardableResult
  public func choosePayer(_ mission: String, new contact: ContactCorrection) async throws -> String {
    try await record(in: mission) { gesture in
      let key = EntityKey(.contact, gesture.environment.newID())
      try gesture.create(key, contact.values)
      try gesture.set(gesture.dossier, ["payer_id": .string(key.id)])
      return key.id
    }
  }

  /// Step 5. Returns the new row's id.
  @discardableResult
  public func addOutbuilding(
    _ mission: String, _ kind: Outbuilding.Kind, lotNumber: String? = nil, comment: String? = nil
  ) async throws -> String {
    try await record(in: mission) { gesture in
      let key = EntityKey(.outbuilding, gesture.environment.newID())
      try gesture.create(
        key,
        [
          "dossier_id": .string(gesture.mission), "kind": .string(kind.rawValue),
          "lot_number": JSONValue(lotNumber),
          "comment": JSONValue(comment),
        ])
      return key.id
    }
  }

  public func correctOutbuilding(
    _ mission: String, _ id: String, kind: Correction<Outbuilding.Kind> = .keep,
    lotNumber: Correction<String> = .keep,
    comment: Correction<String> = .keep
  ) async throws {
    var fields = CorrectedFields()
    fields.add("kind", kind) { .string($0.rawValue) }
    fields.add("lot_number", lotNumber)
    fields.add("comment", comment)
    try await record(in: mission) { [values = fields.values] gesture in
      try gesture.set(EntityKey(.outbuilding, id.lowercased()), values)
    }
  }

  public func removeOutbuilding(_ mission: String, _ id: String) async throws {
    try await record(in: mission) { gesture in try gesture.delete(EntityKey(.outbuilding, id.lowercased())) }
  }

  /// Step 6: a diagnostic of the catalogue that the mission does not have yet. Returns the new row's id.
  @discardableResult
  public func addDiagnostic(_ mission: String, code: String) async throws -> String {
    try await record(in: mission) { gesture in
      let rows = try gesture.missionRows()
      let isKnown = rows.values.contains {
        $0.key.type == .diagnosticType && $0.values["code"]?.string == code
      }
      guard isKnown else { throw DeviceError.unknownDiagnostic(code) }
      let isPresent = rows.values.contains {
        $0.key.type == .dossierDiagnostic && $0.values["diagnostic_code"]?.string == code
      }
      guard !isPresent else { throw DeviceError.diagnosticPresent(code) }
      let key = EntityKey(.dossierDiagnostic, gesture.environment.newID())
      try gesture.create(key, ["dossier_id": .string(gesture.mission), "diagnostic_code": .string(code)])
      return key.id
    }
  }

  public func removeDiagnostic(_ mission: String, _ id: String) async throws {
    try await record(in: mission) { gesture in
      try gesture.delete(EntityKey(.dossierDiagnostic, id.lowercased()))
    }
  }

  /// What a diagnostic found, in short (MIS-19). The day of the visit, from which its validity counts, is today's on
  /// site, unless another is given.
  public func setPreConclusion(
    _ mission: String, diagnostic id: String, _ text: String, outcome: DiagnosticOutcome? = nil,
    visitedOn: Day? = nil
  ) async throws {
    try await record(in: mission) { gesture in
      var values: [String: JSONValue] = [
        "pre_conclusion": .string(text),
        "visited_on": .string(try (visitedOn ?? gesture.today()).description),
      ]
      if let outcome { values["outcome"] = .string(outcome.rawValue) }
      try gesture.set(EntityKey(.dossierDiagnostic, id.lowercased()), values)
    }
  }

  /// The owner has signed the ADEME form, a piece of the contract (MIS-30); today unless another day is given.
  public func recordAdemeForm(_ mission: String, signedOn day: Day? = nil) async throws {
    try await record(in: mission) { gesture in
      let day = try day ?? gesture.today()
      try gesture.set(gesture.dossier, ["ademe_form_signed_on": .string(day.description)])
    }
  }

  /// Step 7. The office's price stands where it has changed it meanwhile.
  public func correctPrice(_ mission: String, _ amount: Money, comment: String? = nil) async throws {
    try await record(in: mission) { gesture in
      var values: [String: JSONValue] = [
        "price_incl_tax_cents": .integer(amount.cents), "price_mode": .string(PriceMode.manual.rawValue),
      ]
      if let comment { values["discount_comment"] = .string(comment) }
      try gesture.set(gesture.dossier, values)
    }
  }

  /// The dossier's notes, which the office may be writing too: both stay.
  public func writeNotes(_ mission: String, _ text: String) async throws {
    try await record(in: mission) { gesture in try gesture.set(gesture.dossier, ["notes": .string(text)]) }
  }

  /// Decides what the office would change of the signed order. Accepted, the value shows once the server has written
  /// it; refused, what was signed stands. Throws `DeviceError.notFound` for one that is not open.
  public func decide(_ mission: String, proposal id: String, accept: Bool) async throws {
    try await record(in: mission) { gesture in
      let key = EntityKey(.fieldProposal, id.lowercased())
      guard try gesture.values(of: key)?["state"]?.string == FieldProposal.State.open.rawValue else {
        throw DeviceError.notFound(key.description)
      }
      let state: FieldProposal.State = accept ? .accepted : .refused
      try gesture.set(key, ["state": .string(state.rawValue)])
    }
  }
}

extension Gesture {
  /// The day that it is where the mission is.
  func today() throws -> Day {
    let rows = try missionRows()
    let name = rows.values.lazy.filter { $0.key.type == .appointment }.compactMap {
      $0.values["time_zone"]?.string
    }
    .min()
    let zone = name.flatMap { try? Zone($0) } ?? .paris
    return zone.local(of: now).day
  }
}
