import ConstatCore
import Foundation
import Postgres

/// All SQL on API tokens.
struct APITokenStore {
  static let columns: SQL = """
    t.id, t.version, t.name, t.scopes, t.expires_at, t.revoked_at, t.created_by, t.created_at, t.updated_at
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM api_token t WHERE t.organization_id = \(organization) AND t.id = \(id)"
  }

  static func page(_ organization: UUID, _ page: Page) -> SQL {
    """
    SELECT \(columns), t.created_at::text AS _key FROM api_token t
    WHERE t.organization_id = \(organization) \(page.before("t.created_at", "t.id"))
    ORDER BY t.created_at DESC, t.id DESC LIMIT \(page.fetched)
    """
  }

  static func insertion(
    _ organization: UUID, _ id: UUID, name: String, scopes: [String], expiresAt: String?, hash: [UInt8],
    by account: UUID
  ) -> SQL {
    """
    INSERT INTO api_token (organization_id, id, name, scopes, expires_at, token_hash, created_by)
    VALUES (\(organization), \(id), \(name), \(scopes)::text[], \(expiresAt)::timestamptz, \(hash), \(account))
    """
  }

  static func revocation(_ organization: UUID, _ id: UUID) -> SQL {
    """
    UPDATE api_token SET revoked_at = coalesce(revoked_at, now())
    WHERE organization_id = \(organization) AND id = \(id)
    """
  }
}
