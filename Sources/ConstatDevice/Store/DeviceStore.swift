import ConstatCore
import ConstatSync
import GRDB

/// The device's SQLite file. What the technician typed is in it, on the disk, before an edit returns: the journal's
/// entry is its local effect, since what shows is computed from checkpoint and journal.
struct DeviceStore: Sendable {
  let pool: DatabasePool
  /// The bytes of attachments, beside the file.
  let files: AttachmentFiles

  /// Opens the file, or makes it.
  init(file: String) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { db in
      // Without effect but on Apple's systems, where a plain fsync leaves data in the drive's cache.
      try db.execute(literal: "PRAGMA fullfsync = ON")
    }
    pool = try DatabasePool(path: file, configuration: configuration)
    // After opening, since a pool sets NORMAL then, which may lose the last commits when the power goes.
    try pool.writeWithoutTransaction { db in try db.execute(literal: "PRAGMA synchronous = FULL") }
    try Self.migrator.migrate(pool)
    files = AttachmentFiles(beside: file)
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(
        literal: """
          CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

          -- The server's rows as of the checkpoint's version. Tables without rowid could not be observed.
          CREATE TABLE entity (
            type TEXT NOT NULL, id TEXT NOT NULL, dossier TEXT, version INTEGER NOT NULL, born INTEGER NOT NULL,
            fields TEXT NOT NULL, field_versions TEXT NOT NULL, PRIMARY KEY (type, id)
          );
          CREATE INDEX entity_dossier ON entity (dossier);

          -- The pages of a pull that is under way, as they came. Nothing of them shows.
          CREATE TABLE staging (page INTEGER PRIMARY KEY, cursor TEXT NOT NULL, response TEXT NOT NULL);

          -- Each edit in its final bytes, and what the server said of it.
          CREATE TABLE journal (
            seq INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, dossier TEXT NOT NULL,
            mutation TEXT NOT NULL, made_at INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'acknowledged')),
            result TEXT, result_version INTEGER, result_epoch TEXT, settled_at INTEGER
          );
          CREATE INDEX journal_waiting ON journal (seq) WHERE state <> 'acknowledged';
          CREATE INDEX journal_row ON journal (type, id);
          CREATE INDEX journal_dossier ON journal (dossier);
          CREATE INDEX journal_result ON journal (result_version);

          -- What the technician must be told.
          CREATE TABLE inbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, kind TEXT NOT NULL,
            dossier TEXT, label TEXT NOT NULL, detail TEXT NOT NULL, dismissed INTEGER NOT NULL DEFAULT 0
          );
          """)
    }
    migrator.registerMigration("2") { db in
      try db.execute(
        literal: """
          -- The bytes to send, by their SHA-256: two attachments of the same bytes are sent once. upload: the path that the
          -- server gave for them. uploaded_at_version, uploaded_in: the checkpoint's version and epoch when the server said that it has
          -- them.
          CREATE TABLE attachment_queue (
            sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL, file_name TEXT NOT NULL, size INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'uploaded', 'set_aside')),
            upload TEXT, sent INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, next_attempt_at INTEGER,
            problem TEXT, queued_at INTEGER NOT NULL, uploaded_at_version INTEGER, uploaded_in TEXT
          );
          CREATE INDEX attachment_waiting ON attachment_queue (queued_at) WHERE state = 'waiting';
          """)
    }
    return migrator
  }

  /// Removes all that the device holds, overwriting it in the file. Refused, with false, while an edit is unanswered or a
  /// file waits to be sent.
  func wipe() async throws -> Bool {
    try await pool.writeWithoutTransaction { db in
      try db.execute(literal: "PRAGMA secure_delete = ON")
    }
    let isWiped = try await pool.write { [files] db in
      guard try JournalStore(db: db).waitingCount() == 0,
        try AttachmentQueueStore(db: db).backlog().count == 0
      else { return false }
      // First, so that a crash leaves no file that nothing names.
      try files.removeAll()
      try db.execute(
        literal: """
          DELETE FROM entity; DELETE FROM staging; DELETE FROM journal; DELETE FROM inbox; DELETE FROM meta;
          DELETE FROM attachment_queue;
          """)
      return true
    }
    if isWiped {
      try await pool.vacuum()
      _ = try await pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
    }
    return isWiped
  }
}
