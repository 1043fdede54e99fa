import ConstatCore
import ConstatSync
import GRDB

/// The queue's rows.
struct AttachmentQueueStore {
  enum State: String { case waiting, uploaded, setAside = "set_aside" }

  struct Entry: Sendable {
    let sha256: String
    let mediaType: String
    let fileName: String
    let size: Int
    let state: State
    /// The path that the server gave for the upload that is under way.
    let upload: String?
    let sent: Int
    let attempts: Int
    let problem: AttachmentProblem?
  }

  private static let columns: SQL =
    "sha256, media_type, file_name, size, state, upload, sent, attempts, problem"

  let db: Database

  /// The same bytes again are the same entry, tried once more where they had been set aside.
  func enqueue(sha256: String, mediaType: String, fileName: String, size: Int, at now: Instant) throws {
    try db.execute(
      literal: """
        INSERT INTO attachment_queue (sha256, media_type, file_name, size, queued_at)
        VALUES (\(sha256), \(mediaType), \(fileName), \(size), \(now.microseconds))
        ON CONFLICT (sha256) DO UPDATE SET state = 'waiting', problem = NULL, attempts = 0, next_attempt_at = NULL
        WHERE state = 'set_aside'
        """)
  }

  /// The next to be sent, of those whose time has come.
  func next(at now: Instant) throws -> Entry? {
    try SQLRequest<Row>(
      """
      SELECT \(Self.columns) FROM attachment_queue WHERE state = 'waiting'
        AND (next_attempt_at IS NULL OR next_attempt_at <= \(now.microseconds)) ORDER BY queued_at, sha256 LIMIT 1
      """
    ).fetchOne(db).flatMap(Self.entry)
  }

  func entry(_ sha256: String) throws -> Entry? {
    try SQLRequest<Row>("SELECT \(Self.columns) FROM attachment_queue WHERE sha256 = \(sha256)").fetchOne(db)
      .flatMap(Self.entry)
  }

  func backlog() throws -> AttachmentBacklog {
    var backlog = AttachmentBacklog()
    let rows = try SQLRequest<Row>(
      """
      SELECT state, count(*), coalesce(sum(size - sent), 0) FROM attachment_queue
      WHERE state <> 'uploaded' GROUP BY state
      """
    ).fetchAll(db)
    for row in rows {
      if row[0] as String == State.waiting.rawValue {
        (backlog.count, backlog.bytes) = (row[1], row[2])
      } else {
        backlog.setAside = row[1]
      }
    }
    return backlog
  }

  /// How far the entry's upload has come; nil where there is none any more.
  func note(_ sha256: String, upload: String?, sent: Int) throws {
    try db.execute(
      literal: "UPDATE attachment_queue SET upload = \(upload), sent = \(sent) WHERE sha256 = \(sha256)")
  }

  func finish(_ sha256: String) throws {
    let base = try MetaStore(db: db).base()
    try db.execute(
      literal: """
        UPDATE attachment_queue SET state = 'uploaded', upload = NULL, sent = size, attempts = 0,
          next_attempt_at = NULL, problem = NULL, uploaded_at_version = \(base.version), uploaded_in = \(base.epoch)
        WHERE sha256 = \(sha256)
        """)
  }

  func postpone(_ sha256: String, until: Instant) throws {
    try db.execute(
      literal: """
        UPDATE attachment_queue SET attempts = attempts + 1, next_attempt_at = \(until.microseconds)
        WHERE sha256 = \(sha256)
        """)
  }

  func setAside(_ sha256: String, _ problem: AttachmentProblem) throws {
    let text: JSONValue = ["code": .string(problem.code), "title": .string(problem.title)]
    try db.execute(
      literal: """
        UPDATE attachment_queue SET state = 'set_aside', problem = \(text.description), upload = NULL, sent = 0
        WHERE sha256 = \(sha256)
        """)
  }

  /// Sends again what was set aside or waits for its time.
  func retry(_ sha256: String) throws {
    try db.execute(
      literal: """
        UPDATE attachment_queue SET state = 'waiting', attempts = 0, next_attempt_at = NULL, problem = NULL
        WHERE sha256 = \(sha256) AND state <> 'uploaded'
        """)
  }

  func forget(_ sha256: String) throws {
    try db.execute(literal: "DELETE FROM attachment_queue WHERE sha256 = \(sha256)")
  }

  /// What the server says that it misses although it once said that it had it: it was restored from a backup, or has
  /// thrown away what nothing referred to. Only a checkpoint that is newer than the upload can say so. In a new epoch
  /// everything is offered once more, since of a mission that left no checkpoint tells; what the server has it does not
  /// take again.
  func requeueMissing() throws {
    let base = try MetaStore(db: db).base()
    try db.execute(
      literal: """
        UPDATE attachment_queue SET state = 'waiting', sent = 0
        WHERE state = 'uploaded' AND uploaded_in <> \(base.epoch)
        """)
    for row in try CheckpointStore(db: db).entities(of: .attachment)
    where row.fields["state"]?.string == Attachment.State.awaitingBlob.rawValue {
      guard let sha256 = row.fields["sha256"]?.string else { continue }
      try db.execute(
        literal: """
          UPDATE attachment_queue SET state = 'waiting', sent = 0
          WHERE sha256 = \(sha256) AND state = 'uploaded' AND uploaded_at_version < \(base.version)
          """)
    }
  }

  func entered() throws -> Set<String> {
    try SQLRequest<String>("SELECT sha256 FROM attachment_queue").fetchSet(db)
  }

  func waiting() throws -> Set<String> {
    try SQLRequest<String>("SELECT sha256 FROM attachment_queue WHERE state = 'waiting'").fetchSet(db)
  }

  /// What a mission on the device names, or an edit that is unanswered or was settled since a moment. The bytes of a
  /// mission's files stay as long as it does, and some days longer, so that a server that has lost them gets them again.
  func used(since moment: Instant) throws -> Set<String> {
    let shown = try LocalReader(db).all().values.filter { $0.key.type == .attachment }
      .compactMap { $0.values["sha256"]?.string }
    let recent = try SQLRequest<String>(
      """
      SELECT mutation FROM journal WHERE type = 'attachment'
        AND (state <> 'acknowledged' OR settled_at >= \(moment.microseconds))
      """
    ).fetchAll(db).compactMap { try JSONValue.parse($0)["set"]?["sha256"]?.string }
    return Set(shown + recent)
  }

  /// Whether another attachment is of these bytes: one that shows, or one whose edit is unanswered, be its mission gone.
  func isNamed(_ sha256: String, beside id: String) throws -> Bool {
    let shown = try LocalReader(db).all().values.contains {
      $0.key.type == .attachment && $0.key.id != id && $0.values["sha256"]?.string == sha256
    }
    if shown { return true }
    return try SQLRequest<String>(
      "SELECT mutation FROM journal WHERE type = 'attachment' AND id <> \(id) AND state <> 'acknowledged'"
    ).fetchAll(db).contains { try JSONValue.parse($0)["set"]?["sha256"]?.string == sha256 }
  }

  /// Offers all that was sent once more; what the server has it does not take again.
  func requeueAll() throws {
    try db.execute(
      literal: "UPDATE attachment_queue SET state = 'waiting', sent = 0 WHERE state = 'uploaded'")
  }

  private static func entry(_ row: Row) -> Entry? {
    guard let state = State(rawValue: row[4]) else { return nil }
    let problem = (row[8] as String?).flatMap { try? JSONValue.parse($0) }.map {
      AttachmentProblem(code: $0["code"]?.string ?? "", title: $0["title"]?.string ?? "")
    }
    return Entry(
      sha256: row[0], mediaType: row[1], fileName: row[2], size: row[3], state: state, upload: row[5],
      sent: row[6],
      attempts: row[7], problem: problem)
  }
}
