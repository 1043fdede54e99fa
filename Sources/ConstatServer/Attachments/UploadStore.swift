import ConstatCore
import Foundation
import Postgres

/// All SQL on uploads. Time is the database's.
struct UploadStore {
  /// An upload as it stands; each belongs to who began it.
  struct Upload: RowDecodable, Sendable {
    let id: UUID
    let sha256: [UInt8]
    let mediaType: String
    let size: Int64
    let offset: Int64
    /// Where the parts that the storage holds begin.
    let parts: [Int64]
    let isExpired: Bool
    /// As HTTP writes dates.
    let expires: String

    init(row: Row) throws {
      id = try row.get("id")
      sha256 = try row.get("sha256")
      mediaType = try row.get("media_type")
      size = try row.get("size_bytes")
      offset = try row.get("offset_bytes")
      parts = try row.get("parts")
      isExpired = try row.get("expired")
      expires = try row.get("expires")
    }
  }

  private static let columns: SQL = """
    u.id, u.sha256, u.media_type, u.size_bytes, u.offset_bytes, u.parts, u.expires_at <= now() AS expired,
    to_char(u.expires_at AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS "GMT"') AS expires
    """
  /// How long an upload waits for its next part.
  private static let patience: SQL = "interval '7 days'"

  /// The caller's own.
  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT \(columns) FROM system.upload u
    WHERE u.organization_id = \(organization) AND u.id = \(id) AND u.actor = current_setting('app.actor')
    """
  }

  /// How many uploads of theirs are not at their end.
  static func openCount(_ organization: UUID, actor: String) -> SQL {
    """
    SELECT count(*) FROM system.upload u WHERE u.organization_id = \(organization) AND u.actor = \(actor)
      AND u.offset_bytes < u.size_bytes AND u.expires_at > now()
    """
  }

  static func insert(_ organization: UUID, id: UUID, actor: String, _ announced: AnnouncedFile, offset: Int64)
    -> SQL
  {
    """
    INSERT INTO system.upload AS u (organization_id, id, actor, sha256, media_type, file_name, size_bytes, offset_bytes,
      expires_at)
    VALUES (\(organization), \(id), \(actor), \(announced.sha256), \(announced.kind.rawValue), \(announced.fileName),
      \(announced.size), \(offset), now() + \(patience))
    RETURNING \(columns)
    """
  }

  /// One part further, provided that nobody else was faster; `keeping`: the storage has it as a part. No row: somebody
  /// was, or the upload is gone.
  static func advance(_ organization: UUID, _ upload: Upload, to offset: Int64, keeping: Bool) -> SQL {
    let parts: [Int64] = keeping ? [upload.offset] : []
    return """
      UPDATE system.upload u SET offset_bytes = \(offset), parts = u.parts || \(parts),
        expires_at = now() + \(patience)
      WHERE u.organization_id = \(organization) AND u.id = \(upload.id) AND u.offset_bytes = \(upload.offset)
      RETURNING \(columns)
      """
  }

  /// The parts of a finished upload are gone from the storage.
  static func clearParts(_ organization: UUID, _ id: UUID) -> SQL {
    "UPDATE system.upload SET parts = '{}' WHERE organization_id = \(organization) AND id = \(id)"
  }

  static func delete(_ organization: UUID, _ id: UUID) -> SQL {
    "DELETE FROM system.upload WHERE organization_id = \(organization) AND id = \(id)"
  }

  static func expired(_ organization: UUID) -> SQL {
    """
    SELECT u.id FROM system.upload u WHERE u.organization_id = \(organization) AND u.expires_at <= now() LIMIT 500
    """
  }

  /// One of them, locked, if it still is.
  static func lockExpired(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT \(columns) FROM system.upload u
    WHERE u.organization_id = \(organization) AND u.id = \(id) AND u.expires_at <= now() FOR UPDATE SKIP LOCKED
    """
  }
}
