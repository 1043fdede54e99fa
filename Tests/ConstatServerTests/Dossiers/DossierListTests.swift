import ConstatCore
import Foundation
import Postgres
import Support
import Testing

/// The list, its search, its counters, the archive and the trash.
@Suite struct DossierListTests {
  private func references(_ answer: TestServer.Answer) -> [String] {
    (answer["items"].array ?? []).compactMap { $0["internal_reference"]?.string }
  }

  @Test func `urgent dossiers come first, then the newest, page by page DOS-01 DOS-32`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      for (reference, urgent) in [("a", false), ("b", true), ("c", false), ("d", true), ("e", false)] {
        try await server.dossier(
          as: org, ["internal_reference": .string(reference), "urgent": .bool(urgent)])
      }
      var seen: [String] = []
      var cursor = ""
      repeat {
        let page = try await server.get("/v1/dossiers?limit=2\(cursor)", as: org.office.token)
        seen += references(page)
        cursor = page["next_cursor"].string.map { "&cursor=\($0)" } ?? ""
      } while !cursor.isEmpty && seen.count < 10
      #expect(seen == ["d", "b", "e", "c", "a"])
      let odd = try await server.get("/v1/dossiers?colour=red", as: org.office.token)
      #expect(odd.status == 400 && odd["errors"].array?.first?["code"] == "unknown-parameter")
    }
  }

  @Test
  func
    `search combines words over references, names, town and file names, accents ignored DOS-21 DOS-22 DOC-06`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let owner = try await server.contact("Etchéverry", as: org)
      let first = try await server.dossier(
        as: org,
        [
          "owner_id": .string(owner), "city": "Hendaye", "internal_reference": "un",
          "price_incl_tax_cents": 300_00,
        ])
      try await server.dossier(
        as: org, ["owner_id": .string(owner), "city": "Bayonne", "internal_reference": "deux"])
      func found(_ query: String) async throws -> [String] {
        references(try await server.get("/v1/dossiers?\(query)", as: org.office.token))
      }
      #expect(try await found("q=ETCHEVERRY") == ["deux", "un"])
      #expect(try await found("q=etcheverry%20hendaye") == ["un"])
      #expect(try await found("amount_cents=30000") == ["un"])
      #expect(try await found("number=2") == ["deux"])
      #expect(try await found("city=BAYONNE&prescriber_id=\(owner)") == ["deux"])

      let dossier = try #require(UUID(uuidString: first["id"].string ?? ""))
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.pipeline([
          """
          INSERT INTO system.blob (organization_id, sha256, media_type, bytes)
          VALUES (\(org.id), \([UInt8](repeating: 7, count: 32)), 'application/pdf', \([UInt8]([1])))
          """,
          """
          INSERT INTO document (organization_id, id, dossier_id, category, file_name, media_type, size_bytes, sha256, blocked)
          VALUES (\(org.id), \(UUID()), \(dossier), 'report', 'Amiante-Élysée.pdf', 'application/pdf', 1,
            \([UInt8](repeating: 7, count: 32)), true)
          """,
        ])
      }
      #expect(try await found("q=elysee") == ["un"])
      let item = try await server.get("/v1/dossiers?q=elysee", as: org.office.token)["items"].array?.first
      #expect(item?["report_count"] == 1 && item?["blocked_report_count"] == 1, "DOS-25")

      // A contact's new name is found at once.
      try await server.patch("/v1/contacts/\(owner)", as: org.office.token, ["last_name": "Duhalde"])
      #expect(try await found("q=duhalde%20un") == ["un"])
      #expect(try await found("q=etcheverry") == [])
      let renamed = try await server.get("/v1/dossiers?number=1", as: org.office.token)["items"].array?.first
      #expect(renamed?["owner_name"] == "Duhalde" && renamed?["prescriber_name"] == "Duhalde", "DOS-24")
    }
  }

  @Test
  func
    `search takes signs for what they are, follows corrections, and finds what is common by walking DOS-22`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      for (reference, notes) in [
        ("un", "remise de 50% au gardien"), ("deux", "clés_au bureau"), ("trois", ""),
      ] {
        try await server.dossier(
          as: org, ["internal_reference": .string(reference), "notes": .string(notes), "street": "rue Haute"])
      }
      func found(_ query: String) async throws -> [String] {
        references(try await server.get("/v1/dossiers?q=\(query)", as: org.office.token))
      }
      #expect(try await found("50%25%20gardien") == ["un"])
      #expect(try await [found("gar%25ien"), found("clesaau"), found("cles_au")] == [[], [], ["deux"]])
      #expect(try await [found("zz"), found("un")] == [[], ["un"]])
      let third = try #require(
        try await server.get("/v1/dossiers?q=trois", as: org.office.token)["items"].array?.first?["id"]?
          .string)
      try await server.patch("/v1/dossiers/\(third)", as: org.office.token, ["street": "quai Pédros"])
      #expect(try await [found("pedros"), found("haute")] == [["trois"], ["deux", "un"]])

      // More than the search hands over: the list is walked instead, and pages as ever.
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute(
          """
          INSERT INTO dossier (organization_id, id, number, internal_reference, nature, street, created_by)
          SELECT \(org.id), gen_random_uuid(), 1000 + n, 'lot-' || n, 'building', 'impasse Commune', 'sql:test'
          FROM generate_series(1, 1001) AS n
          """)
      }
      let page = try await server.get("/v1/dossiers?q=commune%20impasse&limit=200", as: org.office.token)
      #expect(page["items"].array?.count == 200 && page["next_cursor"].string != nil)
      #expect(try await found("commune%20lot-777") == ["lot-777"])
      let other = try await server.organization("autre")
      #expect(
        try await server.get("/v1/dossiers?q=lot-777", as: other.office.token)["items"].array?.isEmpty == true
      )
    }
  }

  @Test
  func `any status follows any, counters count, a cancellation keeps its reason DOS-05 DOS-16 DOS-17 DOS-19`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let opened = try await server.dossier(as: org)
      try await server.dossier(as: org)
      let path = "/v1/dossiers/\(opened["id"].string ?? "")/status"
      for status in DossierStatus.allCases {
        let moved = try await server.post(path, as: org.office.token, ["status": .string(status.rawValue)])
        #expect(moved.status == 200 && moved["status"] == .string(status.rawValue), "\(moved.text)")
      }
      let cancelled = try await server.post(
        path, as: org.office.token, ["status": "cancelled", "cancellation_reason": "Vente annulée"])
      #expect(cancelled["cancellation_reason"] == "Vente annulée")
      let counters = try await server.get("/v1/dossier-counters", as: org.office.token)["items"].array ?? []
      #expect(counters.count == 11)
      #expect(counters.first { $0["status"] == "cancelled" }?["count"] == 1)
      #expect(counters.first { $0["status"] == "to_quote" }?["count"] == 1)
      let back = try await server.post(path, as: org.office.token, ["status": "to_schedule"])
      #expect(back["cancellation_reason"].isNull)
      #expect(try await server.post(path, as: org.office.token, ["status": "lost"]).status == 422)
      #expect(
        try await server.get("/v1/dossiers?status=to_schedule", as: org.office.token)["items"].array?.count
          == 1)
    }
  }

  @Test func `archive and trash take a dossier out of the list and give it back DOS-30 DOS-31`() async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let path = "/v1/dossiers/\(try await server.made(server.dossier(as: org)))"
      func count(_ query: String) async throws -> Int? {
        try await server.get("/v1/dossiers\(query)", as: org.office.token)["items"].array?.count
      }
      let archived = try await server.post("\(path)/archival", as: org.office.token)
      #expect(archived.status == 200 && archived["archived_at"].string != nil, "\(archived.text)")
      let twice = try await server.post("\(path)/archival", as: org.office.token)
      #expect(twice["archived_at"] == archived["archived_at"])
      #expect(try await [count(""), count("?archived=true"), count("?trashed=true")] == [0, 1, 0])
      #expect(try await server.get(path, as: org.office.token).status == 200)
      try await server.post("\(path)/trash", as: org.office.token)
      #expect(try await [count("?archived=true"), count("?trashed=true")] == [0, 1])
      try await server.delete("\(path)/trash", as: org.office.token)
      let back = try await server.delete("\(path)/archival", as: org.office.token)
      #expect(back["archived_at"].isNull)
      #expect(try await count("") == 1)
    }
  }
}
