public import ConstatCore
public import Foundation
import Crypto
import Postgres

/// Who a request speaks for, inside one organization.
public struct Principal: Sendable {
  public enum Kind: String, Sendable { case staff, client, device, token }

  public var kind: Kind
  public var organization: UUID
  /// As history has it: `user:…`, `device:…`, `token:…`.
  public var actor: String
  public var accountID: UUID
  public var deviceID: UUID?
  /// The contact whose account this is (clients).
  public var contactID: UUID?
  public var profiles: Set<Profile>
  public var scopes: Set<Scope>

  public func has(_ profile: Profile) -> Bool { profiles.contains(profile) || profiles.contains(.superAdmin) }
}

/// A bearer token: a kind, the organization that it belongs to, and 32 random bytes. Only its SHA-256 is stored (ASVS
/// 6.5.2). The organization inside it lets every look-up start with the tenant, so no credential table is read across
/// organizations.
public struct BearerToken: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case access = "cst_at_"
    case refresh = "cst_rt_"
    case personal = "cst_pat_"
    case deviceSecret = "cst_ds_"
  }

  public let kind: Kind
  public let organization: UUID
  /// 32 bytes that only the holder knows.
  public let secret: [UInt8]
  public let text: String

  public init(_ kind: Kind, organization: UUID, secret: [UInt8]) {
    self.kind = kind
    self.organization = organization
    self.secret = secret
    text = kind.rawValue + Self.base64url(withUnsafeBytes(of: organization.uuid) { Array($0) } + secret)
  }

  /// Reads a token as received; nil when it cannot be one.
  public init?(_ text: String) {
    guard let kind = Kind.allCases.first(where: { text.hasPrefix($0.rawValue) }),
      let bytes = Self.bytes(base64url: text.dropFirst(kind.rawValue.count)), bytes.count == 48
    else { return nil }
    self.kind = kind
    self.text = text
    secret = Array(bytes.dropFirst(16))
    organization = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }

  public var hash: [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

  static func base64url(_ bytes: [UInt8]) -> String {
    String(
      Data(bytes).base64EncodedString().compactMap {
        switch $0 {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: $0
        }
      })
  }

  static func bytes(base64url text: some StringProtocol) -> [UInt8]? {
    guard text.utf8.count <= 4096 else { return nil }
    var standard = ""
    for character in text { standard.append(character == "-" ? "+" : character == "_" ? "/" : character) }
    while standard.count % 4 != 0 { standard.append("=") }
    return Data(base64Encoded: standard).map(Array.init)
  }
}

/// The statement that turns a token into a principal; it rides the first round trip of every request.
struct PrincipalStore {
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
      kind: kind, organization: organization, actor: try row.get("actor"), accountID: try row.get("account_id"),
      deviceID: try row.get("device_id"), contactID: try row.get("contact_id"),
      profiles: Set((try row.get("profiles") as [String]).compactMap(Profile.init(rawValue:))),
      scopes: Set((try row.get("scopes") as [String]).compactMap(Scope.init(rawValue:))))
  }
}
