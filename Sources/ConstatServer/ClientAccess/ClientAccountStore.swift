import ConstatCore
import Foundation
import Postgres

/// All SQL on the accounts of contacts.
struct ClientAccountStore {
  /// What becomes an account.
  struct Subject: RowDecodable, Sendable {
    let email: String?
    let firstName: String?
    let lastName: String
    let account: UUID?
    let passwordHash: String?

    init(row: Row) throws {
      email = try row.get("email")
      firstName = try row.get("first_name")
      lastName = try row.get("last_name")
      account = try row.get("account_id")
      passwordHash = try row.get("password_hash")
    }
  }

  static func subject(_ organization: UUID, contact: UUID) -> SQL {
    """
    SELECT c.email, c.first_name, c.last_name, u.id AS account_id, u.password_hash
    FROM contact c LEFT JOIN user_account u ON u.organization_id = c.organization_id AND u.contact_id = c.id
    WHERE c.organization_id = \(organization) AND c.id = \(contact)
    """
  }

  /// The account with its last connection (IDN-17).
  static func one(_ organization: UUID, contact: UUID) -> SQL {
    """
    SELECT u.id, u.version, u.contact_id, u.email, u.password_hash IS NOT NULL AS has_password, u.disabled_at,
      s.created_at AS last_signed_in_at, s.ip_address AS last_signed_in_ip, u.created_at, u.updated_at
    FROM user_account u LEFT JOIN LATERAL (
      SELECT l.created_at, l.ip_address FROM system.session l
      WHERE l.organization_id = u.organization_id AND l.account_id = u.id ORDER BY l.created_at DESC LIMIT 1) s ON true
    WHERE u.organization_id = \(organization) AND u.contact_id = \(contact)
    """
  }
}
