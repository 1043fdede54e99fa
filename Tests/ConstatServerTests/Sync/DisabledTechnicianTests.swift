import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// Somebody who has left the company left work on a phone.
@Suite struct DisabledTechnicianTests {
  @Test
  func
    `the last work of a technician whose account was disabled is parked, and nothing else is let through`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let enrolled = try await server.post("/v1/devices", as: work.org.marc.token, ["name": "Téléphone"])
      let id = enrolled["id"].string ?? ""
      func token() async throws -> TestServer.Answer {
        try await server.post("/v1/devices/\(id)/token", ["secret": enrolled["secret"]])
      }
      let device = RawDevice(server: server, id: id, token: try await token()["access_token"].string ?? "")
      try await device.pull()
      let edit = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier, set: ["floor": "3"], was: ["floor": .null])
      let disabled = try await server.post(
        "/v1/users/\(work.org.marc.wire)/deactivation", as: work.org.admin.token)
      #expect(disabled.status == 200, "\(disabled.text)")

      // The session went with the account; the secret opens another.
      #expect(try await device.push([edit]).status == 401)
      let again = RawDevice(server: server, id: id, token: try await token()["access_token"].string ?? "")
      let answer = try await again.push([edit])
      #expect(answer["results"].array?.first?["reason"] == "device_revoked", "\(answer.text)")
      let pull = try await server.post(
        "/v1/sync/pull", as: again.token, PullRequest(cursor: device.cursor).json)
      #expect(pull.isProblem(403, "device-revoked") && pull["lmid"] == 1, "\(pull.text)")
      let parked = try await server.get("/v1/sync/parked", as: work.org.office.token)
      #expect(parked["items"].array?.first?["mutation"]?["set"]?["floor"] == "3")
      for path in ["/v1/dossiers", "/v1/contacts"] {
        #expect(try await server.get(path, as: again.token).status == 403)
        #expect(try await server.get(path, as: work.org.marc.token).status == 401)
      }
      #expect(try await server.get("/v1/sync/manifest", as: again.token)["items"] == [])
      // A colleague's device and an account that comes back are as they were; the revoked device is not.
      _ = try await server.delete("/v1/users/\(work.org.marc.wire)/deactivation", as: work.org.admin.token)
      let back = try await server.post(
        "/v1/sync/pull", as: try await token()["access_token"].string ?? "", PullRequest(cursor: nil).json)
      #expect(back.isProblem(403, "device-revoked"))
    }
  }

  @Test func `devices of accounts that were disabled before that revoked them are revoked by migration 0020`()
    async throws
  {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Migrations/0020_disabled_accounts.sql")
    let migration = try String(contentsOf: file, encoding: .utf8)
    try await TestServer.run { server in
      let works = [
        try await FieldWork.planned(server), try await FieldWork.planned(server, "cabinet-landais"),
      ]
      var devices: [(marc: TestServer.Answer, nadia: TestServer.Answer)] = []
      for work in works {
        let marc = try await server.post("/v1/devices", as: work.org.marc.token, ["name": "Téléphone"])
        let nadia = try await server.post("/v1/devices", as: work.org.nadia.token, ["name": "Tablette"])
        devices.append((marc, nadia))
        try await server.asOwner(work.org.id) { transaction in
          _ = try await transaction.pipeline([
            "ALTER TABLE user_account DISABLE TRIGGER revoke_devices",
            "UPDATE user_account SET disabled_at = '2026-01-05T08:00Z' WHERE id = \(work.org.marc.id)",
            "SET CONSTRAINTS ALL IMMEDIATE", "ALTER TABLE user_account ENABLE TRIGGER revoke_devices",
          ])
        }
      }
      func token(of device: TestServer.Answer) async throws -> TestServer.Answer {
        try await server.post(
          "/v1/devices/\(device["id"].string ?? "")/token", ["secret": device["secret"]])
      }
      #expect(try await token(of: devices[0].marc).status == 401)
      for _ in 0..<2 {
        try await server.owner.transaction { transaction, _ in
          _ = try await transaction.query(.script(trusted: migration))
        }
      }
      for (work, device) in zip(works, devices) {
        let all = try await server.get("/v1/devices", as: work.org.office.token)["items"].array ?? []
        func revokedAt(_ one: TestServer.Answer) -> JSONValue? {
          all.first { $0["id"] == one["id"] }?["revoked_at"]
        }
        #expect(revokedAt(device.marc) == "2026-01-05T08:00:00Z" && revokedAt(device.nadia)?.isNull == true)
        let history = try await server.get("/v1/history?actor=migration:0020", as: work.org.admin.token)
        let items = history["items"].array ?? []
        #expect(items.count == 1 && items[0]["row_id"] == device.marc["id"], "\(history.text)")
        #expect(items[0]["version"]?.integer != nil, "sealed")
        let held = RawDevice(
          server: server, id: device.marc["id"].string ?? "",
          token: try await token(of: device.marc)["access_token"].string ?? "")
        let late = try await held.push([
          held.mutation(.dossier, work.dossier.uuidString, in: work.dossier, set: ["floor": "3"])
        ])
        #expect(late["results"].array?.first?["reason"] == "device_revoked", "\(late.text)")
      }
    }
  }
}
