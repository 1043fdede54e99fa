import ConstatCore
import Foundation
import Postgres

/// All SQL on documents, their bytes and their downloads.
struct DocumentStore {
  static let columns: SQL = """
    f.id, f.version, f.dossier_id, f.category, f.contract_piece, f.file_name, f.media_type, f.size_bytes,
    encode(f.sha256, 'hex') AS sha256, f.blocked, f.blocked_reason, (SELECT count(*) FROM document_download w
      WHERE w.organization_id = f.organization_id AND w.document_id = f.id) AS download_count, f.created_at, f.updated_at
    """

  /// A document as a file to send; `isBlocked` for who asks.
  struct File: RowDecodable, Sendable {
    let id: UUID
    let dossier: UUID
    let fileName: String
    let mediaType: String
    let sha256: [UInt8]
    let isBlocked: Bool
    let blockedReason: String?

    init(row: Row) throws {
      id = try row.get("id")
      dossier = try row.get("dossier_id")
      fileName = try row.get("file_name")
      mediaType = try row.get("media_type")
      sha256 = try row.get("sha256")
      isBlocked = try row.get("blocked")
      blockedReason = try row.get("blocked_reason")
    }
  }

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM document f WHERE f.organization_id = \(organization) AND f.id = \(id)"
  }

  static func dossier(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT d.id FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(id)"
  }

  static func list(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT \(columns) FROM document f WHERE f.organization_id = \(organization) AND f.dossier_id = \(dossier)
    ORDER BY f.created_at DESC, f.id DESC LIMIT 500
    """
  }

  /// Staff read blocked reports too: a block is for clients.
  static func file(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT f.id, f.dossier_id, f.file_name, f.media_type, f.sha256, false AS blocked, f.blocked_reason
    FROM document f WHERE f.organization_id = \(organization) AND f.id = \(id)
    """
  }

  static func block(_ organization: UUID, _ id: UUID, reason: String?) -> SQL {
    """
    UPDATE document SET blocked = \(reason != nil), blocked_reason = \(reason)
    WHERE organization_id = \(organization) AND id = \(id)
    """
  }

  static func recordDownload(_ writing: WriteCall, _ file: File) -> SQL {
    """
    INSERT INTO document_download (organization_id, id, document_id, dossier_id, actor, contact_id, ip_address,
      downloaded_at)
    VALUES (\(writing.organization), \(writing.call.clock.newID()), \(file.id), \(file.dossier),
      \(writing.principal.actor), \(writing.principal.contactID), \(writing.call.remoteAddress), clock_timestamp())
    """
  }

  static func downloads(_ organization: UUID, document: UUID, _ page: Page) -> SQL {
    """
    SELECT w.id, w.document_id, w.actor, w.contact_id, w.ip_address, w.downloaded_at, w.downloaded_at::text AS _key
    FROM document_download w WHERE w.organization_id = \(organization) AND w.document_id = \(document)
      \(page.before("w.downloaded_at", "w.id"))
    ORDER BY w.downloaded_at DESC, w.id DESC LIMIT \(page.fetched)
    """
  }

  /// Whether the document has been delivered to anyone: it then is a proof.
  static func wasDownloaded(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT EXISTS (SELECT 1 FROM document_download w
      WHERE w.organization_id = \(organization) AND w.document_id = \(id)) AS downloaded
    """
  }
}
