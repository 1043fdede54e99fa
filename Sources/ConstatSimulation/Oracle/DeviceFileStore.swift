import ConstatSync
import GRDB

/// A device's own file, past the SDK.
struct DeviceFileStore {
  let file: String

  /// Changes a row behind the SDK's back; false where the device has none of the type.
  func tamper(_ field: String, of type: EntityType) async throws -> Bool {
    let queue = try DatabaseQueue(path: file)
    let changed = try await queue.write { db in
      try db.execute(
        literal: """
          UPDATE entity SET fields = json_set(fields, \("$." + field), 'tampered')
          WHERE id = (SELECT id FROM entity WHERE type = \(type.rawValue) ORDER BY id LIMIT 1)
          """)
      return db.changesCount
    }
    try queue.close()
    return changed > 0
  }
}
