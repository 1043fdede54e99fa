import Foundation
import Postgres

/// All SQL on attachments.
struct AttachmentStore {
  static let columns: SQL = """
    a.id, a.version, a.dossier_id, a.kind, a.diagnostic_code, a.file_name, a.media_type, a.size_bytes,
    encode(a.sha256, 'hex') AS sha256, a.caption, a.taken_at, a.latitude, a.longitude, a.state, a.created_at,
    a.updated_at
    """

  /// Staff see all; a device sees those of the missions that it has now, and once revoked none.
  private static let within: SQL = """
    (coalesce(current_setting('app.device_id', true), '') = '' OR EXISTS (SELECT 1 FROM device v
      JOIN system.sync_membership m ON m.organization_id = v.organization_id AND m.technician_id = v.technician_id
      WHERE v.organization_id = a.organization_id AND v.id = \(PrincipalStore.signedInDevice)
        AND v.revoked_at IS NULL AND m.dossier_id = a.dossier_id AND m.state = 'in'))
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT \(columns) FROM attachment a
    WHERE a.organization_id = \(organization) AND a.id = \(id) AND \(within)
    """
  }

  static func ofDossier(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT \(columns) FROM attachment a WHERE a.organization_id = \(organization) AND a.dossier_id = \(dossier)
    ORDER BY a.created_at, a.id LIMIT 2000
    """
  }

  /// The attachment's name and state with its blob, where there is one.
  static func file(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT a.file_name, a.state, \(BlobStore.columns) FROM attachment a
    LEFT JOIN system.blob b ON b.organization_id = a.organization_id AND b.sha256 = a.sha256
    WHERE a.organization_id = \(organization) AND a.id = \(id) AND \(within)
    """
  }

  /// What the server misses of the missions that the device has, oldest first, with the device's own unfinished upload.
  static func missing(_ organization: UUID, _ page: Page) -> SQL {
    """
    SELECT a.id, a.dossier_id, a.file_name, a.media_type, a.size_bytes, encode(a.sha256, 'hex') AS sha256,
      u.id AS upload_id, u.offset_bytes AS upload_offset, a.created_at, a.created_at::text AS _key
    FROM attachment a LEFT JOIN LATERAL (
      SELECT x.id, x.offset_bytes FROM system.upload x
      WHERE x.organization_id = a.organization_id AND x.actor = current_setting('app.actor') AND x.sha256 = a.sha256
        AND x.offset_bytes < x.size_bytes AND x.expires_at > now()
      ORDER BY x.offset_bytes DESC, x.id LIMIT 1
    ) u ON true
    WHERE a.organization_id = \(organization) AND a.state = 'awaiting_blob' AND \(within)
      \(page.before("a.created_at", "a.id"))
    ORDER BY a.created_at DESC, a.id DESC LIMIT \(page.fetched)
    """
  }

  /// The dossier, locked; then how many of its attachments the server still misses.
  static func lockedMissing(_ organization: UUID, _ dossier: UUID) -> [SQL] {
    [
      """
      SELECT d.id FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(dossier) FOR NO KEY UPDATE
      """,
      """
      SELECT count(*) FROM attachment a WHERE a.organization_id = \(organization) AND a.dossier_id = \(dossier)
        AND a.state = 'awaiting_blob'
      """,
    ]
  }
}
