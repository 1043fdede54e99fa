import ConstatCore
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct UserTests {
  @Test func `an administrator adds a colleague, whose first password works and is then his own IDN-04`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let made = try await server.post(
        "/v1/users", as: org.admin.token,
        [
          "email": "lea@example.test", "last_name": "Léa", "profiles": ["office", "sales"],
          "password": "premier mot de passe",
        ])
      #expect(made.status == 201, "\(made.text)")
      #expect(made["has_password"] == true)
      let id = made["id"].string ?? ""
      let signedIn = try await server.signIn("lea@example.test", password: "premier mot de passe")
      let token = signedIn["access_token"].string ?? ""
      let other = try await server.session(org.id, UUID(uuidString: id)!)

      let wrong = try await server.post(
        "/v1/users/\(id)/password", as: token,
        ["current_password": "faux", "password": "deuxième mot de passe"])
      #expect(wrong.status == 422 && wrong["errors"].array?.first?["code"] == "wrong-password")
      let byAdmin = try await server.post(
        "/v1/users/\(id)/password", as: org.admin.token, ["password": "choisi par un autre"])
      #expect(byAdmin.status == 403 && byAdmin["code"] == "password-not-yours")
      let colleague = try await server.post(
        "/v1/users/\(id)/password", as: org.sales.token, ["password": "choisi par un autre"])
      #expect(colleague.status == 404)
      let changed = try await server.post(
        "/v1/users/\(id)/password", as: token,
        ["current_password": "premier mot de passe", "password": "deuxième mot de passe"])
      #expect(changed.status == 204, "\(changed.text)")
      #expect(try await server.get("/v1/me", as: token).status == 200)
      #expect(try await server.get("/v1/me", as: other).status == 401, "other sessions end")
      #expect(try await server.signIn("lea@example.test", password: "premier mot de passe").status == 401)
      #expect(try await server.signIn("lea@example.test", password: "deuxième mot de passe").status == 200)
    }
  }

  @Test func `an address signs in once per organization`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let made = try await server.post(
        "/v1/users", as: org.admin.token,
        ["email": .string(org.office.email.uppercased()), "last_name": "Bis"])
      #expect(made.status == 409 && made["code"] == "email-taken")
      let changed = try await server.patch(
        "/v1/users/\(org.sales.id)", as: org.admin.token, ["email": .string(org.office.email)])
      #expect(changed.status == 409 && changed["code"] == "email-taken")
    }
  }

  @Test func `only administrators manage users, and only super-administrators one another`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let plain = try await server.person(org.id, "plain-admin", [.admin])
      let body: JSONValue = ["email": "x@example.test", "last_name": "X"]
      #expect(try await server.post("/v1/users", as: org.office.token, body).status == 403)
      #expect(try await server.post("/v1/users", as: org.accountant.token, body).status == 403)
      let raised = try await server.patch(
        "/v1/users/\(plain.id)", as: plain.token, ["profiles": ["super_admin"]])
      #expect(raised.status == 403 && raised["code"] == "super-admin-only")
      let unseated = try await server.post("/v1/users/\(org.admin.id)/deactivation", as: plain.token)
      #expect(unseated.status == 403)
      let made = try await server.post(
        "/v1/users", as: plain.token,
        ["email": "x@example.test", "last_name": "X", "profiles": ["super_admin"]])
      #expect(made.status == 403)
      #expect(try await server.post("/v1/users", as: plain.token, body).status == 201)
    }
  }

  @Test func `the last super-administrator cannot leave, even when two try at once`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let alone = try await server.post("/v1/users/\(org.admin.id)/deactivation", as: org.admin.token)
      #expect(alone.status == 409 && alone["code"] == "last-super-admin")
      let demoted = try await server.patch(
        "/v1/users/\(org.admin.id)", as: org.admin.token, ["profiles": ["admin"]])
      #expect(demoted.status == 409)
      let second = try await server.person(org.id, "second", [.superAdmin])
      async let one = server.post("/v1/users/\(org.admin.id)/deactivation", as: org.admin.token)
      async let two = server.post("/v1/users/\(second.id)/deactivation", as: second.token)
      let statuses = try await [one.status, two.status].sorted()
      #expect(statuses == [200, 409])
    }
  }

  @Test func `a deactivated account loses its sessions and its API tokens until it is reactivated`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      let off = try await server.post("/v1/users/\(org.office.id)/deactivation", as: org.admin.token)
      #expect(off.status == 200 && off["disabled_at"] != .null)
      #expect(try await server.get("/v1/me", as: org.office.token).status == 401)
      #expect(try await server.signIn(org.office.email).status == 401)
      let on = try await server.send(.delete, "/v1/users/\(org.office.id)/deactivation", as: org.admin.token)
      #expect(on.status == 200 && on["disabled_at"] == .null)
      #expect(try await server.get("/v1/me", as: org.office.token).status == 401, "old sessions stay closed")
      #expect(try await server.signIn(org.office.email).status == 200)
    }
  }

  @Test func `users are filtered by kind and profile, and changed at the version seen`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let technicians = try await server.get("/v1/users?profile=technician", as: org.office.token)
      #expect(
        Set(technicians["items"].array?.compactMap { $0["id"]?.string } ?? [])
          == [org.marc.id.uuidString.lowercased(), org.nadia.id.uuidString.lowercased()])
      #expect(try await server.get("/v1/users?kind=client", as: org.office.token)["items"] == [])
      let path = "/v1/users/\(org.marc.id)"
      let first = try await server.patch(path, as: org.admin.token, ["first_name": "Marc"], ifMatch: "\"v1\"")
      #expect(first["version"] == 2)
      let stale = try await server.patch(path, as: org.admin.token, ["first_name": "Max"], ifMatch: "\"v1\"")
      #expect(stale.status == 412)
    }
  }

  @Test func `a password shows neither in history nor in answers`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let made = try await server.post(
        "/v1/users", as: org.admin.token,
        ["email": "lea@example.test", "last_name": "Léa", "password": "premier mot de passe"])
      #expect(!made.text.contains("scrypt"))
      let history: String? = try await server.asOwner(org.id) { transaction in
        try await transaction.value(
          String.self,
          "SELECT string_agg(changes::text, '') FROM system.history WHERE organization_id = \(org.id)")
      }
      #expect(history?.contains("lea@example.test") == true)
      #expect(history?.contains("scrypt") == false)
    }
  }
}
