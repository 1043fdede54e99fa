public import ConstatCore

/// Decides a push: each mutation against the rows as the ones before it left them. The caller
/// brings what the mutations touch, and carries out what is decided, in one transaction.
public struct PushDecision {
  /// A dossier that mutations were made in.
  public struct Mission: Sendable, Hashable {
    /// Why the device may not write there now; nil while the mission is its technician's.
    public var closed: ParkReason?
    /// The shared rows that the dossier leads to.
    public var shared: Set<EntityKey>
    /// Who has signed its mission order.
    public var signers: Set<Signature.Signer>
    /// True where steps of the device's walk through its mission order wait in parking, or did.
    public var hasParkedSteps: Bool

    public init(
      closed: ParkReason? = nil, shared: Set<EntityKey> = [], signers: Set<Signature.Signer> = [],
      hasParkedSteps: Bool = false
    ) {
      self.closed = closed
      self.shared = shared
      self.signers = signers
      self.hasParkedSteps = hasParkedSteps
    }
  }

  public let author: Author
  public let server: ServerPosition
  /// By dossier; one that is missing does not exist, or is none of this device's.
  public private(set) var missions: [String: Mission]
  /// Every row that the mutations name, where it exists or existed.
  public private(set) var states: [EntityKey: EntityState]
  /// This device's open conflicts on those rows, by field.
  public private(set) var openConflicts: [EntityKey: [String: ConflictRecord]]
  /// The mutations that made rows, by row.
  public private(set) var origins: [EntityKey: Mutation] = [:]
  /// What each touched row becomes.
  private var effects: [EntityKey: Effect] = [:]
  private var touchedConflicts: [String: ConflictRecord] = [:]
  private let diagnosticCodes: Set<String>?
  private let onlineCard: OnlineCardOffer
  private let check: MutationCheck
  private let newConflictID: () -> String

  /// `diagnosticCodes` is the organization's catalogue, or nil to leave it unchecked; `onlineCard` is needed where a
  /// mutation says that money came that way.
  public init(
    author: Author, server: ServerPosition, missions: [String: Mission],
    states: [EntityKey: EntityState], openConflicts: [EntityKey: [String: ConflictRecord]] = [:],
    diagnosticCodes: Set<String>? = nil, onlineCard: OnlineCardOffer = .never, check: ValueCheck,
    newConflictID: @escaping () -> String
  ) {
    self.author = author
    self.server = server
    self.missions = missions
    self.states = states
    self.openConflicts = openConflicts
    self.diagnosticCodes = diagnosticCodes
    self.onlineCard = onlineCard
    self.check = MutationCheck(author: author, values: check)
    self.newConflictID = newConflictID
  }

  /// The outcomes in order. A group's mutations stand or fall together.
  public mutating func decide(_ items: [PushRequest.Item]) -> [MergeOutcome] {
    var outcomes: [MergeOutcome] = []
    outcomes.reserveCapacity(items.count)
    for run in PushPlan.runs(items) {
      // One mutation alone settles as it was decided; only a group can fall after it has changed something.
      let before = run.count > 1 ? self : nil
      let decided = items[run].map { decide($0) }
      let settled = PushDecision.settle(decided, of: items[run])
      if let before, settled != decided { self = before }
      for (item, outcome) in zip(items[run], settled) where outcome.parked != nil {
        if case .mutation(let mutation) = item, mutation.key.type == .missionOrder {
          missions[mutation.dossier]?.hasParkedSteps = true
        }
      }
      outcomes += settled
    }
    return outcomes
  }

  /// What the rows become, in an order that foreign keys accept: what is new first.
  public var writes: [(key: EntityKey, effect: Effect)] {
    effects.lazy.filter { $0.value != .none }
      .map { (place: (rank($0.value), order($0.key)), key: $0.key, effect: $0.value) }
      .sorted { $0.place < $1.place }.map { (key: $0.key, effect: $0.effect) }
  }

  /// The conflicts opened or brought up to date, each in its last form.
  public var conflicts: [ConflictRecord] {
    touchedConflicts.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Money that was taken is not refused for a step of the mission order beside it that cannot be taken: a person decides.
  private static func holdsMoney(_ items: ArraySlice<PushRequest.Item>, _ outcomes: [MergeOutcome]) -> Bool {
    func contains(_ type: EntityType, isRejected: Bool) -> Bool {
      zip(items, outcomes).contains { item, outcome in
        guard case .mutation(let mutation) = item else { return false }
        return mutation.key.type == type && (outcome.status == .rejected) == isRejected
      }
    }
    return contains(.payment, isRejected: false) && contains(.missionOrder, isRejected: true)
  }

  /// A rejected member rejects its group, or parks it where that holds money; a parked one parks it.
  private static func settle(_ outcomes: [MergeOutcome], of items: ArraySlice<PushRequest.Item>)
    -> [MergeOutcome]
  {
    if outcomes.contains(where: { $0.status == .rejected }) {
      if holdsMoney(items, outcomes) { return outcomes.map { $0.status == .parked ? $0 : .parked(.closed) } }
      return outcomes.map {
        $0.status == .rejected ? $0 : .rejected(Rejection(.groupRejected))
      }
    }
    if let reason = outcomes.lazy.compactMap(\.parked).first {
      return outcomes.map { $0.status == .parked ? $0 : .parked(reason) }
    }
    return outcomes
  }

  private mutating func decide(_ item: PushRequest.Item) -> MergeOutcome {
    switch item {
    case .malformed(_, let payload, let problems):
      let schema = payload["schema"]?.integer ?? 1
      if schema > Int64(SchemaRange.current.maximum) { return .parked(.newerSchema) }
      return .rejected(Rejection(.malformed, problems.problems))
    case .mutation(let mutation):
      let checked: Mutation
      do throws(Rejection) {
        checked = try check.checked(Upcaster.current.upcast(mutation))
      } catch {
        // What a newer device may do, a newer server will know.
        return mutation.isNewer ? .parked(.newerSchema) : .rejected(error)
      }
      if let reason = reasonToPark(checked) { return .parked(reason) }
      if mutation.isNewer, overflows(checked) { return .parked(.newerSchema) }
      var outcome = Merge.decide(
        checked, on: states[checked.key], by: author, at: server,
        openConflicts: openConflicts[checked.key] ?? [:])
      if let refused = refusal(of: outcome, checked) { return refused }
      let accepted = acceptedEdit(outcome, checked)
      if let accepted, accepted.operation == .set, states[accepted.key]?.isDeleted != false {
        return .rejected(Rejection(.refused))
      }
      record(&outcome, checked)
      if let accepted { carryOut(accepted, in: &outcome) }
      return outcome
    }
  }

  /// What accepting a proposal asks of the row that it is about: an edit of the device's like any other, which knows what
  /// the device knew and has its turn among the others of the push.
  private func acceptedEdit(_ outcome: MergeOutcome, _ mutation: Mutation) -> Mutation? {
    guard mutation.key.type == .fieldProposal, case .update(let decided) = outcome.effect,
      decided["state"]?.string == FieldProposal.State.accepted.rawValue,
      let proposal = states[mutation.key]?.values,
      let type = proposal["entity_type"]?.string.flatMap(EntityType.init(rawValue:)),
      let id = proposal["entity_id"]?.string, let field = proposal["field"]?.string
    else { return nil }
    let isDeletion = field == FieldProposal.deletion
    // Where versions do not prove what the device knew, the value that the proposal shows does.
    let isProven = server.known(of: mutation.base) == mutation.base.version
    let shown = isDeletion || isProven ? [:] : [field: proposal["signed_value"] ?? .null]
    return Mutation(
      seq: mutation.seq, hlc: mutation.hlc, base: mutation.base, key: EntityKey(type, id),
      operation: isDeletion ? .delete : .set, dossier: mutation.dossier,
      set: isDeletion ? [:] : [field: proposal["proposed_value"] ?? .null], was: shown)
  }

  private mutating func carryOut(_ accepted: Mutation, in outcome: inout MergeOutcome) {
    var made = Merge.decide(
      accepted, on: states[accepted.key], by: author, at: server,
      openConflicts: openConflicts[accepted.key] ?? [:])
    // A row to be deleted that is gone asks for nothing more.
    guard made.parked == nil else { return }
    record(&made, accepted)
    outcome.conflicts += made.conflicts
    if made.status == .conflicted { outcome.status = .conflicted }
  }

  /// A step that the mission order cannot take. What somebody else's steps made impossible, or that
  /// earlier steps of this device's are in parking, is kept for a person to decide; what was never
  /// possible is refused.
  private func refusal(of outcome: MergeOutcome, _ mutation: Mutation) -> MergeOutcome? {
    if mutation.key.type == .fieldProposal, case .update = outcome.effect,
      states[mutation.key]?.values["state"] != "open"
    {
      return .rejected(
        Rejection(
          .valueInvalid,
          [FieldProblem(pointer: "/set/state", code: .inconsistent, detail: "proposition déjà tranchée")]))
    }
    // What a device knew beyond where a restore cut its history may be an offer that is forgotten.
    let known = server.known(of: mutation.base)
    let isCardOffered = onlineCard.reached(known == mutation.base.version ? known : nil)
    if mutation.key.type == .payment, case .insert(let values) = outcome.effect, !isCardOffered,
      values["means"]?.string == PaymentMeans.onlineCard.rawValue
    {
      let fault = MissionOrderError.meansNotOffered(.onlineCard)
      return .rejected(
        Rejection(
          .valueInvalid, [FieldProblem(pointer: "/set/means", code: .inconsistent, detail: fault.code)]))
    }
    guard mutation.key.type == .missionOrder,
      let fault = WalkCheck.fault(
        outcome.effect, on: states[mutation.key],
        signedBy: missions[mutation.dossier]?.signers ?? [], onlineCard: isCardOffered)
    else { return nil }
    if outcome.status != .applied || missions[mutation.dossier]?.hasParkedSteps == true {
      return .parked(.closed)
    }
    return .rejected(
      Rejection(
        .valueInvalid,
        [FieldProblem(pointer: "/set", code: .inconsistent, detail: fault.code)]))
  }

  private func reasonToPark(_ mutation: Mutation) -> ParkReason? {
    if author.isRevoked { return .deviceRevoked }
    guard let mission = missions[mutation.dossier] else { return .notFound }
    if let closed = mission.closed { return closed }
    if let state = states[mutation.key], !isOf(mutation.dossier, state, mission) { return .notFound }
    for (field, value) in mutation.set {
      guard let named = mutation.key.type.rule(of: field)?.reference, let id = value.string else { continue }
      let key = EntityKey(named, id.lowercased())
      let isKnown =
        named.rule.scope == .shared
        ? mission.shared.contains(key) || isOwn(states[key]) : id.lowercased() == mutation.dossier
      if !isKnown { return .notFound }
    }
    if let code = mutation.set["diagnostic_code"]?.string, let diagnosticCodes,
      !diagnosticCodes.contains(code)
    {
      return .notFound
    }
    return nil
  }

  /// Whether the row would come to hold more of what this code does not know than others should have to pull.
  private func overflows(_ mutation: Mutation) -> Bool {
    let unknown = mutation.set.filter { mutation.key.type.rule(of: $0.key) == nil }
    guard !unknown.isEmpty else { return false }
    let state = states[mutation.key]
    let held = state?.values.filter { state?.extraFields.contains($0.key) == true } ?? [:]
    return JSONValue.object(held.merging(unknown) { $1 }).serialized().count > SyncLimits.unknownRowBytes
  }

  /// Whether this device made the row, and nobody else wrote in it: it may go on with what it made, whether or not
  /// something leads there yet.
  private func isOwn(_ state: EntityState?) -> Bool {
    guard let state, !state.isDeleted else { return false }
    return ([state.born] + state.fieldVersions.values).allSatisfy {
      state.writers[$0]?.device == author.device
    }
  }

  private func isOf(_ dossier: String, _ state: EntityState, _ mission: Mission) -> Bool {
    switch state.key.type.rule.scope {
    case .shared: mission.shared.contains(state.key) || isOwn(state)
    case .organization: false
    case .mission:
      if let field = state.key.type.dossierField {
        state.values[field]?.string == dossier
      } else {
        state.key.id == dossier
      }
    }
  }

  private mutating func record(_ outcome: inout MergeOutcome, _ mutation: Mutation) {
    let key = mutation.key
    for index in outcome.conflicts.indices {
      let record = outcome.conflicts[index]
      let id = record.id ?? newConflictID()
      outcome.conflicts[index].id = id
      openConflicts[key, default: [:]][record.field] = outcome.conflicts[index]
      touchedConflicts[id] = outcome.conflicts[index]
    }
    guard outcome.effect != .none else { return }
    if case .insert = outcome.effect { origins[key] = mutation }
    let first = states[key]
    if states[key] == nil {
      states[key] = EntityState(key: key, values: [:], version: 0, born: 0)
    }
    states[key]?.apply(outcome.effect, by: author.writer)
    if mutation.isNewer {
      states[key]?.extraFields.formUnion(mutation.set.keys.filter { key.type.rule(of: $0) == nil })
    }
    effects[key] = (effects[key] ?? .none).followed(by: outcome.effect, from: first)
    if key.type == .signature, let name = mutation.set["signer"]?.string,
      let signer = Signature.Signer(rawValue: name)
    {
      missions[mutation.dossier]?.signers.insert(signer)
    }
    if key.type.rule.scope == .shared { missions[mutation.dossier]?.shared.insert(key) }
  }

  private func rank(_ effect: Effect) -> Int {
    switch effect {
    case .insert, .restore: 0
    case .update: 1
    case .delete: 2
    case .none: 3
    }
  }

  /// Contacts before what names them, mission orders before their signatures.
  private func order(_ key: EntityKey) -> String {
    let rank =
      switch key.type {
      case .contact, .building, .module: "0"
      case .dossier, .missionOrder: "1"
      default: "2"
      }
    return rank + key.description
  }
}

extension Effect {
  /// The two as one, for a row that was `first` before the second; what comes of a row made and
  /// deleted in one push is nothing.
  func followed(by next: Effect, from first: EntityState?) -> Effect {
    switch (self, next) {
    case (.none, _): next
    case (_, .none): self
    case (.insert(let values), .update(let changes)): .insert(values.merging(changes) { $1 })
    case (.restore(let values), .update(let changes)): .restore(values.merging(changes) { $1 })
    case (.update(let one), .update(let other)): .update(one.merging(other) { $1 })
    case (.update, .delete): .delete
    case (.insert, .delete), (.restore, .delete): .none
    case (.delete, .restore(let values)), (.delete, .insert(let values)): .update(values)
    case (_, let last): last
    }
  }
}

extension MergeOutcome {
  /// The same with a conflict that carrying it out has brought up.
  public func contested(by conflict: ConflictRecord) -> MergeOutcome {
    var outcome = self
    outcome.status = .conflicted
    outcome.conflicts.append(conflict)
    return outcome
  }

  /// The answer to the mutation, once the push has its version.
  public func result(seq: Int64, version: Int64) -> MutationResult {
    MutationResult(
      seq: seq, status: status, version: version, conflicts: conflicts.compactMap(\.id),
      parked: parked, rejection: rejection)
  }
}
