import ConstatCore
public import Foundation
public import Postgres

/// All SQL on sessions. Their times are the database's, which also checks them.
public struct SessionStore: Sendable {
  /// A session as a refresh finds it.
  struct Found: RowDecodable {
    let generation: Int
    let refreshHash: [UInt8]
    let previousRefreshHash: [UInt8]?
    let successorUsed: Bool
    /// The last rotation is so fresh that another tab of the same browser may not have heard of it.
    let rotatedJustNow: Bool
    let accountID: UUID

    init(row: Row) throws {
      generation = try row.get("generation")
      refreshHash = try row.get("refresh_hash")
      previousRefreshHash = try row.get("previous_refresh_hash")
      successorUsed = try row.get("successor_used")
      rotatedJustNow = try row.get("rotated_just_now")
      accountID = try row.get("account_id")
    }
  }

  let transaction: Transaction
  let organization: UUID

  public init(transaction: Transaction, organization: UUID) {
    self.transaction = transaction
    self.organization = organization
  }

  /// Opens a session of generation 0.
  public func open(
    _ tokens: SessionTokens, account: UUID, device: UUID? = nil, ipAddress: String? = nil,
    network: String? = nil
  ) async throws {
    _ = try await transaction.pipeline([
      // Old sessions have no use but to tell when and whence an account last signed in (IDN-17).
      """
      DELETE FROM system.session WHERE organization_id = \(organization) AND account_id = \(account)
        AND expires_at < now() - interval '1 year'
      """,
      """
      INSERT INTO system.session (organization_id, id, account_id, device_id, access_hash, access_expires_at,
        refresh_hash, expires_at, ip_address, network)
      VALUES (\(organization), \(tokens.session), \(account), \(device), \(tokens.access(0).hash),
        now() + make_interval(secs => \(SessionTokens.accessSeconds)::integer), \(tokens.refresh(0).hash),
        now() + make_interval(days => \(SessionTokens.sessionDays)::integer), \(ipAddress), \(network))
      """,
    ])
  }

  /// The live session with this id, locked.
  func find(_ session: UUID) async throws -> Found? {
    try await transaction.first(
      Found.self,
      """
      SELECT s.generation, s.refresh_hash, s.previous_refresh_hash, s.successor_used, s.account_id,
        s.access_expires_at - make_interval(secs => \(SessionTokens.accessSeconds)::integer)
          > now() - interval '30 seconds' AS rotated_just_now
      FROM system.session s JOIN user_account a ON a.organization_id = s.organization_id AND a.id = s.account_id
      LEFT JOIN device d ON d.organization_id = s.organization_id AND d.id = s.device_id
      WHERE s.organization_id = \(organization) AND s.id = \(session) AND s.revoked_at IS NULL AND s.expires_at > now()
        AND a.disabled_at IS NULL AND d.revoked_at IS NULL
      FOR UPDATE OF s
      """)
  }

  func rotate(_ tokens: SessionTokens, to generation: Int) async throws {
    _ = try await transaction.execute(
      """
      UPDATE system.session SET generation = \(generation), previous_refresh_hash = refresh_hash,
        refresh_hash = \(tokens.refresh(generation).hash), access_hash = \(tokens.access(generation).hash),
        access_expires_at = now() + make_interval(secs => \(SessionTokens.accessSeconds)::integer),
        successor_used = false
      WHERE organization_id = \(organization) AND id = \(tokens.session)
      """)
  }

  /// The same tokens once more, with a full access time for who has not had them yet.
  func replay(_ session: UUID) async throws {
    _ = try await transaction.execute(
      """
      UPDATE system.session
      SET access_expires_at = now() + make_interval(secs => \(SessionTokens.accessSeconds)::integer)
      WHERE organization_id = \(organization) AND id = \(session) AND NOT successor_used
      """)
  }

  @discardableResult
  func revoke(_ session: UUID, of account: UUID?) async throws -> Bool {
    let mine: SQL = account.map { "AND account_id = \($0)" } ?? ""
    return try await transaction.execute(
      """
      UPDATE system.session SET revoked_at = coalesce(revoked_at, now())
      WHERE organization_id = \(organization) AND id = \(session) \(mine)
      """) == 1
  }

  func revoke(accessHash: [UInt8]) async throws {
    _ = try await transaction.execute(
      """
      UPDATE system.session SET revoked_at = now()
      WHERE organization_id = \(organization) AND access_hash = \(accessHash) AND revoked_at IS NULL
      """)
  }

  /// Signs an account out everywhere, except where it is just now.
  func revokeAll(of account: UUID, except accessHash: [UInt8]? = nil) async throws {
    _ = try await transaction.execute(
      """
      UPDATE system.session SET revoked_at = now()
      WHERE organization_id = \(organization) AND account_id = \(account) AND revoked_at IS NULL
        AND access_hash IS DISTINCT FROM \(accessHash)
      """)
  }

  static func list(_ organization: UUID, account: UUID, accessHash: [UInt8]) -> SQL {
    """
    SELECT s.id, s.account_id, s.device_id, s.ip_address, s.created_at, s.expires_at,
      s.access_hash = \(accessHash) AS current
    FROM system.session s
    WHERE s.organization_id = \(organization) AND s.account_id = \(account) AND s.revoked_at IS NULL
      AND s.expires_at > now()
    ORDER BY s.created_at DESC, s.id DESC LIMIT 200
    """
  }
}
