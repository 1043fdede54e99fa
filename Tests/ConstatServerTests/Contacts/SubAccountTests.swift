import ConstatCore
import Foundation
import Postgres
import Support
import Testing

@Suite struct SubAccountTests {
  @Test func `a main account lists its sub-accounts, one level deep CON-12 CON-13`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      func contact(_ body: JSONValue) async throws -> TestServer.Answer {
        try await server.post("/v1/contacts", as: org.office.token, body)
      }
      let main = try await contact(["last_name": "Siège", "kind": "agency"])["id"]
      let sub = try await contact(["last_name": "Antenne", "kind": "agency", "main_account_id": main])
      #expect(sub.status == 201, "\(sub.text)")
      let listed = try await server.get(
        "/v1/contacts?main_account_id=\(main.string ?? "")", as: org.office.token)
      #expect(listed["items"].array?.compactMap { $0["last_name"] } == ["Antenne"])

      let third = try await contact(["last_name": "Agent", "kind": "agency", "main_account_id": sub["id"]])
      #expect(third.status == 422 && third["errors"].array?.first?["pointer"] == "/main_account_id")
      let person = try await contact(["last_name": "Particulier", "main_account_id": main])
      #expect(person.status == 422 && person["errors"].array?.first?["pointer"] == "/kind")
      let unknown = try await contact(
        ["last_name": "X", "kind": "agency", "main_account_id": .string(UUID().uuidString)])
      #expect(unknown["errors"].array?.first?["code"] == "not-found")
      let demoted = try await server.patch(
        "/v1/contacts/\(main.string ?? "")", as: org.office.token, ["kind": "individual"])
      #expect(demoted.status == 422)
      let other = try await contact(["last_name": "Autre", "kind": "agency"])["id"]
      let chained = try await server.patch(
        "/v1/contacts/\(main.string ?? "")", as: org.office.token, ["main_account_id": other])
      #expect(chained.status == 422)
      let freed = try await server.patch(
        "/v1/contacts/\(sub["id"].string ?? "")", as: org.office.token, ["main_account_id": .null])
      #expect(freed.status == 200)
    }
  }

  @Test func `two links made at once do not add up to a chain CON-12`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let org = try await server.organization()
      var ids: [String] = []
      for name in ["Agent", "Antenne", "Siège"] {
        ids.append(try await server.contact(name, as: org, ["kind": "agency"]))
      }
      let (agent, branch, main) = (ids[0], ids[1], ids[2])
      @Sendable func link(_ contact: String, under main: String) async throws -> Int {
        try await server.patch(
          "/v1/contacts/\(contact)", as: org.office.token, ["main_account_id": .string(main)]
        ).status
      }
      let lock: SQL = """
        SELECT id FROM contact WHERE organization_id = \(org.id) AND id = \(UUID(uuidString: branch)) FOR UPDATE
        """
      let statuses = try await server.race(
        org.id, behind: lock,
        [
          { @Sendable in try await link(agent, under: branch) },
          { @Sendable in try await link(branch, under: main) },
        ])
      #expect(statuses == [200, 422])
    }
  }
}
