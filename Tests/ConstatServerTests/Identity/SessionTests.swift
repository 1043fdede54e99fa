import ConstatCore
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct SessionTests {
  @Test func `a refresh whose answer was lost is answered again, the same`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      let signedIn = try await server.signIn(org.office.email)
      let first = try await server.refresh(signedIn)
      #expect(first.status == 200, "\(first.text)")
      #expect(first["refresh_token"] != signedIn["refresh_token"])
      #expect(try await server.refresh(signedIn).json == first.json)
      #expect(try await server.get("/v1/me", as: signedIn["access_token"].string).status == 401)
      #expect(try await server.get("/v1/me", as: first["access_token"].string).status == 200)
    }
  }

  @Test func `a refresh token used after its successor revokes the session`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      let signedIn = try await server.signIn(org.office.email)
      let first = try await server.refresh(signedIn)
      let second = try await server.refresh(first)
      #expect(try await server.get("/v1/me", as: second["access_token"].string).status == 200)
      let stolen = try await server.refresh(signedIn)
      #expect(stolen.status == 401 && stolen["code"] == "invalid-refresh-token")
      #expect(try await server.get("/v1/me", as: second["access_token"].string).status == 401)
      #expect(try await server.refresh(second).status == 401)
    }
  }

  @Test func `the parent is spent once its successor has been used, but for a second tab's half minute`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      let signedIn = try await server.signIn(org.office.email)
      let first = try await server.refresh(signedIn)
      #expect(try await server.get("/v1/me", as: first["access_token"].string).status == 200)
      #expect(try await server.refresh(signedIn).json == first.json, "another tab")
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute(
          """
          UPDATE system.session SET access_expires_at = access_expires_at - interval '31 seconds'
          WHERE organization_id = \(org.id) AND generation = 1
          """)
      }
      #expect(try await server.refresh(signedIn).status == 401)
      #expect(try await server.get("/v1/me", as: first["access_token"].string).status == 401)
    }
  }

  @Test func `a made-up refresh token neither signs in nor revokes anything`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      let signedIn = try await server.signIn(org.office.email)
      let genuine = signedIn["refresh_token"].string ?? ""
      let forged = String(genuine.dropLast(4)) + (genuine.hasSuffix("AAAA") ? "BBBB" : "AAAA")
      for token in [forged, "cst_rt_x", signedIn["access_token"].string ?? "", ""] {
        let answer = try await server.post("/v1/auth/refresh", ["refresh_token": .string(token)])
        #expect(answer.status == (token.isEmpty ? 422 : 401))
      }
      #expect(try await server.refresh(signedIn).status == 200)
    }
  }

  @Test func `people list and revoke their own sessions, administrators anyone's`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let other = try await server.session(org.id, org.office.id)
      let mine = try await server.get("/v1/sessions", as: org.office.token)
      #expect(mine["items"].array?.count == 2)
      #expect(mine["items"].array?.filter { $0["current"] == true }.count == 1)
      let foreign = try await server.get("/v1/sessions?account_id=\(org.office.id)", as: org.sales.token)
      #expect(foreign.status == 403)
      let id = mine["items"].array?.first { $0["current"] == false }?["id"]?.string ?? ""
      #expect(try await server.send(.delete, "/v1/sessions/\(id)", as: org.sales.token).status == 404)
      #expect(try await server.send(.delete, "/v1/sessions/\(id)", as: org.office.token).status == 204)
      #expect(try await server.get("/v1/me", as: other).status == 401)
      let seen = try await server.get("/v1/sessions?account_id=\(org.office.id)", as: org.admin.token)
      let last = seen["items"].array?.first?["id"]?.string ?? ""
      #expect(try await server.send(.delete, "/v1/sessions/\(last)", as: org.admin.token).status == 204)
      #expect(try await server.get("/v1/me", as: org.office.token).status == 401)
    }
  }
}

extension TestServer {
  func refresh(_ answer: Answer) async throws -> Answer {
    try await post("/v1/auth/refresh", ["refresh_token": answer["refresh_token"]])
  }
}
