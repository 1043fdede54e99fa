import ConstatCore
@testable import ConstatServer
import ConstatSync
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

/// Files of missions: rows by sync, bytes apart, in either order.
@Suite struct AttachmentTests {
  @Test func `a photo's row comes by sync, its bytes when they can; the mission closes once they are there`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let photo = TusClient.photo(1_200_000)
      let id = UUID().wire
      let pushed = try await device.push([device.photo(id, in: work.dossier, photo)])
      #expect(pushed["results"].array?.first?["status"] == "applied", "\(pushed.text)")
      let replayed = try await device.push([device.photo(id, in: work.dossier, photo)])
      #expect(
        replayed["results"].array?.first?["status"] == "applied",
        "the same again is no news: \(replayed.text)")
      let other = try await device.push([device.photo(id, in: work.dossier, TusClient.photo(9))])
      #expect(other["results"].array?.first?["error"]?["code"] == "already-exists")
      try await device.pull()
      #expect(device.rows[EntityKey(.attachment, id)]?["state"] == "awaiting_blob")
      #expect(device.rows[EntityKey(.attachment, id)]?["sha256"] == .string(TusClient.sha256(photo)))

      let manifest = try await server.get("/v1/sync/manifest", as: device.token)
      #expect(manifest["items"].array?.map { $0["id"]?.string } == [id] && manifest["next_cursor"].isNull)
      let path = "/v1/dossiers/\(work.dossier)"
      let incomplete = try await server.get("\(path)/attachments", as: work.org.office.token)
      #expect(incomplete["missing_count"] == 1 && incomplete["complete"] == false)
      let early = try await server.get("/v1/attachments/\(id)/content", as: work.org.office.token)
      #expect(early.status == 409 && early["code"] == "awaiting-blob")
      let refused = try await server.post(
        "\(path)/status", as: work.org.office.token, ["status": "finalised"])
      #expect(
        refused.status == 409 && refused["code"] == "attachments-missing" && refused["missing_count"] == 1)
      #expect(
        try await server.post("\(path)/status", as: work.org.office.token, ["status": "incomplete"]).status
          == 200)

      let client = TusClient(server: server, token: device.token)
      #expect(try await client.upload(photo).status == 204)
      try await device.pull()
      #expect(device.rows[EntityKey(.attachment, id)]?["state"] == "stored", "devices are told that it came")
      #expect(try await server.get("/v1/sync/manifest", as: device.token)["items"].array?.isEmpty == true)
      let content = try await server.get("/v1/attachments/\(id)/content", as: work.org.office.token)
      #expect(content.status == 200 && content.body == photo && content.headers[.contentType] == "image/jpeg")
      #expect(content.header("Content-Security-Policy") == "default-src 'none'; sandbox")
      #expect(
        try await server.post("\(path)/status", as: work.org.office.token, ["status": "finalised"]).status
          == 200)
    }
  }

  @Test func `a photo made and taken back in one push was seen by who deletes it`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let photo = device.photo(UUID().wire, in: work.dossier, TusClient.photo(3000))
      let deletion = device.mutation(
        .attachment, photo.key.id, in: work.dossier, .delete, was: photo.set)
      let answer = try await device.push([photo, deletion])
      let statuses = answer["results"].array?.map { $0["status"] }
      #expect(statuses == ["applied", "applied"], "\(answer.text)")
      try await device.pull()
      #expect(device.rows.keys.allSatisfy { $0.type != .attachment && $0.type != .syncConflict })
    }
  }

  @Test func `bytes that came first are found by the row`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let photo = TusClient.photo(4000)
      #expect(try await TusClient(server: server, token: device.token).upload(photo).status == 204)
      let id = UUID().wire
      _ = try await device.push([device.photo(id, in: work.dossier, photo)])
      try await device.pull()
      #expect(device.rows[EntityKey(.attachment, id)]?["state"] == "stored")
    }
  }

  @Test func `rows and bytes that come at the same moment never miss each other`() async throws {
    try await TestServer.run(poolSize: 8) { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let path = "/v1/dossiers/\(rows["dossier"])/attachments"
      let client = TusClient(server: server, token: org.office.token)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for seed in UInt8(1)...24 {
          let photo = TusClient.photo(2000, seed: seed)
          let upload = try await client.create(photo).location
          let body: JSONValue = [
            "kind": "photo", "file_name": "p.jpg", "media_type": "image/jpeg", "size_bytes": 2000,
            "sha256": .string(TusClient.sha256(photo)),
          ]
          group.addTask {
            let sent = try await client.patch(upload, at: 0, photo)
            #expect(sent.status == 204)
          }
          group.addTask {
            let made = try await server.post(path, as: org.office.token, body)
            #expect(made.status == 201)
          }
        }
        try await group.waitForAll()
      }
      let manifest = try await server.get(path, as: org.office.token)
      #expect(manifest["items"].array?.count == 25 && manifest["missing_count"] == 0)
    }
  }

  @Test func `a device reads the files of its own missions only, and none once it is revoked`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let (marc, nadia) = (try await work.enrol(work.org.marc), try await work.enrol(work.org.nadia))
      try await marc.pull()
      let photo = TusClient.photo(4000)
      let id = UUID().wire
      _ = try await marc.push([marc.photo(id, in: work.dossier, photo)])
      _ = try await TusClient(server: server, token: marc.token).upload(photo)
      for path in ["/v1/attachments/\(id)", "/v1/attachments/\(id)/content"] {
        #expect(try await server.get(path, as: marc.token).status == 200)
        #expect(try await server.get(path, as: nadia.token).status == 404)
      }
      // The mission goes to Nadia: the files with it.
      try await work.reassign()
      #expect(try await server.get("/v1/attachments/\(id)/content", as: marc.token).status == 404)
      #expect(try await server.get("/v1/attachments/\(id)/content", as: nadia.token).body == photo)
      #expect(try await server.delete("/v1/devices/\(nadia.id)", as: work.org.office.token).status == 204)
      #expect(try await server.get("/v1/attachments/\(id)", as: nadia.token).status == 404)
    }
  }

  @Test func `the office adds files too, and gives up one that will never come`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let path = "/v1/dossiers/\(rows["dossier"])/attachments"
      let plan = TestServer.pdf + Array("plan".utf8)
      let body: JSONValue = [
        "id": .string(UUID().wire), "kind": "plan", "file_name": "plan – étage.pdf",
        "media_type": "application/pdf", "size_bytes": .integer(Int64(plan.count)),
        "sha256": .string(TusClient.sha256(plan)),
      ]
      let made = try await server.post(path, as: org.office.token, body)
      #expect(made.status == 201 && made["state"] == "awaiting_blob", "\(made.text)")
      #expect(try await server.post(path, as: org.office.token, body).status == 200, "repeated")
      let other = try await server.post(
        path, as: org.office.token, .object((body.object ?? [:]).merging(["kind": "paper"]) { $1 }))
      #expect(other.status == 409 && other["code"] == "id-taken")
      for (field, value) in [
        ("file_name", "../x.pdf"), ("media_type", "text/html"), ("sha256", "00"), ("size_bytes", 52_428_801),
      ] as [(String, JSONValue)] {
        var members = body.object ?? [:]
        members["id"] = nil
        members[field] = value
        let refused = try await server.post(path, as: org.office.token, .object(members))
        #expect(refused.status == 422 && refused["errors"].array?.first?["pointer"] == .string("/\(field)"))
      }
      let attachment = "/v1/attachments/\(made["id"].string ?? "")"
      #expect(try await server.delete(attachment, as: org.sales.token).status == 403)
      #expect(try await server.delete(attachment, as: org.office.token, ifMatch: made.etag).status == 204)
      #expect(try await server.get(path, as: org.office.token)["complete"] == true)
    }
  }

  @Test func `an attachment never changes, whoever tries`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      await #expect(throws: PostgresError.self) {
        try await server.asOwner(org.id) { transaction in
          _ = try await transaction.execute(
            "UPDATE attachment SET sha256 = sha256('other') WHERE id = \(rows["attachment"])")
        }
      }
    }
  }
}

extension RawDevice {
  /// The creation of an attachment, without its bytes.
  func photo(_ id: String, in dossier: UUID, _ bytes: [UInt8]) -> Mutation {
    mutation(
      .attachment, id, in: dossier, .create,
      set: [
        "dossier_id": .string(dossier.wire), "kind": "photo", "file_name": "photo.jpg",
        "media_type": "image/jpeg",
        "size_bytes": .integer(Int64(bytes.count)), "sha256": .string(TusClient.sha256(bytes)),
        "caption": "Tableau électrique", "taken_at": "2026-12-01T09:00:00Z",
      ])
  }
}
