import ConstatCore
import Foundation
import Postgres

/// All SQL on devices and their sessions.
struct DeviceStore {
  static let columns: SQL = """
    d.id, d.version, d.technician_id, d.name, d.platform, d.revoked_at, j.last_sequence, j.unsent_count,
    j.oldest_unsent_at, j.last_seen_at, j.digest_mismatches, j.last_mismatch_at, j.schema, j.clock_skew_seconds,
    j.refusal, j.refused_at, \(stuck) AS stuck, d.created_at, d.updated_at
    """
  /// A device that cannot go on: its last push was refused whole, or it has held an edit for more than a day.
  private static let stuck: SQL = """
    (j.refusal IS NOT NULL OR coalesce(j.unsent_count > 0 AND j.oldest_unsent_at < now() - interval '1 day', false))
    """
  static let tables: SQL = """
    device d LEFT JOIN system.device_journal j ON j.organization_id = d.organization_id AND j.device_id = d.id
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM \(tables) WHERE d.organization_id = \(organization) AND d.id = \(id)"
  }

  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "technician_id", "stuck")
    let technician: SQL = try filters.uuid("technician_id").map { "AND d.technician_id = \($0)" } ?? ""
    let stuck: SQL = try filters.bool("stuck").map { "AND \(Self.stuck) = \($0)" } ?? ""
    return """
      SELECT \(columns), d.created_at::text AS _key FROM \(tables)
      WHERE d.organization_id = \(organization) \(technician) \(stuck) \(page.before("d.created_at", "d.id"))
      ORDER BY d.created_at DESC, d.id DESC LIMIT \(page.fetched)
      """
  }

  static func isTechnician(_ organization: UUID, _ account: UUID) -> SQL {
    """
    SELECT 1 FROM user_account WHERE organization_id = \(organization) AND id = \(account)
      AND 'technician' = ANY (profiles) AND disabled_at IS NULL
    """
  }

  static func insert(
    _ organization: UUID, id: UUID, technician: UUID, name: String, platform: String, secretHash: [UInt8]
  ) -> [SQL] {
    [
      """
      INSERT INTO device (organization_id, id, technician_id, name, platform, secret_hash)
      VALUES (\(organization), \(id), \(technician), \(name), \(platform), \(secretHash))
      """,
      "INSERT INTO system.device_journal (organization_id, device_id) VALUES (\(organization), \(id))",
    ]
  }

  static func revoke(_ organization: UUID, _ id: UUID) -> SQL {
    """
    UPDATE device SET revoked_at = now() WHERE organization_id = \(organization) AND id = \(id) AND revoked_at IS NULL
    """
  }

  /// Sets the tenant for a device that has only its secret, and finds it by it: also a revoked one, whose last work is
  /// rescued though its technician's account was disabled.
  static func bySecret(_ secret: BearerToken, _ id: UUID) -> [SQL] {
    [
      "SELECT set_config('app.organization_id', \(secret.organization.uuidString), true)",
      """
      SELECT d.technician_id FROM device d
      JOIN user_account a ON a.organization_id = d.organization_id AND a.id = d.technician_id
      WHERE d.organization_id = \(secret.organization) AND d.id = \(id) AND d.secret_hash = \(secret.hash)
        AND (a.disabled_at IS NULL OR d.revoked_at IS NOT NULL)
      """,
    ]
  }

  /// A device has few sessions at a time: those that ended go as a new one comes.
  static func openSession(
    _ organization: UUID, id: UUID, device: UUID, technician: UUID, accessHash: [UInt8], refreshHash: [UInt8],
    seconds: Int
  ) -> [SQL] {
    [
      """
      DELETE FROM system.session WHERE organization_id = \(organization) AND device_id = \(device)
        AND access_expires_at < now()
      """,
      """
      INSERT INTO system.session (organization_id, id, account_id, device_id, access_hash, access_expires_at,
        refresh_hash, expires_at)
      VALUES (\(organization), \(id), \(technician), \(device), \(accessHash), now() + make_interval(secs => \(seconds)),
        \(refreshHash), now() + make_interval(secs => \(seconds)))
      """,
    ]
  }
}
