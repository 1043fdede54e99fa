import ConstatCore
import Foundation
import Postgres

/// The statement that turns a token into a principal; it rides the first round trip of every request.
struct PrincipalStore {
  /// In SQL, the device and the account that the checked credential names; NULL where it names none.
  static let signedInDevice: SQL = "nullif(current_setting('app.device_id', true), '')::uuid"
  static let signedInAccount: SQL = "nullif(current_setting('app.account_id', true), '')::uuid"

  static func authenticate(_ token: BearerToken, channel: String) -> SQL {
    """
    SELECT kind, actor, account_id, device_id, contact_id, profiles, scopes
    FROM system.authenticate(\(token.organization), \(token.hash), \(channel))
    """
  }

  /// Speaks for an organization where no credential has been checked yet: sign-in and the like.
  static func enter(_ organization: UUID, actor: String, channel: String = "api") -> SQL {
    """
    SELECT set_config('app.organization_id', \(organization.uuidString), true),
      set_config('app.actor', \(actor), true), set_config('app.channel', \(channel), true),
      set_config('app.device_id', '', true)
    """
  }

  static func principal(from result: QueryResult, organization: UUID) throws -> Principal? {
    guard result.rowCount == 1 else { return nil }
    let row = result[0]
    guard let kind = Principal.Kind(rawValue: try row.get("kind")) else { return nil }
    return Principal(
      kind: kind, organization: organization, actor: try row.get("actor"),
      accountID: try row.get("account_id"),
      deviceID: try row.get("device_id"), contactID: try row.get("contact_id"),
      profiles: Set((try row.get("profiles") as [String]).compactMap(Profile.init(rawValue:))),
      scopes: Set((try row.get("scopes") as [String]).compactMap(Scope.init(rawValue:))))
  }
}
