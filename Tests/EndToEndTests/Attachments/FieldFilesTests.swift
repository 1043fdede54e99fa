import ConstatCore
import ConstatDevice
import ConstatServer
import Foundation
import Support
import Synchronization
import Testing

/// The SDK's queue against the real server, over HTTP.
@Suite struct FieldFilesTests {
  @Test func `a photo from the cellar is cut on its way, goes on after a restart, and the office opens it`()
    async throws
  {
    try await TestServer.run(overHTTP: true) { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.marc.id)
      let rows = try await server.rows(in: org)
      let mission = rows["dossier"].uuidString.lowercased()
      let file = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString).sqlite")
        .path
      defer {
        for suffix in ["", "-wal", "-shm", "-attachments"] {
          try? FileManager.default.removeItem(atPath: file + suffix)
        }
      }
      let partsUntilCut = Mutex(2)
      let http = try Transport.http(server.address)
      let cut = Transport { request in
        if request.method == "PATCH" {
          let left = partsUntilCut.withLock {
            $0 -= 1
            return $0
          }
          if left < 0 { throw TransportError("no network") }
        }
        return try await http.send(request)
      }
      let first = try await FieldDevice.enrol(
        file: file, server: server.address, email: org.marc.email, password: TestServer.password,
        name: "Téléphone", transport: cut)
      try await first.sync()
      let photo = [0xff, 0xd8, 0xff] + (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 997) }
      let id = try await first.attach(
        mission, photo, named: "tableau électrique.jpg", caption: "Tableau",
        at: Position(latitude: 43.49, longitude: -1.47))
      try await first.sync()
      await #expect(throws: SyncError.self) { try await first.uploadAttachments() }
      try first.close()

      let device = try await FieldDevice.open(file: file)
      let listed = try await server.get("/v1/dossiers/\(mission)/attachments", as: org.office.token)
      #expect(listed["complete"] == false)
      let report = try await device.uploadAttachments()
      #expect(report.uploaded == 1 && report.bytesSent == photo.count - 2 * 1_048_576, "\(report)")
      try await device.sync()
      #expect(try await device.attachments(mission).first { $0.id == id }?.bytes == .onServer)
      let content = try await server.get("/v1/attachments/\(id)/content", as: org.office.token)
      #expect(content.status == 200 && content.body == photo)

      // Another device of the technician's has no such file, and fetches it; bytes known to the server are not sent again.
      let other = try await FieldDevice.enrol(
        file: file + "2", server: server.address, email: org.marc.email, password: TestServer.password,
        name: "Tablette")
      defer {
        for suffix in ["", "-wal", "-shm", "-attachments"] {
          try? FileManager.default.removeItem(atPath: file + "2" + suffix)
        }
      }
      try await other.sync()
      #expect(try Data(contentsOf: await other.attachmentFile(id)) == Data(photo))
      try await other.attach(mission, photo, named: "encore.jpg")
      #expect(try await other.uploadAttachments().bytesSent == 0)
      try device.close()
      try other.close()
    }
  }

  @Test func `MIS-06 after a restore the device brings back the photo that the backup does not have`()
    async throws
  {
    try await FieldTeam.run { team in
      let device = try await team.enrol()
      try await device.sync()
      let backup = try await team.server.database.backup(in: team.directory)
      let photo = [0xff, 0xd8, 0xff] + [UInt8](repeating: 7, count: 5000)
      let id = try await device.attach(team.mission, photo, named: "compteur.jpg")
      try await device.sync()
      #expect(try await device.uploadAttachments().uploaded == 1)
      try await device.sync()

      try await team.server.database.restore(backup)
      _ = try await team.dossier()
      let path = "/v1/attachments/\(id)"
      #expect(try await team.server.get(path, as: team.org.office.token).status == 404)
      _ = try await team.settled(device)
      #expect(try await team.server.get(path, as: team.org.office.token)["state"] == "awaiting_blob")
      #expect(try await device.uploadAttachments().uploaded == 1)
      let content = try await team.server.get(path + "/content", as: team.org.office.token)
      #expect(content.status == 200 && content.body == photo)
    }
  }
}
