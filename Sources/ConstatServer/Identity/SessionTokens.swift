import Crypto
public import Foundation

/// The tokens of one session (a family), generation by generation. Each is derived from the server's secret,
/// so that a refresh whose answer was lost can be answered again, the same.
public struct SessionTokens: Sendable {
  public static let accessSeconds = 900
  public static let sessionDays = 30

  let organization: UUID
  let session: UUID
  let secret: [UInt8]

  public init(organization: UUID, session: UUID, secret: [UInt8]) {
    self.organization = organization
    self.session = session
    self.secret = secret
  }

  public func access(_ generation: Int) -> BearerToken {
    BearerToken(.access, organization: organization, secret: code("access", generation))
  }

  /// Names its session in the clear, so that even a token of long ago is known for what it is; the rest, 128
  /// bits, cannot be guessed (ASVS 6.5.2 asks for 112).
  public func refresh(_ generation: Int) -> BearerToken {
    BearerToken(
      .refresh, organization: organization,
      secret: Self.bytes(session) + code("refresh", generation).prefix(16))
  }

  /// Whether this refresh token was ever ours, up to a generation.
  func derived(_ token: BearerToken, upTo generation: Int) -> Bool {
    (0...max(0, generation)).contains { refresh($0).secret == token.secret }
  }

  /// The session that a refresh token claims to be of.
  static func session(of token: BearerToken) -> UUID {
    token.secret.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }

  private func code(_ use: String, _ generation: Int) -> [UInt8] {
    var hmac = HMAC<SHA256>(key: SymmetricKey(data: secret))
    hmac.update(
      data: Array("\(use)\u{1f}\(generation)\u{1f}".utf8) + Self.bytes(organization) + Self.bytes(session))
    return Array(hmac.finalize())
  }

  private static func bytes(_ id: UUID) -> [UInt8] { withUnsafeBytes(of: id.uuid) { Array($0) } }
}
