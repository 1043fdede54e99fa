import Foundation
import Postgres

/// All SQL on blobs: which bytes an organization has, and where they are.
///
/// A row comes before its object in the storage and goes after it, so that no object is ever there that no row knows of:
/// `promise`, then put, then `settle`; `condemn`, then delete, then `forget`.
struct BlobStore {
  /// What reading a blob needs; alias `b`.
  static let columns: SQL = "b.sha256, b.media_type, b.bytes, b.stored"

  static func one(_ organization: UUID, sha256: [UInt8]) -> SQL {
    "SELECT \(columns) FROM system.blob b WHERE b.organization_id = \(organization) AND b.sha256 = \(sha256)"
  }

  /// Says that these bytes are about to be stored; whether they are already.
  static func promise(_ organization: UUID, sha256: [UInt8], mediaType: String) -> SQL {
    """
    INSERT INTO system.blob AS b (organization_id, sha256, media_type, stored)
    VALUES (\(organization), \(sha256), \(mediaType), false)
    ON CONFLICT (organization_id, sha256) DO UPDATE SET touched_at = now() RETURNING b.stored
    """
  }

  /// The storage has them.
  static func settle(_ organization: UUID, sha256: [UInt8]) -> SQL {
    """
    UPDATE system.blob SET stored = true
    WHERE organization_id = \(organization) AND sha256 = \(sha256) AND NOT stored
    """
  }

  /// A row where the bytes are stored already, which then stay for some days at least; none where they are not.
  static func touch(_ organization: UUID, sha256: [UInt8]) -> SQL {
    """
    UPDATE system.blob b SET touched_at = now()
    WHERE b.organization_id = \(organization) AND b.sha256 = \(sha256) AND b.stored RETURNING b.media_type
    """
  }

  /// Small bytes that are committed with the row that names them: signatures, which come inside a push.
  static func keepInline(_ organization: UUID, sha256: String, mediaType: String, _ bytes: [UInt8]) -> SQL {
    """
    INSERT INTO system.blob AS b (organization_id, sha256, media_type, bytes)
    VALUES (\(organization), decode(\(sha256), 'hex'), \(mediaType), \(bytes))
    ON CONFLICT (organization_id, sha256) DO UPDATE SET touched_at = now(), stored = true,
      bytes = CASE WHEN b.stored THEN b.bytes ELSE EXCLUDED.bytes END
    """
  }

  // MARK: Sweeping

  /// Bytes kept in the table that are too large for it.
  static func oversized(_ organization: UUID, above size: Int) -> SQL {
    """
    SELECT \(columns) FROM system.blob b
    WHERE b.organization_id = \(organization) AND octet_length(b.bytes) > \(size) LIMIT 5
    """
  }

  static func moved(_ organization: UUID, sha256: [UInt8]) -> SQL {
    "UPDATE system.blob SET bytes = NULL WHERE organization_id = \(organization) AND sha256 = \(sha256)"
  }

  /// Stored bytes that nothing refers to and that nobody asked for of late.
  static func orphans(_ organization: UUID) -> SQL {
    """
    SELECT b.sha256 FROM system.blob b WHERE b.organization_id = \(organization) AND b.stored
      AND b.touched_at < now() - interval '7 days' AND \(unreferenced) LIMIT 500
    """
  }

  /// Locked against attachments that are being made; then judged anew, by statements that see what was made meanwhile.
  static func condemn(_ organization: UUID, sha256: [UInt8]) -> [SQL] {
    [
      "SELECT pg_advisory_xact_lock(system.blob_lock(\(organization), \(sha256))) IS NULL AS locked",
      """
      DELETE FROM system.blob b WHERE b.organization_id = \(organization) AND b.sha256 = \(sha256)
        AND b.bytes IS NOT NULL AND b.touched_at < now() - interval '7 days' AND \(unreferenced)
      """,
      """
      UPDATE system.blob b SET stored = false WHERE b.organization_id = \(organization) AND b.sha256 = \(sha256)
        AND b.stored AND b.touched_at < now() - interval '7 days' AND \(unreferenced)
      """,
    ]
  }

  /// Objects that were condemned, or promised and never put. Of what something refers to the object may be there, although
  /// it was missed once.
  static func condemned(_ organization: UUID) -> SQL {
    """
    SELECT b.sha256 FROM system.blob b WHERE b.organization_id = \(organization) AND NOT b.stored
      AND b.touched_at < now() - interval '1 day' AND \(unreferenced) LIMIT 500
    """
  }

  /// Locks one of them, if it still is; who wants the bytes again waits for the end of it.
  static func lockCondemned(_ organization: UUID, sha256: [UInt8]) -> SQL {
    """
    SELECT b.sha256 FROM system.blob b WHERE b.organization_id = \(organization) AND b.sha256 = \(sha256)
      AND NOT b.stored AND b.touched_at < now() - interval '1 day' AND \(unreferenced) FOR UPDATE
    """
  }

  static func forget(_ organization: UUID, sha256: [UInt8]) -> SQL {
    "DELETE FROM system.blob WHERE organization_id = \(organization) AND sha256 = \(sha256) AND NOT stored"
  }

  // MARK: Checking

  /// Rows for bytes that are waited for and that no row knows of: a database that was restored has forgotten what came
  /// after its backup, and the storage may still have. They are looked for next.
  static func expect(_ organization: UUID) -> SQL {
    """
    INSERT INTO system.blob (organization_id, sha256, media_type, stored, checked_at)
    SELECT a.organization_id, a.sha256, a.media_type, false, timestamptz '-infinity' FROM attachment a
    WHERE a.organization_id = \(organization) AND a.state = 'awaiting_blob' AND NOT EXISTS (SELECT FROM system.blob b
      WHERE b.organization_id = a.organization_id AND b.sha256 = a.sha256) LIMIT 500
    ON CONFLICT (organization_id, sha256) DO NOTHING
    """
  }

  /// Objects that something refers to and that nobody has looked for of late, and whether they should be there.
  static func unchecked(_ organization: UUID) -> SQL {
    """
    SELECT b.sha256, b.media_type, b.stored FROM system.blob b
    WHERE b.organization_id = \(organization) AND b.bytes IS NULL
      AND b.checked_at < now() - interval '7 days' AND NOT (\(unreferenced)) ORDER BY b.checked_at LIMIT 500
    """
  }

  /// Notes whether the storage has the object, unless that has changed meanwhile.
  static func checked(_ organization: UUID, sha256: [UInt8], was: Bool, isThere: Bool) -> SQL {
    let change: SQL = was == isThere ? "" : ", stored = \(isThere), touched_at = now()"
    return """
      UPDATE system.blob b SET checked_at = now()\(change)
      WHERE b.organization_id = \(organization) AND b.sha256 = \(sha256) AND b.bytes IS NULL AND b.stored = \(was)
      """
  }

  /// Somebody asked for the object and it was not there: it is looked for at the next run.
  static func doubt(_ organization: UUID, sha256: [UInt8]) -> SQL {
    "UPDATE system.blob SET checked_at = '-infinity' WHERE organization_id = \(organization) AND sha256 = \(sha256)"
  }

  /// An attachment that came too late waits in a parked edit; its bytes wait with it.
  private static let unreferenced: SQL = """
    NOT EXISTS (SELECT 1 FROM attachment a WHERE a.organization_id = b.organization_id AND a.sha256 = b.sha256)
      AND NOT EXISTS (SELECT 1 FROM document f WHERE f.organization_id = b.organization_id AND f.sha256 = b.sha256)
      AND NOT EXISTS (SELECT 1 FROM signature g
        WHERE g.organization_id = b.organization_id AND g.image_sha256 = b.sha256)
      AND NOT EXISTS (SELECT 1 FROM mission_document n
        WHERE n.organization_id = b.organization_id AND n.file_sha256 = b.sha256)
      AND NOT EXISTS (SELECT 1 FROM parked_edit p WHERE p.organization_id = b.organization_id AND p.state = 'parked'
        AND p.mutation -> 'set' ->> 'sha256' = encode(b.sha256, 'hex'))
    """
}
