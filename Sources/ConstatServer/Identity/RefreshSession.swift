import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Exchanges a refresh token for the next pair. Idempotent: as long as the successor has not been used, its parent
/// answers the same pair again, so that a phone whose answer was lost stays signed in. A token used after that can only
/// be a copy: the whole session is revoked (ASVS 10.4.5). Tabs of one browser that refresh within 30 s of each other
/// are forgiven.
struct RefreshSession: Sendable {
  let services: Services
  let text: String

  private static let refused = Problem(
    .unauthorized, "invalid-refresh-token", "Session expirée : identifiez-vous de nouveau")

  func perform() async throws -> Reply {
    guard let token = BearerToken(text), token.kind == .refresh else { throw Self.refused }
    let session = SessionTokens.session(of: token)
    let tokens = SessionTokens(organization: token.organization, session: session, secret: services.secret)
    let reply: Reply? = try await services.pool.transaction(
      opening: [PrincipalStore.enter(token.organization, actor: "anonymous")]
    ) { transaction, _ in
      let store = SessionStore(transaction: transaction, organization: token.organization)
      guard let found = try await store.find(session) else { return nil }
      let generation: Int
      if token.hash == found.refreshHash {
        generation = found.generation + 1
        try await store.rotate(tokens, to: generation)
      } else if token.hash == found.previousRefreshHash, !found.successorUsed || found.rotatedJustNow {
        generation = found.generation
        try await store.replay(session)
      } else {
        if tokens.derived(token, upTo: found.generation) { try await store.revoke(session, of: nil) }
        return nil
      }
      let identity = try await transaction.query(SignInStore.identity(token.organization, found.accountID))
      return try SessionReply.make(tokens, generation: generation, identity: identity)
    }
    guard let reply else { throw Self.refused }
    return reply
  }
}
