import ConstatCore

/// Decides one mutation against the row as it is now. A field is contested when it changed after
/// what the device knew, by someone else, to another value, or came back with a restore that lost
/// what the device knew; its policy then says which value is live, and both are kept in a
/// conflict. Nothing here depends on clocks or on arrival order beyond that rule.
public struct Merge {
  let mutation: Mutation
  let author: Author
  /// The version up to which the device knew this history; 0 where versions prove nothing.
  let known: Int64
  /// True where only values tell what the device had seen: its base is not of this history.
  let isForeign: Bool
  /// This device's open conflicts on the row, by field.
  let open: [String: ConflictRecord]

  public static func decide(
    _ mutation: Mutation, on state: EntityState?, by author: Author, at server: ServerPosition,
    openConflicts: [String: ConflictRecord] = [:]
  ) -> MergeOutcome {
    let known = server.known(of: mutation.base)
    let merge = Merge(
      mutation: mutation, author: author, known: known ?? 0, isForeign: known == nil, open: openConflicts)
    return switch mutation.operation {
    case .create: merge.create(state)
    case .set: merge.set(state)
    case .delete: merge.delete(state)
    }
  }

  private func create(_ state: EntityState?) -> MergeOutcome {
    guard let state else {
      return MergeOutcome(status: .applied, effect: .insert(mutation.set))
    }
    if mutation.key.type.rule.isImmutable {
      let isSame = !state.isDeleted && sameContent(state)
      return isSame ? MergeOutcome(status: .applied) : .rejected(Rejection(.alreadyExists))
    }
    return fields(of: state)
  }

  private func set(_ state: EntityState?) -> MergeOutcome {
    guard let state else { return .parked(.notFound) }
    return fields(of: state)
  }

  /// A deletion yields to edits that the device had not seen.
  private func delete(_ state: EntityState?) -> MergeOutcome {
    guard let state else { return .parked(.notFound) }
    if state.isDeleted { return MergeOutcome(status: .applied) }
    let unseen = mutation.key.type.rules.filter {
      $0.isVisible && $0.policy != .derived && isUnseen(state, $0.field)
    }
    guard !unseen.isEmpty else { return MergeOutcome(status: .applied, effect: .delete) }
    let values = unseen.map { ($0.field, state.values[$0.field] ?? .null) }
    let latest = unseen.map { state.version(of: $0.field) }.max() ?? state.version
    let rival = ConflictRecord.Theirs(
      value: .object(Dictionary(uniqueKeysWithValues: values)), version: latest,
      actor: state.writers[latest]?.actor)
    let record = conflict(
      ConflictRecord.deletion, ConflictRecord.editBeatsDelete, mine: .null, rival: rival,
      chosen: .theirs)
    return MergeOutcome(status: .conflicted, conflicts: [record])
  }

  /// Field by field; an edit brings a deleted row back.
  private func fields(of state: EntityState) -> MergeOutcome {
    var changes: [String: JSONValue] = [:]
    var conflicts: [ConflictRecord] = []
    var (isMerged, isContested) = (false, false)
    for (field, mine) in mutation.set.sorted(by: { $0.key < $1.key }) {
      guard
        let rule = mutation.key.type.rule(of: field)
          ?? (mutation.isNewer ? .unknown(field, of: mutation.key.type) : nil)
      else { continue }
      let decision = decide(rule, mine, state)
      if let live = decision.live { changes[field] = live }
      if let conflict = decision.conflict { conflicts.append(conflict) }
      isMerged = isMerged || decision.isMerged
      isContested = isContested || decision.isContested
    }
    var effect = changes.isEmpty ? Effect.none : .update(changes)
    if state.isDeleted {
      effect = .restore(state.values.merging(changes) { $1 })
      if isDeletionUnseen(state) {
        conflicts.append(deletionConflict(state))
        isContested = true
      }
    }
    let others = mutation.key.type.rules.contains {
      mutation.set[$0.field] == nil && isUnseen(state, $0.field)
    }
    let status: MutationStatus = isContested ? .conflicted : isMerged || others ? .merged : .applied
    return MergeOutcome(status: status, effect: effect, conflicts: conflicts)
  }

  private func deletionConflict(_ state: EntityState) -> ConflictRecord {
    let rival = ConflictRecord.Theirs(
      value: .null, version: state.version, actor: state.writers[state.version]?.actor)
    return conflict(
      ConflictRecord.deletion, ConflictRecord.editBeatsDelete, mine: .object(mutation.set),
      rival: rival, chosen: .mine)
  }

  /// True where the field holds what the device does not know: someone else wrote it after the
  /// base, or the device did, but by bringing back a deleted row with values that it never showed.
  private func isUnseen(_ state: EntityState, _ field: String) -> Bool {
    let version = state.version(of: field)
    guard version > known else { return isWithheld(state, field) || isBack(state, field) }
    guard let shown = shown(field) else {
      return !isOwn(state, version) || isInherited(state, field) && differs(.null, state, field)
    }
    // A deletion forgets the versions of the fields: the values must tell.
    guard isForeign || state.isDeleted || isOwn(state, version) else { return true }
    return differs(shown, state, field)
  }

  /// True where the edit writes a value that came with the row: its device may have brought that back with what others
  /// had written.
  private func isInherited(_ state: EntityState, _ field: String) -> Bool {
    mutation.operation == .set && mutation.set[field] != nil && state.fieldVersions[field] == nil
  }

  /// True where the device was not shown what somebody else wrote, although it had come so far. Its own value it may
  /// overwrite, shown or not.
  private func isWithheld(_ state: EntityState, _ field: String) -> Bool {
    isBlind(state, field) && !isOwn(state, state.version(of: field))
  }

  /// True where the device had come further in an older epoch than a restore has left of it: what it showed may be lost, and
  /// what that had replaced be back.
  private var hasLost: Bool { !isForeign && mutation.base.version > known }

  /// True where a restore of the server brought back what somebody else wrote, and lost what the device showed in its place.
  private func isBack(_ state: EntityState, _ field: String) -> Bool {
    guard hasLost, let shown = shown(field) else { return false }
    return !isOwn(state, state.version(of: field)) && differs(shown, state, field)
  }

  /// True where the device did not show what the field holds, because its organization keeps that from it (ORG-18).
  /// What it showed tells, not the switch as it is now, which may have been another when the device pulled; where it does
  /// not say, nothing shows that it had seen the value.
  private func isBlind(_ state: EntityState, _ field: String) -> Bool {
    guard WithheldInformation.all.hides(field, of: mutation.key.type),
      let shown = shown(field) ?? mutation.set[field].map({ _ in JSONValue.null })
    else { return false }
    let isHidden = author.withheld.hides(field, of: mutation.key.type)
    return (shown.isNull || isHidden || isRefused(shown, field)) && differs(shown, state, field)
  }

  /// True where the device showed its own value, which gave way in a conflict to one that it had not been shown.
  private func isRefused(_ shown: JSONValue, _ field: String) -> Bool {
    guard let record = open[field], record.chosen == .theirs else { return false }
    return record.theirs.version <= record.base.version && JSONValue.same(shown, record.mine.value)
  }

  private func differs(_ shown: JSONValue, _ state: EntityState, _ field: String) -> Bool {
    let initial = mutation.key.type.rule(of: field)?.initial
    func filled(_ value: JSONValue?) -> JSONValue? { value?.isNull == false ? value : initial }
    // What this push has written itself is in the columns' form, a hash in that of PostgreSQL.
    let columns = state.values[field].map { [field: $0] } ?? [:]
    let current = mutation.key.type.writableFields?.wire(columns) ?? columns
    return !JSONValue.same(filled(shown), filled(current[field]))
  }

  /// What the device showed before the edit; nil where it does not say. Of a row that it deletes
  /// it says all.
  private func shown(_ field: String) -> JSONValue? {
    if mutation.operation == .delete, !mutation.was.isEmpty { return mutation.was[field] ?? .null }
    return mutation.was[field]
  }

  /// True where someone else deleted the row after the base, or a restore brought the deletion back.
  private func isDeletionUnseen(_ state: EntityState) -> Bool {
    (state.version > known || hasLost) && !isOwn(state, state.version)
  }

  private func isOwn(_ state: EntityState, _ version: Int64) -> Bool {
    state.writers[version]?.device == author.device
  }

  private func sameContent(_ state: EntityState) -> Bool {
    let fields = mutation.key.type.writableFields
    let (mine, theirs) = (
      fields?.wire(mutation.set) ?? mutation.set, fields?.wire(state.values) ?? state.values
    )
    return mine.allSatisfy { field, value in
      if field == SignatureImage.field {
        return SignatureImage(base64: value.string ?? "")?.sha256 == theirs["image_sha256"]?.string
      }
      return JSONValue.same(value, theirs[field])
    }
  }
}

extension Merge {
  /// What becomes of one field.
  private struct Decision {
    /// The value to write; nil to leave the field as it is.
    var live: JSONValue?
    var conflict: ConflictRecord?
    /// True where somebody else had a part in the live value.
    var isMerged = false
    /// True where this edit met a value that it did not know.
    var isContested = false
  }

  private func decide(_ rule: FieldRule, _ mine: JSONValue, _ state: EntityState) -> Decision {
    let current = state.values[rule.field] ?? .null
    let isContested = isUnseen(state, rule.field)
    guard !JSONValue.same(current, mine) else {
      return Decision(conflict: settled(rule, mine), isMerged: isContested)
    }
    let version = state.version(of: rule.field)
    let rival = ConflictRecord.Theirs(
      value: current, version: version, actor: state.writers[version]?.actor)
    let isFixed = mutation.operation == .create && rule.writable == .creation
    switch rule.policy {
    case .note, .listItem:
      let isOthers = isContested && !isOwn(state, version)
      let isBack = version <= known && isBack(state, rule.field)
      let isUnknown = version > known || isBlind(state, rule.field) || isBack
      return combined(rule, mine, current, isUnknown, isBack, isOthers ? rival : nil)
    case .observed where !isFixed:
      let record = record(rule, mine, isContested ? rival : nil, .mine)
      return Decision(live: mine, conflict: record, isContested: isContested)
    default:
      // What a row belongs to is not changed by whoever creates it a second time.
      guard isContested || isFixed else {
        return Decision(live: mine, conflict: record(rule, mine, nil, .mine))
      }
      return Decision(conflict: record(rule, mine, rival, .theirs), isContested: true)
    }
  }

  /// Both sides' text or items. Also where this device's own earlier edit was merged with
  /// something that it has not pulled yet, or is not shown.
  private func combined(
    _ rule: FieldRule, _ mine: JSONValue, _ current: JSONValue, _ isUnknown: Bool, _ isBack: Bool,
    _ rival: ConflictRecord.Theirs?
  ) -> Decision {
    let was = mutation.was[rule.field]
    guard rival != nil || isUnknown && !JSONValue.same(was, current) else {
      return Decision(live: mine, conflict: record(rule, mine, nil, .mine))
    }
    let merged =
      rule.policy == .note
      ? ValueMerge.note(base: was, mine: mine, theirs: current, isBack: isBack)
      : ValueMerge.list(base: was, mine: mine, theirs: current, isBack: isBack)
    // Items come and go one by one: nothing is lost that a person would have to decide.
    let conflict = rule.policy == .note ? record(rule, mine, rival, .both) : nil
    let live: JSONValue? = JSONValue.same(merged, current) ? Optional.none : merged
    return Decision(
      live: live, conflict: conflict, isMerged: !JSONValue.same(merged, mine),
      isContested: conflict != nil && rival != nil)
  }

  /// A conflict where the field is contested now, or was before by an edit of this device.
  private func record(
    _ rule: FieldRule, _ mine: JSONValue, _ rival: ConflictRecord.Theirs?,
    _ chosen: ConflictRecord.Chosen
  ) -> ConflictRecord? {
    if rival == nil && open[rule.field] == nil { return nil }
    return conflict(rule.field, rule.policy.rawValue, mine: mine, rival: rival, chosen: chosen)
  }

  /// An open conflict whose sides have come to agree still stands until someone closes it.
  private func settled(_ rule: FieldRule, _ mine: JSONValue) -> ConflictRecord? {
    guard let record = open[rule.field], !JSONValue.same(record.mine.value, mine) else { return nil }
    return record.coalesced(mine: side(mine), rival: nil, chosen: record.chosen)
  }

  private func conflict(
    _ field: String, _ policy: String, mine: JSONValue, rival: ConflictRecord.Theirs?,
    chosen: ConflictRecord.Chosen
  ) -> ConflictRecord {
    if let record = open[field] {
      return record.coalesced(mine: side(mine), rival: rival, chosen: chosen)
    }
    return ConflictRecord(
      key: mutation.key, dossier: mutation.dossier, field: field, policy: policy,
      base: .init(version: known, value: mutation.was[field]), mine: side(mine),
      theirs: rival ?? .init(value: .null, version: 0, actor: nil), chosen: chosen)
  }

  private func side(_ value: JSONValue) -> ConflictRecord.Mine {
    // For people to read; what the clock of a device says has no other bounds.
    .init(value: value, device: author.device, seq: mutation.seq, hlc: String(mutation.hlc.prefix(100)))
  }
}
