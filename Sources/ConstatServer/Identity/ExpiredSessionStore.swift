import Foundation
import Postgres

/// What is left of signing in once it is over.
struct ExpiredSessionStore {
  /// Kept for thirty days beyond their end, so that a token stolen long ago is still recognised as such.
  static func prune(_ organization: UUID) -> SQL {
    """
    DELETE FROM system.session WHERE organization_id = \(organization)
      AND least(expires_at, coalesce(revoked_at, expires_at)) < clock_timestamp() - interval '30 days'
    """
  }
}
