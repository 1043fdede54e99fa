import ConstatCore
import ConstatSync
import GRDB

/// One sync: all edits go out and are answered, then the server's state comes in, whole.
struct SyncRun {
  /// Bytes of mutations in one push; a group larger than that goes alone.
  static let pushBytes = 1 << 20
  /// How often a sync starts over because the server had forgotten answers, or did not accept a cursor.
  static let rounds = 3

  let store: DeviceStore
  let session: DeviceSession
  let enrolment: Enrolment
  let environment: DeviceEnvironment
  /// True where the comparison with the server was asked for.
  var isVerifying = false
  let progress: @Sendable (SyncProgress) -> Void
  /// Sends the files that wait: a revoked device's last are rescued before it is wiped.
  let sendFiles: @Sendable () async throws -> Void

  func run() async throws -> SyncReport {
    var report = SyncReport()
    for _ in 0..<Self.rounds {
      do {
        try await push(&report)
        guard try await pull(&report) else { continue }
        let isDue = try await isVerificationDue
        if isVerifying || isDue { try await verify(&report) }
        break
      } catch SyncError.refused(let problem) where problem.code == "device-revoked" {
        return try await revoked(problem, report)
      }
    }
    try await store.pool.write { [now = environment.now()] db in
      try JournalStore(db: db).prune(before: now.adding(seconds: -Int64(SyncLimits.journalDays) * 86_400))
    }
    progress(.finished)
    return report
  }

  // MARK: Push

  private func push(_ report: inout SyncReport) async throws {
    let waiting = try await store.pool.read { db in try JournalStore(db: db).waitingCount() }
    var answered = 0
    if waiting > 0 { progress(.pushing(answered: 0, of: waiting)) }
    while true {
      let (batch, standing) = try await store.pool.write { [now = environment.now()] db in
        let journal = JournalStore(db: db)
        let batch = try journal.batch(limit: SyncLimits.pushMutations, byteLimit: Self.pushBytes)
        try journal.markSent(batch)
        return (batch, try journal.report(at: now))
      }
      guard let first = batch.first else { return }
      let response: PushResponse
      do {
        let body = PushRequest(device: enrolment.device, mutations: batch, report: standing).json.serialized()
        response = try PushResponse(json: try await session.post("/v1/sync/push", body))
      } catch let problems as FieldProblems {
        throw SyncError.unreadableAnswer(problems.problems.first?.pointer ?? "")
      } catch SyncError.refused(let problem) where problem.code == PushError.sequenceGap(lmid: 0).code {
        // A server that was restored from a backup has forgotten answers: it is told again.
        guard let lmid = problem.members["lmid"]?.integer, lmid + 1 < first.seq else {
          throw SyncError.refused(problem)
        }
        try await rewind(to: lmid)
        continue
      } catch SyncError.refused(let problem) where problem.code == PushError.deviceForked(seq: 0).code {
        throw SyncError.enrolmentNeeded
      }
      let news = try await acknowledge(response)
      guard news > 0 else { throw SyncError.unreadableAnswer("/results") }
      report.results += response.results
      answered += news
      progress(.pushing(answered: answered, of: max(waiting, answered)))
    }
  }

  private func acknowledge(_ response: PushResponse) async throws -> Int {
    try await store.pool.write { [environment, enrolment] db in
      let now = environment.now()
      let entries = try JournalStore(db: db).acknowledge(response, at: now)
      try InboxStore(db: db).note(entries, device: enrolment.device, at: now)
      return entries.count
    }
  }

  /// True where answers were taken back.
  @discardableResult
  private func rewind(to lmid: Int64) async throws -> Bool {
    let (isShort, isRewound) = try await store.pool.write { db in
      let journal = JournalStore(db: db)
      if try journal.isShort(of: lmid) { return (true, false) }
      return (false, try journal.rewind(to: lmid))
    }
    if isShort { throw SyncError.enrolmentNeeded }
    return isRewound
  }

  // MARK: Pull

  /// False where it is to be done again: the server had forgotten answers, or did not accept the cursor.
  func pull(_ report: inout SyncReport) async throws -> Bool {
    var isRewound = false
    var (pages, events) = (0, 0)
    while true {
      let request = try await store.pool.read { [environment] db in
        let checkpoint = CheckpointStore(db: db)
        let journal = JournalStore(db: db)
        return PullRequest(
          cursor: try checkpoint.stagedCursor() ?? MetaStore(db: db)[.cursor], limit: environment.pageEvents,
          report: try journal.report(at: environment.now()))
      }
      let page: PullResponse
      do {
        page = try PullResponse(json: try await session.post("/v1/sync/pull", request.json.serialized()))
      } catch let problems as FieldProblems {
        throw SyncError.unreadableAnswer(problems.problems.first?.pointer ?? "")
      } catch SyncError.refused(let problem)
        where request.cursor != nil && ["malformed-cursor", "cursor-malformed"].contains(problem.code)
      {
        try await forgetCursor()
        return false
      } catch SyncError.refused(let problem) where problem.code == "schema-too-old" {
        throw SyncError.updateNeeded
      }
      if page.lmid > (try await store.pool.read { db in try JournalStore(db: db).lastSequence() }) {
        throw SyncError.enrolmentNeeded
      }
      if try await rewind(to: page.lmid) { isRewound = true }
      try await take(page)
      pages += 1
      events += page.events.count
      progress(.pulling(pages: pages, events: events))
      guard !page.more else { continue }
      report.pages += pages
      report.events += events
      report.version = page.version
      return !isRewound
    }
  }

  /// Stores a page; the last one makes them all show at once.
  private func take(_ page: PullResponse) async throws {
    try await store.pool.write { [environment] db in
      let checkpoints = CheckpointStore(db: db)
      if page.more {
        try checkpoints.stage(page)
        return
      }
      var staging = try checkpoints.staging()
      staging?.append(page)
      let pages = staging ?? Staging(first: page)
      if pages.events.isEmpty, !pages.isReset {
        try checkpoints.advance(
          to: .init(epoch: pages.epoch, version: pages.version), cursor: pages.cursor)
        try checkpoints.clearStaging()
        return
      }
      let before = try checkpoints.load()
      let after = before.applying(pages)
      try noteLeft(pages, before, after, db, at: environment.now())
      try checkpoints.replace(before, by: after)
      try checkpoints.clearStaging()
      // What was received from nothing just now needs no comparison.
      if pages.isReset { try MetaStore(db: db).set(.verifiedAt, environment.now().description) }
    }
  }

  private func noteLeft(
    _ staging: Staging, _ before: Checkpoint, _ after: Checkpoint, _ db: Database, at now: Instant
  ) throws {
    for case .leave(let mission, let version, let reason) in staging.events {
      let key = EntityKey(.dossier, mission)
      guard let dossier = before.entities[key], after.entities[key] == nil else { continue }
      try InboxStore(db: db).noteLeft(
        mission, label: InboxStore.label(of: dossier.fields), reason: reason, version: version, at: now)
    }
  }

  func forgetCursor() async throws {
    try await store.pool.write { db in
      try CheckpointStore(db: db).clearStaging()
      try MetaStore(db: db).set(.cursor, nil)
    }
  }

  // MARK: Revocation

  /// All that could be sent was; what could not is never wiped. A server that was restored from a backup has forgotten
  /// answers: what they were for is rescued too, and files that were sent are offered once more.
  private func revoked(_ problem: ServerProblem, _ report: SyncReport) async throws -> SyncReport {
    var report = report
    if let lmid = problem.members["lmid"]?.integer, try await rewind(to: lmid) {
      do { try await push(&report) } catch SyncError.refused(let again) where again.code == problem.code {
        throw SyncError.revoked
      }
    }
    try await store.pool.write { db in try AttachmentQueueStore(db: db).requeueAll() }
    try await sendFiles()
    guard try await store.wipe() else { throw SyncError.revoked }
    report.isWiped = true
    progress(.finished)
    return report
  }
}
