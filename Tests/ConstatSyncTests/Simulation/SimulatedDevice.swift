import ConstatCore
import ConstatSync

/// A device in memory: journal, checkpoint and staging are the real code.
struct SimulatedDevice {
  let id: String
  let technician: String
  let mutant: Mutant?
  var journal = Journal()
  var checkpoint = Checkpoint()
  var staging: Staging?
  var photos = SimulatedFiles()
  /// True after a revocation, when all was sent: nothing is left on it.
  private(set) var isWiped = false
  /// All that it ever journalised, also what a wipe took, and what it was answered: for the oracle.
  private(set) var written: [Mutation] = []
  private(set) var acknowledged: Set<Int64> = []
  var hasForked = false
  private(set) var clock: HybridClock
  private var time = Instant(secondsSinceEpoch: 1_700_000_000)

  init(id: String, technician: String, mutant: Mutant?) {
    self.id = id
    self.technician = technician
    self.mutant = mutant
    clock = HybridClock(device: id)
  }

  var view: [EntityKey: LocalEntity] {
    LocalView.entities(
      in: checkpoint, pending: journal.pending(over: checkpoint.base),
      ownVersions: journal.ownVersions(in: checkpoint.base.epoch))
  }

  // MARK: edits

  struct Edit {
    var key: EntityKey
    var operation = Mutation.Operation.set
    var dossier: String
    var set: [String: JSONValue] = [:]
  }

  /// Writes edits to the journal, as a group where there are several.
  mutating func journalise(_ edits: [Edit]) -> [Mutation] {
    let view = view
    let group = edits.count > 1 ? "\(id)-\(journal.nextSequence)" : nil
    return edits.map { edit in
      time = time.adding(seconds: 1)
      let shown = view[edit.key]?.values ?? [:]
      var was: [String: JSONValue] = edit.operation == .delete ? shown : [:]
      if edit.operation == .set { for field in edit.set.keys { was[field] = shown[field] ?? .null } }
      let mutation = Mutation(
        seq: journal.nextSequence, hlc: clock.tick(at: time).description, base: checkpoint.base,
        key: edit.key, operation: edit.operation, dossier: edit.dossier, set: edit.set,
        was: was,
        group: group.map { .init(id: $0, count: edits.count) })
      journal.append(mutation)
      written.append(mutation)
      return mutation
    }
  }

  // MARK: exchange

  func nextPush(limit: Int) -> PushRequest? {
    var batch = journal.batch(limit: limit)
    guard !batch.isEmpty else { return nil }
    if mutant == .photosFirst, photos.files.values.contains(where: { $0.uploadedIn == nil }) { return nil }
    if mutant == .rebasedEdits {
      batch = batch.map { original in
        var mutation = original
        mutation.base = checkpoint.base
        return mutation
      }
    }
    return PushRequest(device: id, mutations: batch)
  }

  mutating func took(_ response: PushResponse) {
    journal.acknowledge(response, at: time)
    acknowledged.formUnion(response.results.map(\.seq))
  }

  mutating func wasRefused(_ error: PushError) {
    switch error {
    case .sequenceGap(let lmid): journal.rewind(to: mutant == .noResend ? .max : lmid)
    default: hasForked = true
    }
  }

  /// The server says that the device is revoked, and how far it has settled: the rest is to be rescued first.
  mutating func wasRevoked(lmid: Int64) {
    journal.rewind(to: lmid)
    guard journal.unansweredCount == 0 || mutant == .wipeUnsent else { return }
    checkpoint = Checkpoint()
    staging = nil
    journal = Journal(lastSequence: journal.lastSequence)
    photos = SimulatedFiles()
    isWiped = true
  }

  var nextPull: PullRequest {
    PullRequest(
      cursor: staging?.cursor ?? checkpoint.cursor, limit: 2,
      report: DeviceReport(unsentCount: journal.unansweredCount))
  }

  mutating func took(_ response: PullResponse) {
    var page = response
    if mutant == .ignoreReset, checkpoint.cursor != nil { page.reset = false }
    if mutant != .noResend { journal.rewind(to: page.lmid) }
    if mutant == .halfCheckpoint { page.more = false }
    if staging == nil { staging = Staging(first: page) } else { staging!.append(page) }
    guard let whole = staging, whole.isComplete else { return }
    let before = checkpoint.entities
    checkpoint = checkpoint.applying(whole)
    staging = nil
    if mutant == .keepUnreachable {
      for (key, entity) in before where key.type == .contact && checkpoint.entities[key] == nil {
        checkpoint.entities[key] = entity
      }
    }
    if mutant == .purgeOnLeave { purge(whole) }
  }

  private mutating func purge(_ staging: Staging) {
    let left = staging.events.compactMap { event in
      if case .leave(let mission, _, _) = event { mission } else { nil }
    }
    let entries = journal.entries.map { entry in
      guard left.contains(entry.mutation.dossier), !entry.isAnswered else { return entry }
      var emptied = entry.mutation
      emptied.set = [:]
      emptied.operation = .set
      return JournalEntry(mutation: emptied)
    }
    journal = Journal(entries: entries, lastSequence: journal.lastSequence)
  }
}
