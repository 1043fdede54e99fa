import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Long-lived, scoped tokens for other programs. A token shows once, when it is made; it cannot be changed, only
/// revoked.
struct APITokenRoutes {
  func register(in routes: inout Routes) {
    let administrators = Access.staff(.admin)
    routes.get("/v1/api-tokens", administrators) { reading in
      try reading.call.query.only("limit", "cursor")
      let page = try Page(reading.call)
      return try .list(await reading.query(APITokenStore.page(reading.call.organization, page)), page: page)
    }
    routes.get("/v1/api-tokens/{id}", administrators) { reading in
      try .resource(await reading.query(APITokenStore.one(reading.call.organization, reading.call.id())))
    }
    routes.post("/v1/api-tokens", administrators) { try await Self.create($0) }
    routes.delete("/v1/api-tokens/{id}", administrators) { writing in
      let revoked = try await writing.transaction.execute(
        APITokenStore.revocation(writing.organization, writing.call.id()))
      guard revoked == 1 else { throw Problem.notFound }
      return .noContent
    }
  }

  private static func create(_ writing: WriteCall) async throws -> Reply {
    let call = writing.call
    let values = try call.fields(APIToken.fields, as: .creation)
    let scopes = (values["scopes"]?.array ?? []).compactMap(\.string)
    guard !scopes.isEmpty else {
      throw Problem.field("/scopes", "required", "au moins une portée est attendue")
    }
    let expiry = values["expires_at"]?.string
    if let expiry, let instant = Instant(expiry), instant <= call.clock.now() {
      throw Problem.field("/expires_at", "out-of-range", "cette échéance est passée")
    }
    let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? call.clock.newID()
    let token = BearerToken(.personal, organization: writing.organization, secret: call.clock.random(32))
    do {
      _ = try await writing.transaction.execute(
        APITokenStore.insertion(
          writing.organization, id, name: values["name"]?.string ?? "", scopes: Array(Set(scopes)).sorted(),
          expiresAt: expiry, hash: token.hash, by: writing.principal.accountID))
    } catch let error as PostgresError where error.constraint == "api_token_pkey" {
      throw Problem.idTaken
    }
    var reply = try Reply.resource(
      await writing.transaction.query(APITokenStore.one(writing.organization, id)), status: .created,
      location: "/v1/api-tokens/\(id.uuidString.lowercased())")
    reply.show(secret: "token", token.text)
    return reply
  }
}

extension Reply {
  /// Adds a member that is shown this once and not kept for replays.
  mutating func show(secret name: String, _ value: String?) {
    try? rewrite { shown in
      guard case .object(var members) = shown else { return shown }
      members[name] = JSONValue(value)
      return .object(members)
    }
    isSecret = value != nil
  }
}
