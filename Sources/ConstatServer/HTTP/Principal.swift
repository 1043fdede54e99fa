public import ConstatCore
import ConstatSync
public import Foundation
import Crypto

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

  public var hash: [UInt8] {
    var text = text
    var hash = SHA256()
    text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    return Array(hash.finalize())
  }

  static func base64url(_ bytes: [UInt8]) -> String { Base64URL.text(bytes) }

  static func bytes(base64url text: some StringProtocol) -> [UInt8]? {
    text.utf8.count <= 4096 ? Base64URL.bytes(text) : nil
  }
}
