import GRDB

/// A device's own file, past the SDK.
struct DeviceFileStore {
  let file: String

  /// Changes a row behind the SDK's back; false where the device has no mission.
  func tamper() async throws -> Bool {
    let queue = try DatabaseQueue(path: file)
    let changed = try await queue.write { db in
      try db.execute(
        sql: """
          UPDATE entity SET fields = json_set(fields, '$.street', 'tampered')
          WHERE id = (SELECT id FROM entity WHERE type = 'dossier' ORDER BY id LIMIT 1)
          """)
      return db.changesCount
    }
    try queue.close()
    return changed > 0
  }
}
