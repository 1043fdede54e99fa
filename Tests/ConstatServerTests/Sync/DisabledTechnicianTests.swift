import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
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
}
