import ConstatCore
import Foundation
import Postgres

/// All SQL on editions of the mission order's parts.
struct MissionDocumentStore {
  static let columns: SQL = """
    f.id, f.version, f.dossier_id, f.part, f.is_signed, f.state, f.requested_by, f.media_type, f.size_bytes,
    f.rendered_at, f.failure, f.created_at, f.updated_at
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM mission_document f WHERE f.organization_id = \(organization) AND f.id = \(id)"
  }

  /// The edition of each part of a dossier that stands: what both parties signed as it was first written down, or else
  /// the latest.
  static func latest(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT DISTINCT ON (f.part) \(columns) FROM mission_document f
    WHERE f.organization_id = \(organization) AND f.dossier_id = \(dossier)
    ORDER BY f.part, \(signedFirst), f.created_at DESC, f.id DESC
    """
  }

  private static let signedFirst: SQL =
    "f.is_signed DESC, CASE WHEN f.is_signed THEN f.created_at END, CASE WHEN f.is_signed THEN f.id END"

  /// What both parties signed, as it was first written down. No row where it was not yet.
  static func signed(_ organization: UUID, dossier: UUID, _ part: MissionOrderPart) -> SQL {
    """
    SELECT f.id, f.content FROM mission_document f
    WHERE f.organization_id = \(organization) AND f.dossier_id = \(dossier) AND f.part = \(part.rawValue)
      AND f.is_signed
    ORDER BY f.created_at, f.id LIMIT 1
    """
  }

  /// A new edition, unless there is one that says the same.
  static func insert(
    _ organization: UUID, id: UUID, dossier: UUID, _ part: MissionOrderPart, isSigned: Bool,
    content: JSONValue, sha256: [UInt8], by actor: String
  ) -> SQL {
    """
    INSERT INTO mission_document (organization_id, id, dossier_id, part, is_signed, content, content_sha256,
      requested_by)
    VALUES (\(organization), \(id), \(dossier), \(part.rawValue), \(isSigned), \(JSONB(bytes: content.serialized())),
      \(sha256), \(actor))
    ON CONFLICT (organization_id, dossier_id, part, content_sha256) DO NOTHING
    """
  }

  /// The edition with this content, or the signed one where nil: queued anew where it had failed. Then its id, and
  /// whether its file is to be made: for the first time, or since the storage has lost it.
  static func askedAgain(_ organization: UUID, dossier: UUID, _ part: MissionOrderPart, sha256: [UInt8]?)
    -> [SQL]
  {
    let edition: SQL =
      if let sha256 {
        """
        f.organization_id = \(organization) AND f.dossier_id = \(dossier) AND f.part = \(part.rawValue)
          AND f.content_sha256 = \(sha256)
        """
      } else {
        """
        f.organization_id = \(organization)
          AND f.id = (SELECT s.id FROM (\(signed(organization, dossier: dossier, part))) s)
        """
      }
    return [
      "UPDATE mission_document f SET state = 'queued', failure = NULL WHERE \(edition) AND f.state = 'failed'",
      "SELECT f.id, f.state = 'queued' OR \(isLost) AS _is_to_render FROM mission_document f WHERE \(edition)",
    ]
  }

  /// The file was made and the storage has lost it since.
  private static let isLost: SQL = """
    f.state = 'rendered' AND EXISTS (SELECT 1 FROM system.blob l WHERE l.organization_id = f.organization_id
      AND l.sha256 = f.file_sha256 AND NOT l.stored)
    """

  /// What is to be rendered; no row where somebody has done it. The same bytes come into the place of a lost file.
  static func queued(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT f.part, f.content FROM mission_document f
    WHERE f.organization_id = \(organization) AND f.id = \(id) AND (f.state = 'queued' OR \(isLost))
    """
  }

  static func rendered(_ organization: UUID, _ id: UUID, sha256: [UInt8], mediaType: String, size: Int) -> SQL
  {
    """
    UPDATE mission_document SET state = 'rendered', file_sha256 = \(sha256), media_type = \(mediaType),
      size_bytes = \(Int64(size)), rendered_at = now(), failure = NULL
    WHERE organization_id = \(organization) AND id = \(id) AND state = 'queued'
    """
  }

  static func failed(_ organization: UUID, _ id: UUID, _ failure: String) -> SQL {
    """
    UPDATE mission_document SET state = 'failed', failure = \(failure)
    WHERE organization_id = \(organization) AND id = \(id) AND state = 'queued'
    """
  }

  /// The file, with what decides who may have it. No blob's columns before it is rendered.
  static func file(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT f.state, f.part, f.is_signed, d.number AS dossier_number, \(BlobStore.columns)
    FROM mission_document f JOIN dossier d ON d.organization_id = f.organization_id AND d.id = f.dossier_id
    LEFT JOIN system.blob b ON b.organization_id = f.organization_id AND b.sha256 = f.file_sha256
    WHERE f.organization_id = \(organization) AND f.id = \(id)
    """
  }

  /// The drawings that a content names, by the SHA-256 of their bytes.
  static func drawing(_ organization: UUID, sha256: String) -> SQL {
    """
    SELECT \(BlobStore.columns) FROM system.blob b
    WHERE b.organization_id = \(organization) AND b.sha256 = decode(\(sha256), 'hex')
    """
  }
}
