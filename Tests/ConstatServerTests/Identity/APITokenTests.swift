import ConstatCore
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct APITokenTests {
  @Test func `an API token shows once, carries its scopes, and ends when revoked`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let made = try await server.post(
        "/v1/api-tokens", as: org.admin.token,
        ["name": "Compta", "scopes": ["invoices:read", "invoices:read"]])
      #expect(made.status == 201, "\(made.text)")
      #expect(made["scopes"] == ["invoices:read"])
      let token = made["token"].string ?? ""
      let me = try await server.get("/v1/me", as: token)
      #expect(me["kind"] == "token" && me["scopes"] == ["invoices:read"])
      #expect(try await server.get("/v1/users", as: token).status == 403)
      let path = "/v1/api-tokens/\(made["id"].string ?? "")"
      #expect(try await server.get(path, as: org.admin.token)["token"] == .null)
      #expect(try await server.send(.delete, path, as: org.admin.token).status == 204)
      #expect(try await server.get("/v1/me", as: token).status == 401)
      #expect(
        try await server.get("/v1/api-tokens", as: org.admin.token)["items"].array?.first?["revoked_at"]
          != .null)
    }
  }

  @Test func `an expired API token is refused, and one born expired is not made`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let late = try await server.post(
        "/v1/api-tokens", as: org.admin.token,
        ["name": "X", "scopes": ["invoices:read"], "expires_at": "2020-01-01T00:00:00Z"])
      #expect(late.status == 422)
      let made = try await server.post(
        "/v1/api-tokens", as: org.admin.token,
        ["name": "X", "scopes": ["invoices:read"], "expires_at": "2100-01-01T00:00:00Z"])
      #expect(try await server.get("/v1/me", as: made["token"].string).status == 200)
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute(
          "UPDATE api_token SET expires_at = now() - interval '1 second' WHERE organization_id = \(org.id)")
      }
      #expect(try await server.get("/v1/me", as: made["token"].string).status == 401)
    }
  }

  @Test func `a replayed creation makes no second token and does not repeat the secret`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let body: JSONValue = ["name": "Compta", "scopes": ["exports:read"]]
      #expect(try await server.post("/v1/api-tokens", as: org.admin.token, body, key: "k1").status == 201)
      let replay = try await server.post("/v1/api-tokens", as: org.admin.token, body, key: "k1")
      #expect(replay.status == 409 && replay["code"] == "already-answered")
      #expect(try await server.get("/v1/api-tokens", as: org.admin.token)["items"].array?.count == 1)
      let kept: Bool? = try await server.asOwner(org.id) { transaction in
        try await transaction.value(
          Bool.self,
          "SELECT bool_or(position('cst_pat_'::bytea IN body) > 0) FROM system.idempotency_key WHERE organization_id = \(org.id)"
        )
      }
      #expect(kept == false)
    }
  }

  @Test func `only administrators see API tokens`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      for token in [org.office.token, org.accountant.token, org.marc.token] {
        #expect(try await server.get("/v1/api-tokens", as: token).status == 403)
        #expect(
          try await server.post("/v1/api-tokens", as: token, ["name": "X", "scopes": ["invoices:read"]])
            .status == 403)
      }
    }
  }
}
