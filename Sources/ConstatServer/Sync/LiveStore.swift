import ConstatSync
import Foundation
import Postgres

/// What the live events ask of the database.
struct LiveStore {
  /// Of organizations that have one; each is read as itself.
  static func versions(_ organizations: [UUID]) -> SQL {
    "SELECT organization_id, version FROM system.versions_of(\(organizations))"
  }

  /// Where a listener stands when it comes: the version, and whether its device was revoked.
  static func head(_ organization: UUID) -> SQL {
    """
    SELECT t.version, d.revoked_at IS NOT NULL AS revoked, coalesce(j.last_sequence, 0) AS last_sequence
    FROM system.tenant_sync t
      LEFT JOIN device d ON d.organization_id = t.organization_id
        AND d.id = \(PrincipalStore.signedInDevice)
      LEFT JOIN system.device_journal j ON j.organization_id = d.organization_id AND j.device_id = d.id
    WHERE t.organization_id = \(organization)
    """
  }

  /// Of the credentials given, those that still stand: neither expired nor revoked, and their device neither.
  static func standing(_ organization: UUID, _ hashes: [[UInt8]]) -> SQL {
    """
    SELECT s.access_hash FROM system.session s
    JOIN user_account a ON a.organization_id = s.organization_id AND a.id = s.account_id AND a.disabled_at IS NULL
    LEFT JOIN device d ON d.organization_id = s.organization_id AND d.id = s.device_id
    WHERE s.organization_id = \(organization) AND s.access_hash = ANY (\(hashes)) AND s.access_expires_at > now()
      AND s.revoked_at IS NULL AND d.revoked_at IS NULL
    """
  }

  /// The version of the last change after a version, in the organization or, of a device, on it; NULL without one.
  static func news(_ organization: UUID, _ technician: UUID?, after version: Int64) -> SQL {
    guard let technician else {
      return """
        SELECT version FROM system.tenant_sync WHERE organization_id = \(organization) AND version > \(version)
        """
    }
    return "SELECT version FROM (\(touched(organization, [technician], after: version))) AS t"
  }

  /// Of the technicians given, those on whose devices something changed after a version, with the version of the last
  /// change: rows of their missions, missions that came or left, rows that their missions share with others.
  static func touched(_ organization: UUID, _ technicians: [UUID], after version: Int64) -> SQL {
    """
    WITH changed AS MATERIALIZED (
      SELECT e.type, e.id, e.dossier_id, e.version FROM system.sync_entity e
      WHERE e.organization_id = \(organization) AND e.version > \(version)
        AND e.type = ANY (\(EntityType.allCases.map(\.rawValue)))
    ), member AS MATERIALIZED (
      SELECT m.technician_id, m.dossier_id, m.state, m.version FROM system.sync_membership m
      WHERE m.organization_id = \(organization) AND m.technician_id = ANY (\(technicians))
        AND (m.state = 'in' OR m.version > \(version))
    )
    SELECT t.technician_id, max(t.version) AS version FROM (
      SELECT m.technician_id, m.version FROM member m WHERE m.version > \(version)
      UNION ALL
      SELECT m.technician_id, c.version FROM member m JOIN changed c ON c.dossier_id = m.dossier_id
      UNION ALL
      SELECT m.technician_id, c.version FROM member m
      JOIN dossier d ON d.organization_id = \(organization) AND d.id = m.dossier_id
      \(PullStore.sharedRows)
      JOIN changed c ON c.type = s.type AND c.id = s.id
      WHERE EXISTS (SELECT 1 FROM changed x WHERE x.type IN ('contact', 'building', 'module'))
      UNION ALL
      SELECT m.technician_id, c.version FROM changed c
      JOIN dossier_contact dc ON dc.organization_id = \(organization) AND dc.contact_id = c.id
      JOIN member m ON m.dossier_id = dc.dossier_id
      WHERE c.type = 'contact'
      UNION ALL
      SELECT technician, c.version FROM unnest(\(technicians)) AS technician CROSS JOIN changed c
      WHERE c.type IN (\(PullStore.everybodys))
    ) AS t GROUP BY t.technician_id
    """
  }
}
