import ConstatCore
import Foundation
import Postgres
import Support
import Testing

@Suite struct HistoryTests {
  @Test func `the history says who changed what, from what to what, and in which version HIS-01`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let made = try await server.post("/v1/contacts", as: org.office.token, ["last_name": "Dupont"])
      let path = "/v1/contacts/\(made["id"].string ?? "")"
      try await server.patch(path, as: org.sales.token, ["last_name": "Durand"])
      let history = try await server.get("/v1/history?row_id=\(made["id"].string ?? "")", as: org.admin.token)
      let items = history["items"].array ?? []
      #expect(items.count == 2, "\(history.text)")
      #expect(items.first?["operation"] == "update")
      #expect(items.first?["changes"] == ["last_name": ["Dupont", "Durand"]])
      #expect(items.first?["actor"] == .string("user:\(org.sales.id.uuidString.lowercased())"))
      #expect(items.first?["actor_name"] == "cabinet-basque-sales Test")
      #expect(items.last?["operation"] == "insert" && items.last?["channel"] == "api")
      let versions = items.compactMap { $0["version"]?.integer }
      #expect(versions.count == 2 && versions[0] == versions[1] + 1)
    }
  }

  @Test func `the history is searched by user, dates and subject, page by page HIS-02`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      for name in ["A", "B", "C"] {
        try await server.post("/v1/contacts", as: org.office.token, ["last_name": .string(name)])
      }
      try await server.post("/v1/contacts", as: org.sales.token, ["last_name": "D"])
      let filter = "actor=user:\(org.office.id.uuidString.lowercased())&table=contact"
      var names: [JSONValue] = []
      var cursor: String? = ""
      while let next = cursor {
        let page = try await server.get(
          "/v1/history?limit=2&\(filter)\(next.isEmpty ? "" : "&cursor=\(next)")", as: org.admin.token)
        names += page["items"].array?.compactMap { $0["changes"]?["last_name"]?.array?.last } ?? []
        cursor = page["next_cursor"].string
      }
      #expect(names == ["C", "B", "A"])
      let future = try await server.get("/v1/history?from=2100-01-01T00:00:00Z", as: org.admin.token)
      #expect(future["items"] == [])
      let past = try await server.get("/v1/history?to=2000-01-01T00:00:00Z", as: org.admin.token)
      #expect(past["items"] == [])
      #expect(try await server.get("/v1/history", as: org.office.token).status == 403)
      #expect(try await server.get("/v1/history?from=hier", as: org.admin.token).status == 400)
    }
  }

  @Test func `rows of one statement, at one time, come once each across pages`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute(
          """
          INSERT INTO contact (organization_id, id, last_name)
          SELECT \(org.id), gen_random_uuid(), 'N' || n FROM generate_series(1, 25) n
          """)
      }
      var rows: [String] = []
      var cursor: String? = ""
      while let next = cursor {
        let page = try await server.get(
          "/v1/history?limit=4&table=contact\(next.isEmpty ? "" : "&cursor=\(next)")", as: org.admin.token)
        rows += page["items"].array?.compactMap { $0["row_id"]?.string } ?? []
        cursor = page["next_cursor"].string
      }
      #expect(rows.count == 25 && Set(rows).count == 25)
    }
  }

  @Test
  func `a dossier has its history; its field return shows to administrators and accountants HIS-03 IDN-11`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      func tables(_ token: String) async throws -> Set<String> {
        let page = try await server.get("/v1/dossiers/\(rows["dossier"])/history?limit=200", as: token)
        #expect(page.status == 200, "\(page.text)")
        return Set(page["items"].array?.compactMap { $0["table"]?.string } ?? [])
      }
      let seen = try await tables(org.office.token)
      #expect(seen.isSuperset(of: ["dossier", "appointment", "document"]))
      #expect(seen.isDisjoint(with: ["mission_order", "signature", "sync_conflict", "parked_edit"]))
      for token in [org.admin.token, org.accountant.token] {
        #expect(try await tables(token).isSuperset(of: ["mission_order", "signature"]))
      }
      let other = try await server.get("/v1/dossiers/\(UUID())/history", as: org.office.token)
      #expect(other.status == 404)
    }
  }
}
