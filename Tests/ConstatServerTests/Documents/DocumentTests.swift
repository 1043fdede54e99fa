import ConstatCore
@testable import ConstatServer
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct DocumentTests {
  @Test func `a report is deposited, listed and served with the name that it came with DOC-02 MIS-32`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let name = "Amiante \"cave\" – n°2.pdf"
      let made = try await server.deposit(rows["dossier"], as: org.marc.token, name: name)
      #expect(made.status == 201, "\(made.text)")
      #expect(
        made["file_name"] == .string(name) && made["size_bytes"] == .integer(Int64(TestServer.pdf.count)))
      let listed = try await server.get("/v1/dossiers/\(rows["dossier"])/documents", as: org.accountant.token)
      #expect(listed["items"].array?.count == 2)
      let content = try await server.get(
        "/v1/documents/\(made["id"].string ?? "")/content", as: org.office.token)
      #expect(content.body == TestServer.pdf)
      #expect(content.headers[.contentType] == "application/pdf")
      #expect(content.headers[.init("X-Content-Type-Options")!] == "nosniff")
      let disposition = content.headers[.contentDisposition] ?? ""
      #expect(disposition.hasPrefix("attachment; filename=\"Amiante _cave_ ___ n__2.pdf\";"))
      #expect(disposition.hasSuffix("filename*=UTF-8''Amiante%20%22cave%22%20%E2%80%93%20n%C2%B02.pdf"))
    }
  }

  @Test func `what a file says that it is must be what it is`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let script = Array("<script>alert(1)</script>".utf8)
      for type in ["application/pdf", "image/png", "image/jpeg"] {
        let answer = try await server.deposit(
          rows["dossier"], as: org.office.token, type: type, bytes: script)
        #expect(answer.status == 422 && answer["code"] == "content-mismatch")
      }
      let html = try await server.deposit(
        rows["dossier"], as: org.office.token, type: "text/html", bytes: script)
      #expect(html.status == 415 && html["accepted"].array?.count == 3)
      let empty = try await server.deposit(rows["dossier"], as: org.office.token, bytes: [])
      #expect(empty.status == 422)
      let png: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
      #expect(
        try await server.deposit(rows["dossier"], as: org.office.token, type: "image/png", bytes: png).status
          == 201)
    }
  }

  @Test(arguments: ["..%2F..%2Fetc%2Fpasswd", "a%0Ab.pdf", "", "a%5Cb.pdf"])
  func `Bad input: a file name with a path or a control character is refused`(name: String) async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let path = "/v1/dossiers/\(rows["dossier"])/documents?category=report&file_name=\(name)"
      let answer = try await server.send(
        .post, path, as: org.office.token, bytes: TestServer.pdf, headers: [.contentType: "application/pdf"])
      #expect(answer.status == 400 && answer["code"] == "invalid-parameters", "\(answer.text)")
      let category = try await server.deposit(rows["dossier"], as: org.office.token, category: "invoice")
      #expect(category.status == 400 && category["errors"].array?.first?["pointer"] == "?category", "DOC-04")
    }
  }

  @Test func `a deposit beyond fifty mebibytes is refused, and one below is kept whole`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let large = TestServer.pdf + [UInt8](repeating: 0x20, count: 5_000_000)
      let made = try await server.deposit(rows["dossier"], as: org.office.token, bytes: large)
      #expect(made.status == 201, "\(made.text)")
      let read = try await server.get(
        "/v1/documents/\(made["id"].string ?? "")/content", as: org.office.token)
      #expect(read.body == large)
      let path = "/v1/dossiers/\(rows["dossier"])/documents?category=report&file_name=x.pdf"
      let headers: HTTPFields = [.contentType: "application/pdf"]
      let huge = [UInt8](repeating: 0x20, count: DocumentRoutes.sizeLimit + 1)
      let refused = try await server.send(.post, path, as: org.office.token, bytes: huge, headers: headers)
      #expect(refused.status == 413 && refused["code"] == "body-too-large")
      let unknown = try await server.send(.post, path, as: "nobody", bytes: huge, headers: headers)
      #expect(unknown.status == 401, "before the body is received")
    }
  }

  @Test func `a repeated deposit with the same id is one document, and equal bytes are kept once`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let id = UUID()
      #expect(try await server.deposit(rows["dossier"], as: org.office.token, id: id).status == 201)
      #expect(try await server.deposit(rows["dossier"], as: org.office.token, id: id).status == 200)
      let other = try await server.deposit(rows["dossier"], as: org.office.token, name: "autre.pdf", id: id)
      #expect(other.status == 409 && other["code"] == "id-taken")
      let blobs: Int? = try await server.asOwner(org.id) { transaction in
        try await transaction.value(
          Int.self,
          "SELECT count(*) FROM system.blob WHERE organization_id = \(org.id) AND media_type = 'application/pdf'"
        )
      }
      #expect(blobs == 1)
      let nowhere = try await server.deposit(UUID(), as: org.office.token)
      #expect(nowhere.status == 404)
    }
  }

  @Test func `each download is on record, with whom and from where, before it is served DOC-15 DOC-17`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let path = "/v1/documents/\(rows["document"])"
      for (token, route) in [
        (rows.agencyToken, "/v1/portal/documents/"), (org.office.token, "/v1/documents/"),
      ] {
        let answer = try await server.send(
          .get, "\(route)\(rows["document"])/content", as: token,
          headers: [.init("X-Forwarded-For")!: "203.0.113.5"])
        #expect(answer.status == 200)
      }
      let downloads = try await server.get(path + "/downloads?limit=1", as: org.sales.token)
      #expect(
        downloads["items"].array?.first?["actor"] == .string("user:\(org.office.id.uuidString.lowercased())"))
      let cursor = downloads["next_cursor"].string ?? ""
      let first = try await server.get(path + "/downloads?limit=1&cursor=\(cursor)", as: org.sales.token)
      #expect(first["items"].array?.first?["contact_id"] == .string(rows["agency"].uuidString.lowercased()))
      #expect(first["items"].array?.first?["ip_address"] == "203.0.113.5")
      #expect(try await server.get(path, as: org.office.token)["download_count"] == 2)
    }
  }

  @Test func `a document that was fetched is a proof and stays; another may go, by an administrator`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let path = "/v1/documents/\(rows["document"])"
      #expect(try await server.delete(path, as: org.office.token).status == 403)
      #expect(try await server.send(.delete, path, as: org.admin.token).status == 428)
      _ = try await server.get("/v1/portal/documents/\(rows["document"])/content", as: rows.agencyToken)
      let kept = try await server.delete(path, as: org.admin.token)
      #expect(kept.status == 409 && kept["code"] == "document-downloaded")
      let other = try await server.deposit(rows["dossier"], as: org.office.token)
      let gone = try await server.delete(
        "/v1/documents/\(other["id"].string ?? "")", as: org.admin.token, ifMatch: other.etag)
      #expect(gone.status == 204)
    }
  }
}

extension TestServer {
  func deposit(
    _ dossier: UUID, as token: String, name: String = "rapport.pdf", category: String = "report",
    type: String = "application/pdf", id: UUID? = nil, bytes: [UInt8] = TestServer.pdf
  ) async throws -> Answer {
    let encoded = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? name
    let given = id.map { "&id=\($0.uuidString)" } ?? ""
    return try await send(
      .post, "/v1/dossiers/\(dossier)/documents?category=\(category)&file_name=\(encoded)\(given)", as: token,
      bytes: bytes,
      headers: [.contentType: type])
  }
}
