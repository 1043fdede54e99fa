import ConstatCore
import ConstatSync
import GRDB

/// The journal's rows. Its rules are ConstatSync's `Journal`; this brings it the part that a question needs.
struct JournalStore {
  let db: Database

  func append(_ mutation: Mutation, at now: Instant) throws {
    try db.execute(
      literal: """
        INSERT INTO journal (seq, type, id, dossier, mutation, made_at)
        VALUES (\(mutation.seq), \(mutation.key.type.rawValue), \(mutation.key.id), \(mutation.dossier),
          \(mutation.json.description), \(now.microseconds))
        """)
    try MetaStore(db: db).set(.lastSequence, String(mutation.seq))
  }

  func lastSequence() throws -> Int64 {
    try MetaStore(db: db)[.lastSequence].flatMap { Int64($0) } ?? 0
  }

  func waitingCount() throws -> Int {
    try SQLRequest<Int>("SELECT count(*) FROM journal WHERE state <> 'acknowledged'").fetchOne(db) ?? 0
  }

  func waitingCount(inMission dossier: String) throws -> Int {
    try SQLRequest<Int>(
      "SELECT count(*) FROM journal WHERE state <> 'acknowledged' AND dossier = \(dossier)"
    ).fetchOne(db) ?? 0
  }

  func oldestWaitingAt() throws -> Instant? {
    try SQLRequest<Int64>("SELECT min(made_at) FROM journal WHERE state <> 'acknowledged'").fetchOne(db)
      .map { Instant(microseconds: $0) }
  }

  /// What the device says of itself with every call.
  func report(at now: Instant) throws -> DeviceReport {
    DeviceReport(unsentCount: try waitingCount(), oldestUnsentAt: try oldestWaitingAt(), clock: now)
  }

  /// What the next push carries: at most `limit` mutations and `byteLimit` bytes, but at least one group.
  func batch(limit: Int, byteLimit: Int) throws -> [Mutation] {
    let journal = Journal(
      entries: try entries(
        "state <> 'acknowledged' ORDER BY seq LIMIT \(limit + SyncLimits.groupMutations)"),
      lastSequence: try lastSequence())
    var bytes = 0
    let fitting = journal.entries.prefix(limit).prefix { entry in
      bytes += entry.mutation.json.description.utf8.count
      return bytes <= byteLimit
    }
    return journal.batch(limit: max(1, fitting.count))
  }

  /// Notes that the mutations have left, though whether they arrived is not known.
  func markSent(_ mutations: [Mutation]) throws {
    guard let first = mutations.first?.seq, let last = mutations.last?.seq else { return }
    try db.execute(
      literal:
        "UPDATE journal SET state = 'sent' WHERE seq BETWEEN \(first) AND \(last) AND state = 'pending'")
  }

  /// Notes the answers, and returns the entries that they are news for.
  func acknowledge(_ response: PushResponse, at now: Instant) throws -> [JournalEntry] {
    guard let first = response.results.map(\.seq).min(), let last = response.results.map(\.seq).max() else {
      return []
    }
    let before = try entries("seq BETWEEN \(first) AND \(last) ORDER BY seq")
    var journal = Journal(entries: before, lastSequence: try lastSequence())
    journal.acknowledge(response, at: now)
    let news = zip(before, journal.entries).filter { !$0.isAnswered && $1.isAnswered }.map(\.1)
    for entry in news {
      try db.execute(
        literal: """
          UPDATE journal SET state = 'acknowledged', result = \(entry.result?.json.description),
            result_version = \(entry.result?.version), result_epoch = \(entry.epoch),
            settled_at = \(entry.settledAt?.microseconds)
          WHERE seq = \(entry.mutation.seq)
          """)
    }
    return news
  }

  /// Takes the server's word for how far it has settled. True where that takes answers back.
  func rewind(to lmid: Int64) throws -> Bool {
    try db.execute(
      literal: """
        UPDATE journal SET state = 'sent', result = NULL, result_version = NULL, result_epoch = NULL, settled_at = NULL
        WHERE seq > \(lmid) AND state = 'acknowledged'
        """)
    return db.changesCount > 0
  }

  /// True where the server misses edits that the journal no longer has.
  func isShort(of lmid: Int64) throws -> Bool {
    Journal(entries: try entries("true ORDER BY seq LIMIT 1"), lastSequence: try lastSequence()).isShort(
      of: lmid)
  }

  /// Forgets what was answered long ago.
  func prune(before moment: Instant) throws {
    try db.execute(
      literal: """
        DELETE FROM journal WHERE seq < coalesce((SELECT min(seq) FROM journal
          WHERE state <> 'acknowledged' OR settled_at >= \(moment.microseconds)), \(Int64.max))
        """)
  }

  /// The mutations that the server does not hold.
  func unheld(by server: Lineage) throws -> [Mutation] {
    try Journal(entries: entries("true ORDER BY seq")).unheld(by: server)
  }

  /// What the server does not hold, as the journal of a device that enrols anew.
  func renumber(for server: Lineage) throws {
    let all = Journal(entries: try entries("true ORDER BY seq"))
    let madeAt = try SQLRequest<Row>("SELECT seq, made_at FROM journal").fetchAll(db).reduce(
      into: [Int64: Int64]()
    ) { $0[$1[0]] = $1[1] }
    let journal = all.renumbered(for: server)
    try db.execute(literal: "DELETE FROM journal")
    try MetaStore(db: db).set(.lastSequence, nil)
    for (old, entry) in zip(all.unheld(by: server), journal.entries) {
      try append(entry.mutation, at: Instant(microseconds: madeAt[old.seq] ?? 0))
    }
  }

  /// Edits that show over the checkpoint, in sequence.
  func pending(over base: Mutation.Base) throws -> [Mutation] {
    try pending(over: base, "true")
  }

  func pending(over base: Mutation.Base, of key: EntityKey) throws -> [Mutation] {
    try pending(over: base, "type = \(key.type.rawValue) AND id = \(key.id)")
  }

  func pending(over base: Mutation.Base, inMission dossier: String) throws -> [Mutation] {
    try pending(over: base, "dossier = \(dossier)")
  }

  private func pending(over base: Mutation.Base, _ condition: SQL) throws -> [Mutation] {
    Journal(
      entries: try entries(
        """
        \(condition) AND (state <> 'acknowledged' OR result_version > \(base.version)
          OR result_epoch <> \(base.epoch)) ORDER BY seq
        """)
    ).pending(over: base)
  }

  /// The versions that this device made after the one given.
  func ownVersions(in epoch: String, after version: Int64) throws -> Set<Int64> {
    try SQLRequest<Int64>(
      "SELECT DISTINCT result_version FROM journal WHERE result_epoch = \(epoch) AND result_version > \(version)"
    ).fetchSet(db)
  }

  /// Everything, as it stands.
  func export() throws -> JSONValue {
    .array(
      try SQLRequest<Row>("SELECT mutation, made_at, state, result FROM journal ORDER BY seq").fetchAll(db)
        .map { row in
          let result = (row[3] as String?).flatMap { try? JSONValue.parse($0) }
          return [
            "mutation": (try? JSONValue.parse(row[0] as String)) ?? .null,
            "made_at": .string(Instant(microseconds: row[1]).description), "state": .string(row[2]),
            "result": result ?? .null,
          ]
        })
  }

  private func entries(_ condition: SQL) throws -> [JournalEntry] {
    try SQLRequest<Row>(
      "SELECT mutation, result, result_epoch, settled_at FROM journal WHERE \(condition)"
    ).fetchAll(db).map { row in
      let result = try (row[1] as String?).map { text in try MutationResult(json: JSONValue.parse(text)) }
      return JournalEntry(
        mutation: try Mutation(json: JSONValue.parse(row[0] as String)), result: result, epoch: row[2],
        settledAt: (row[3] as Int64?).map { Instant(microseconds: $0) })
    }
  }
}
