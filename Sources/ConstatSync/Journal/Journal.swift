public import ConstatCore

/// A mutation and what the server said of it.
public struct JournalEntry: Sendable, Hashable {
  public let mutation: Mutation
  public var result: MutationResult?
  /// The server's epoch when it answered.
  public var epoch: String?
  public var settledAt: Instant?

  public init(
    mutation: Mutation, result: MutationResult? = nil, epoch: String? = nil, settledAt: Instant? = nil
  ) {
    self.mutation = mutation
    self.result = result
    self.epoch = epoch
    self.settledAt = settledAt
  }

  public var isAnswered: Bool { result != nil }

  /// True where the server has settled the mutation, and not forgotten it since.
  func isHeld(by server: Lineage) -> Bool {
    guard let result, let epoch else { return false }
    return server.holds(result.version, of: epoch)
  }
}

/// The device's edits in the order of their sequence, kept until the server has answered and for
/// a while after. The rules of the client's side, without its storage.
public struct Journal: Sendable, Hashable {
  /// In sequence; what was pruned is missing at the front only.
  public private(set) var entries: [JournalEntry]
  public private(set) var lastSequence: Int64

  public init(entries: [JournalEntry] = [], lastSequence: Int64 = 0) {
    self.entries = entries.sorted { $0.mutation.seq < $1.mutation.seq }
    self.lastSequence = max(lastSequence, self.entries.last?.mutation.seq ?? 0)
  }

  public var nextSequence: Int64 { lastSequence + 1 }

  public mutating func append(_ mutation: Mutation) {
    precondition(mutation.seq == nextSequence, "a journal has no gap")
    entries.append(JournalEntry(mutation: mutation))
    lastSequence = mutation.seq
  }

  /// What the next push carries: the oldest unanswered mutations, groups whole.
  public func batch(limit: Int = SyncLimits.pushMutations) -> [Mutation] {
    let waiting = entries.drop(while: \.isAnswered).map(\.mutation)
    var end = min(limit, waiting.count)
    guard end > 0, end < waiting.count else { return Array(waiting.prefix(end)) }
    if let group = waiting[end].group?.id, waiting[end - 1].group?.id == group {
      var start = end
      while start > 0, waiting[start - 1].group?.id == group { start -= 1 }
      if start > 0 {
        end = start
      } else {
        while end < waiting.count, waiting[end].group?.id == group { end += 1 }
      }
    }
    return Array(waiting.prefix(end))
  }

  public var unansweredCount: Int { entries.count { !$0.isAnswered } }

  /// Notes the answers. Answers to what is answered already change nothing.
  public mutating func acknowledge(_ response: PushResponse, at now: Instant) {
    for result in response.results {
      guard let index = index(of: result.seq), !entries[index].isAnswered else { continue }
      entries[index].result = result
      entries[index].epoch = response.epoch
      entries[index].settledAt = now
    }
  }

  /// Takes the server's word for how far it has settled, from a pull or a refused push: what comes
  /// after is unanswered again, since a server restored from a backup has forgotten it.
  public mutating func rewind(to lmid: Int64) {
    for index in entries.indices.reversed() {
      guard entries[index].mutation.seq > lmid else { return }
      entries[index].result = nil
      entries[index].epoch = nil
      entries[index].settledAt = nil
    }
  }

  /// True where the server misses edits that the journal no longer has: the device registers anew.
  public func isShort(of lmid: Int64) -> Bool {
    let first = entries.first?.mutation.seq ?? nextSequence
    return first > lmid + 1
  }

  /// Forgets what was answered before the moment given. The caller chooses it
  /// `SyncLimits.journalDays` back, so that a restored server can be told again.
  public mutating func prune(before moment: Instant) {
    let kept = entries.firstIndex { $0.settledAt.map { $0 >= moment } ?? true }
    entries.removeFirst(kept ?? entries.count)
  }

  /// The mutations that this server does not hold.
  public func unheld(by server: Lineage) -> [Mutation] {
    entries.filter { !$0.isHeld(by: server) }.map(\.mutation)
  }

  /// What this server does not hold, as the journal of a device that registers anew: sequences from 1. Beside what was
  /// never answered, answers of a history that is not the server's: it was restored from a backup that is older.
  public func renumbered(for server: Lineage) -> Journal {
    var journal = Journal()
    for var mutation in unheld(by: server) {
      mutation.seq = journal.nextSequence
      journal.append(mutation)
    }
    return journal
  }

  /// The edits to show over a checkpoint: unanswered ones, and answered ones whose effect it does
  /// not hold yet. Those that the server did not apply are no longer shown.
  public func pending(over checkpoint: Mutation.Base) -> [Mutation] {
    entries.filter { entry in
      guard let result = entry.result else { return true }
      switch result.status {
      case .parked, .rejected: return false
      case .applied, .merged, .conflicted:
        if entry.epoch == checkpoint.epoch { return result.version > checkpoint.version }
        // Answered in another epoch: in the next one where the edit was made in this one, since
        // only a swapped checkpoint changes the epoch of edits.
        return entry.mutation.base.epoch == checkpoint.epoch
      }
    }.map(\.mutation)
  }

  /// The versions that this device made itself, as far as it knows.
  public func ownVersions(in epoch: String) -> Set<Int64> {
    Set(entries.lazy.filter { $0.epoch == epoch }.compactMap { $0.result?.version })
  }

  private func index(of seq: Int64) -> Int? {
    guard let first = entries.first?.mutation.seq, seq >= first, seq <= lastSequence else { return nil }
    return Int(seq - first)
  }
}
