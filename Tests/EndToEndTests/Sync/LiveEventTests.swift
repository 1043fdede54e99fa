import ConstatCore
import ConstatDevice
import ConstatServer
import Foundation
import Support
import Testing

@Suite struct LiveEventTests {
  @Test func `a device that listens is told at once of a mission that the office gives it`() async throws {
    try await TestServer.run(overHTTP: true) { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.marc.id)
      let file = FileManager.default.temporaryDirectory.appending(path: "live-\(UUID().uuidString).sqlite")
        .path
      defer {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
      }
      let device = try await FieldDevice.enrol(
        file: file, server: server.address, email: org.marc.email, password: TestServer.password,
        name: "Téléphone")
      try await device.sync()
      var events = device.events().makeAsyncIterator()

      let opened = try await server.dossier(as: org, ["street": "1 rue Neuve"])
      let dossier = try server.made(opened)
      let booked = try await server.post(
        "/v1/appointments", as: org.office.token,
        [
          "dossier_id": .string(dossier), "technician_id": .string(org.marc.wire),
          "starts_at_local": "2026-12-01T09:00", "duration_minutes": 60,
        ], key: UUID().uuidString)
      #expect(booked.status == 201, "\(booked.text)")
      while try await device.mission(dossier) == nil {
        #expect(await events.next() != nil)
        try await device.sync()
      }

      // A revoked device hears of it in its own way: a last poke, and the sync that it causes says so.
      try await server.delete("/v1/devices/\(try await device.enrolment().device)", as: org.office.token)
      var isWiped = false
      while await events.next() != nil { isWiped = try await device.sync().isWiped }
      #expect(isWiped)
    }
  }
}
