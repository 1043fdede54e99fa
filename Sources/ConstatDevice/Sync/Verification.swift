import ConstatCore
import ConstatSync
import GRDB

/// Whether a device holds what the server says it should.
public enum Verification: Sendable, Hashable {
  case same
  /// These types of row differed, and all rows were received anew. Edits were not touched.
  case differed([String])
}

extension SyncRun {
  /// Seconds after which a sync compares all that the device holds with the server.
  static let verificationSeconds: Int64 = 86_400

  /// True where the last comparison, or the last state received from nothing, is a day old.
  var isVerificationDue: Bool {
    get async throws {
      let last = try await store.pool.read { db in try MetaStore(db: db)[.verifiedAt].flatMap(Instant.init) }
      return last.map { $0.adding(seconds: Self.verificationSeconds) <= environment.now() } ?? true
    }
  }

  /// Compares, and receives everything anew where something differs. What the comparison itself needs may be away: an
  /// older server does not know it, a network breaks; that is no fault of the sync, unless it was asked for.
  func verify(_ report: inout SyncReport) async throws {
    do { try await compare(&report) } catch let error as SyncError {
      if case .refused(let problem) = error, [404, 405].contains(problem.status) { return }
      switch error {
      case .offline where !isVerifying, .serverBusy where !isVerifying: return
      default: throw error
      }
    }
  }

  private func compare(_ report: inout SyncReport) async throws {
    for _ in 0..<Self.rounds {
      let checkpoint = try await store.pool.read { db in try CheckpointStore(db: db).load() }
      guard let cursor = checkpoint.cursor else { return }
      let held = ScopeDigest(of: checkpoint.entities.values)
      let expected: ScopeDigest?
      do {
        let body = DigestRequest(cursor: cursor, held: held).json.serialized()
        expected = try DigestResponse(json: try await session.post("/v1/sync/digest", body)).expected
      } catch let problems as FieldProblems {
        throw SyncError.unreadableAnswer(problems.problems.first?.pointer ?? "")
      }
      guard let expected else {
        // Something has changed meanwhile.
        guard try await pull(&report) else { return }
        continue
      }
      let differing = held.differing(from: expected)
      if differing.isEmpty {
        report.verification = report.verification ?? .same
        return try await noteVerified()
      }
      report.verification = .differed(differing)
      try await noteDiffering(differing, version: checkpoint.base.version)
      try await forgetCursor()
      guard try await pull(&report) else { return }
    }
    // What still differs after it was received anew is tried again tomorrow, not with every sync.
    try await noteVerified()
  }

  private func noteVerified() async throws {
    try await store.pool.write { [now = environment.now()] db in
      try MetaStore(db: db).set(.verifiedAt, now.description)
    }
  }

  private func noteDiffering(_ types: [String], version: Int64) async throws {
    try await store.pool.write { [now = environment.now()] db in
      try InboxStore(db: db).noteDiffering(types, version: version, at: now)
    }
  }
}
