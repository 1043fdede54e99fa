import ConstatCore
@testable import ConstatServer
import Crypto
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

/// `/v1/uploads` as tus 1.0 has it.
@Suite struct UploadTests {
  @Test func `OPTIONS tells what the server can do`() async throws {
    try await TestServer.run { server in
      let answer = try await server.send(.options, "/v1/uploads")
      #expect(answer.status == 204 && answer.header("Tus-Version") == "1.0.0")
      #expect(answer.header("Tus-Extension") == "creation,checksum,expiration,termination")
      #expect(answer.header("Tus-Max-Size") == "52428800")
      #expect(answer.header("Tus-Checksum-Algorithm") == "sha1,sha256")
    }
  }

  @Test func `a file comes in parts, is whole at the end, and is not sent twice`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let client = TusClient(server: server, token: org.marc.token)
      let photo = TusClient.photo(2_500_000)
      let made = try await client.create(photo)
      #expect(
        made.status == 201 && made.offset == 0 && made.header("Tus-Resumable") == "1.0.0", "\(made.text)")
      #expect(made.header("Upload-Expires")?.hasSuffix(" GMT") == true)
      let first = try await client.patch(made.location, at: 0, Array(photo[..<1_048_576]))
      #expect(first.status == 204 && first.offset == 1_048_576, "\(first.text)")
      let standing = try await client.head(made.location)
      #expect(standing.status == 200 && standing.offset == 1_048_576)
      #expect(standing.header("Upload-Length") == "2500000" && standing.header("Cache-Control") == "no-store")
      let last = try await client.patch(made.location, at: 1_048_576, Array(photo[1_048_576...]))
      #expect(last.status == 204 && last.offset == photo.count, "\(last.text)")
      #expect(
        try await client.head(made.location).offset == photo.count, "who lost the last answer learns of it")
      let kept = try await server.services.storage.get(
        .blob(org.id, sha256: Array(SHA256.hash(data: photo))))
      #expect(kept == photo)
      let part = BlobKey.part(
        org.id, upload: try #require(UUID(uuidString: String(made.location.suffix(36)))), offset: 0)
      #expect(try await server.services.storage.get(part) == nil, "parts go once the whole is there")
      // Others of the organization need not send it again; another organization must.
      let again = try await TusClient(server: server, token: org.office.token).create(photo)
      #expect(again.status == 201 && again.offset == photo.count)
      let other = try await server.organization("autre-cabinet")
      #expect(try await TusClient(server: server, token: other.office.token).create(photo).offset == 0)
    }
  }

  @Test
  func `a part at the wrong place, an altered one and one that is too small leave the upload as it was`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let client = TusClient(server: server, token: org.marc.token)
      let photo = TusClient.photo(3_000_000)
      let path = try await client.create(photo).location
      let part = Array(photo[..<1_500_000])
      let ahead = try await client.patch(path, at: 1_048_576, part)
      #expect(ahead.status == 409 && ahead["code"] == "wrong-offset" && ahead.offset == 0)
      let sum = Data(SHA256.hash(data: part)).base64EncodedString()
      let altered = try await client.patch(
        path, at: 0, part.dropLast() + [part.last! ^ 1], ["Upload-Checksum": "sha256 \(sum)"])
      #expect(
        altered.status == 460 && altered["code"] == "checksum-mismatch"
          && altered.header("Tus-Resumable") == "1.0.0")
      let unknown = try await client.patch(path, at: 0, part, ["Upload-Checksum": "md5 \(sum)"])
      #expect(unknown.status == 400 && unknown["code"] == "unsupported-checksum")
      let small = try await client.patch(path, at: 0, Array(part[..<1000]))
      #expect(small.status == 422 && small["code"] == "part-too-small")
      let large = try await client.patch(path, at: 0, [UInt8](repeating: 0, count: 5 * 1_048_576 + 1))
      #expect(large.status == 413)
      let beyond = try await client.patch(path, at: 0, photo + [0])
      #expect(beyond.status == 400 && beyond["code"] == "part-beyond-end")
      let typed = try await client.patch(path, at: 0, part, ["Content-Type": "image/jpeg"])
      #expect(typed.status == 415)
      #expect(try await client.head(path).offset == 0)
      let sha1 = Data(Insecure.SHA1.hash(data: part)).base64EncodedString()
      #expect(try await client.patch(path, at: 0, part, ["Upload-Checksum": "sha1 \(sha1)"]).status == 204)
      #expect(try await client.patch(path, at: 0, part).status == 409, "a repeated part counts once")
    }
  }

  @Test func `an upload of which a part is gone is begun again, and not tried for days`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let client = TusClient(server: server, token: org.marc.token)
      let photo = TusClient.photo(2_000_000)
      let path = try await client.create(photo).location
      #expect(try await client.patch(path, at: 0, Array(photo[..<1_048_576])).status == 204)
      // As a restored database finds it whose upload came to its end after the backup.
      let id = try #require(path.split(separator: "/").last.flatMap { UUID(uuidString: String($0)) })
      try await server.services.storage.delete(.part(org.id, upload: id, offset: 0))
      let last = try await client.patch(path, at: 1_048_576, Array(photo[1_048_576...]))
      #expect(last.status == 410 && last["code"] == "upload-expired", "\(last.text)")
      #expect(try await client.head(path).status == 404)
      #expect(try await client.upload(photo).status == 204)
    }
  }

  @Test func `a client that can only POST says what it means`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let client = TusClient(server: server, token: org.marc.token)
      let photo = TusClient.photo(2000)
      let path = try await client.create(photo).location
      let headers = ["Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"]
      #expect(try await client.send(.post, path, headers, photo).status == 405)
      func mean(_ method: String, _ bytes: [UInt8] = []) async throws -> TestServer.Answer {
        try await client.send(.post, path, headers.merging(["X-HTTP-Method-Override": method]) { $1 }, bytes)
      }
      let sent = try await mean("PATCH", photo)
      #expect(sent.status == 204 && sent.offset == photo.count)
      let standing = try await mean("HEAD")
      #expect(standing.status == 200 && standing.offset == photo.count)
      #expect(try await mean("DELETE").status == 204)
      #expect(try await client.head(path).status == 404)
    }
  }

  @Test func `what is not what was announced is not kept`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let client = TusClient(server: server, token: org.marc.token)
      let (photo, other) = (TusClient.photo(5000), TusClient.photo(5000, seed: 2))
      let path = try await client.create(photo).location
      let wrong = try await client.patch(path, at: 0, other)
      #expect(wrong.status == 460 && wrong["code"] == "blob-mismatch")
      #expect(try await client.head(path).status == 404, "there is nothing to go on with")
      let script = Array("<svg onload=alert(1)>".utf8)
      let disguised = try await client.upload(script, type: "image/png")
      #expect(disguised.status == 422 && disguised["code"] == "content-mismatch")
      let blobs = try await server.asOwner(org.id) { transaction in
        try await transaction.value(Int.self, "SELECT count(*) FROM system.blob")
      }
      #expect(blobs == 0)
    }
  }

  @Test func `Bad input: an announcement is refused before any byte is sent`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let client = TusClient(server: server, token: org.marc.token)
      let photo = TusClient.photo(100)
      let metadata = TusClient.metadata(photo)
      for (headers, status) in [
        (["Upload-Metadata": metadata], 400), (["Upload-Length": "-1", "Upload-Metadata": metadata], 400),
        (["Upload-Length": "52428801", "Upload-Metadata": metadata], 413),
        (["Upload-Length": "0", "Upload-Metadata": metadata], 422), (["Upload-Length": "100"], 415),
        (["Upload-Length": "100", "Upload-Metadata": "sha256 %%%"], 400),
        (["Upload-Length": "100", "Upload-Metadata": TusClient.metadata(photo, type: "text/html")], 415),
        (
          ["Upload-Length": "100", "Upload-Metadata": TusClient.metadata(photo, name: "../../etc/passwd")],
          422
        ),
        (
          [
            "Upload-Length": "100", "Upload-Metadata": "type \(Data("image/png".utf8).base64EncodedString())",
          ], 422
        ),
      ] {
        let answer = try await client.send(.post, "/v1/uploads", headers)
        #expect(answer.status == status, "\(headers): \(answer.text)")
      }
      let unversioned = try await server.send(
        .post, "/v1/uploads", as: org.marc.token,
        headers: [.init("Upload-Length")!: "100", .init("Upload-Metadata")!: metadata])
      #expect(unversioned.status == 412 && unversioned.header("Tus-Version") == "1.0.0")
      let accountant = TusClient(server: server, token: org.accountant.token)
      #expect(try await accountant.create(photo).status == 403)
    }
  }

  @Test func `bodies that are more than the process holds at once are told to come back`() async throws {
    try await TestServer.run(bodyBytes: 1_500_000) { server in
      let org = try await server.organization()
      let client = TusClient(server: server, token: org.marc.token)
      let photo = TusClient.photo(3_700_000)
      let path = try await client.create(photo).location
      // Each takes its share and gives it back, also where it is refused.
      for _ in 0..<3 {
        #expect(try await client.patch(path, at: 0, Array(photo[..<1_600_000])).isProblem(503, "busy"))
        #expect(try await client.patch(path, at: 9, Array(photo[..<1_200_000])).status == 409)
      }
      #expect(try await client.head(path).offset == 0)
      for offset in stride(from: 0, to: photo.count, by: 1_200_000) {
        let part = Array(photo[offset..<min(photo.count, offset + 1_200_000)])
        #expect(try await client.patch(path, at: offset, part).status == 204)
      }
    }
  }

  @Test func `who holds much of what the process may hold leaves room for others`() async throws {
    try await TestServer.run(bodyBytes: 16_000_000) { server in
      let (org, other) = (try await server.organization(), try await server.organization("cabinet-landais"))
      let photo = TusClient.photo(3_700_000)
      func upload(_ person: TestOrganization.Person) async throws -> Int {
        let client = TusClient(server: server, token: person.token)
        return try await client.patch(client.create(photo).location, at: 0, Array(photo[..<3_600_000])).status
      }
      // Bodies that come a byte now and then hold what they have taken.
      func slow(_ token: String) throws -> Int {
        try server.services.bodies.take(3_000_000, for: BearerToken(token))
      }
      let marc = [try slow(org.marc.token), try slow(org.marc.token)]
      #expect(throws: Problem.self) { try slow(org.marc.token) }
      #expect(try await upload(org.marc) == 503)
      #expect(try await upload(org.nadia) == 503, "her company has its share")
      #expect(try await upload(other.marc) == 204)
      for taken in marc { server.services.bodies.give(taken, of: BearerToken(org.marc.token)) }
      #expect(try await upload(org.marc) == 204)
      #expect(try await upload(org.nadia) == 204)
    }
  }

  @Test func `an upload belongs to who began it; cancelled or expired, it leaves nothing behind`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let (marc, nadia) = (
        TusClient(server: server, token: org.marc.token), TusClient(server: server, token: org.nadia.token)
      )
      let photo = TusClient.photo(2_000_000)
      let cancelled = try await marc.create(photo).location
      _ = try await marc.patch(cancelled, at: 0, Array(photo[..<1_048_576]))
      #expect(try await nadia.head(cancelled).status == 404)
      #expect(try await nadia.patch(cancelled, at: 1_048_576, Array(photo[1_048_576...])).status == 404)
      #expect(try await nadia.send(.delete, cancelled).status == 404)
      #expect(try await marc.send(.delete, cancelled).status == 204)
      #expect(try await marc.head(cancelled).status == 404)
      let expired = try await marc.create(photo).location
      _ = try await marc.patch(expired, at: 0, Array(photo[..<1_048_576]))
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute("UPDATE system.upload SET expires_at = now() - interval '1 second'")
      }
      #expect(try await marc.head(expired).status == 410)
      #expect(try await marc.patch(expired, at: 1_048_576, Array(photo[1_048_576...])).status == 410)
      #expect(await server.carryOut(ExpireUploadsJob.self) == 1)
      #expect(try await marc.head(expired).status == 404)
      for path in [cancelled, expired] {
        let upload = try #require(UUID(uuidString: String(path.suffix(36))))
        #expect(try await server.services.storage.get(.part(org.id, upload: upload, offset: 0)) == nil)
      }
    }
  }
}
