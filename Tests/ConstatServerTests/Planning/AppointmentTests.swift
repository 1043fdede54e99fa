import ConstatCore
import Foundation
import Support
import Testing

/// From an order to a time on someone's planning.
@Suite struct AppointmentTests {
  @Test
  func `a booked visit schedules the dossier, at local time, as long as estimated DOS-11 DOS-18 PLA-06`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(
        server.dossier(as: org, ["city": "Bayonne", "estimated_minutes": 90]))
      let booked = try await server.post(
        "/v1/appointments", as: org.office.token,
        [
          "dossier_id": .string(dossier), "technician_id": .string(org.marc.wire),
          "starts_at_local": "2027-01-12T09:00",
          "comment": "Chien dans la cour",
        ])
      #expect(booked.status == 201, "\(booked.text)")
      #expect(booked["starts_at"] == "2027-01-12T08:00:00Z" && booked["ends_at"] == "2027-01-12T09:30:00Z")
      #expect(booked["duration_minutes"] == 90 && booked["starts_at_local"] == "2027-01-12T09:00")
      #expect(booked["time_zone"] == "Europe/Paris" && booked["city"] == "Bayonne")
      let after = try await server.get("/v1/dossiers/\(dossier)", as: org.office.token)
      #expect(after["status"] == "scheduled" && after["technician_id"] == .string(org.marc.wire))
      #expect(after["appointment_starts_at"] == "2027-01-12T08:00:00Z")
      let listed = try await server.get(
        "/v1/dossiers?technician_id=\(org.marc.wire)&appointment_on=2027-01-12", as: org.office.token)
      #expect(listed["items"].array?.first?["technician_initials"] == "CT", "\(listed.text)")
      // By instant, without estimate: an hour (AMB-28).
      let plain = try await server.made(server.dossier(as: org))
      let instant = try await server.post(
        "/v1/appointments", as: org.office.token,
        [
          "dossier_id": .string(plain), "technician_id": .string(org.nadia.wire),
          "starts_at": "2027-07-12T08:00:00Z",
        ])
      #expect(instant["starts_at_local"] == "2027-07-12T10:00" && instant["duration_minutes"] == 60)
    }
  }

  @Test func `02h30 on 28 March 2027 does not exist, on 31 October it exists twice`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(server.dossier(as: org))
      func book(_ local: String, _ more: [String: JSONValue] = [:]) async throws -> TestServer.Answer {
        try await server.post(
          "/v1/appointments", as: org.office.token,
          .object(
            [
              "dossier_id": .string(dossier), "technician_id": .string(org.marc.wire),
              "starts_at_local": .string(local),
            ].merging(more) { $1 }))
      }
      let gap = try await book("2027-03-28T02:30")
      #expect(gap.status == 422 && gap["code"] == "nonexistent-local-time", "\(gap.text)")
      #expect(gap["errors"].array?.first?["pointer"] == "/starts_at_local")
      let twice = try await book("2027-10-31T02:30")
      #expect(
        twice.status == 422 && twice["code"] == "ambiguous-local-time"
          && twice["utc_offset_minutes"] == [120, 60])
      let wrong = try await book("2027-10-31T02:30", ["utc_offset_minutes": 0])
      #expect(wrong.status == 422 && wrong["code"] == "wrong-utc-offset")
      let second = try await book("2027-10-31T02:30", ["utc_offset_minutes": 60])
      #expect(second["starts_at"] == "2027-10-31T01:30:00Z")
      let island = try await book("2027-03-28T02:30", ["time_zone": "Indian/Reunion"])
      #expect(island["starts_at"] == "2027-03-27T22:30:00Z")
      #expect(try await book("2027-02-30T09:00").status == 422)
      #expect(try await server.get("/v1/dossiers/\(dossier)", as: org.office.token)["status"] == "scheduled")
      #expect(try await server.get("/v1/appointments", as: org.office.token)["items"].array?.count == 2)
    }
  }

  @Test
  func `one technician is at one place at a time unless told otherwise, and missions are for technicians`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(server.dossier(as: org, ["city": "Dax"]))
      func book(_ person: TestOrganization.Person, _ local: String, _ more: [String: JSONValue] = [:])
        async throws
        -> TestServer.Answer
      {
        try await server.post(
          "/v1/appointments", as: org.office.token,
          .object(
            [
              "dossier_id": .string(dossier), "technician_id": .string(person.wire),
              "starts_at_local": .string(local),
            ].merging(more) { $1 }))
      }
      let first = try await book(org.marc, "2027-01-12T09:00")
      let clash = try await book(org.marc, "2027-01-12T09:59")
      #expect(
        clash.status == 409 && clash["code"] == "technician-busy" && clash["appointment_id"] == first["id"])
      #expect(clash["city"] == "Dax")
      #expect(try await book(org.marc, "2027-01-12T10:00").status == 201)
      #expect(try await book(org.nadia, "2027-01-12T09:00").status == 201)
      #expect(try await book(org.marc, "2027-01-12T09:30", ["allow_overlap": true]).status == 201)
      let sales = try await book(org.sales, "2027-01-12T09:00")
      #expect(sales.status == 422 && sales["errors"].array?.first?["pointer"] == "/technician_id")
      let visit = try await server.post(
        "/v1/appointments", as: org.office.token,
        ["kind": "physical", "technician_id": .string(org.sales.wire), "starts_at_local": "2027-01-12T09:00"])
      #expect(visit.status == 201, "PLA-31: \(visit.text)")
      let homeless = try await server.post(
        "/v1/appointments", as: org.office.token,
        ["technician_id": .string(org.marc.wire), "starts_at_local": "2027-01-12T15:00"])
      #expect(homeless.status == 422 && homeless["errors"].array?.first?["pointer"] == "/dossier_id")
    }
  }

  @Test func `an appointment is moved, given to another and cancelled PLA-17 PLA-21`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(server.dossier(as: org))
      let booked = try await server.post(
        "/v1/appointments", as: org.office.token,
        [
          "dossier_id": .string(dossier), "technician_id": .string(org.marc.wire),
          "starts_at_local": "2027-01-12T09:00",
          "duration_minutes": 120,
        ])
      let path = "/v1/appointments/\(booked["id"].string ?? "")"
      let longer = try await server.patch(
        path, as: org.office.token, ["duration_minutes": 150], ifMatch: booked.etag)
      #expect(longer["starts_at"] == booked["starts_at"] && longer["duration_minutes"] == 150)
      let moved = try await server.patch(path, as: org.office.token, ["starts_at_local": "2027-01-13T14:00"])
      #expect(moved["starts_at"] == "2027-01-13T13:00:00Z" && moved["duration_minutes"] == 60, "AMB-28")
      let given = try await server.patch(
        path, as: org.office.token, ["technician_id": .string(org.nadia.wire)])
      #expect(given["technician_id"] == .string(org.nadia.wire) && given["starts_at"] == moved["starts_at"])
      let stale = try await server.patch(path, as: org.office.token, ["comment": "x"], ifMatch: booked.etag)
      #expect(stale.status == 412)

      let cancelled = try await server.post("\(path)/cancellation", as: org.office.token)
      #expect(cancelled.status == 200 && cancelled["status"] == "cancelled")
      let after = try await server.get("/v1/dossiers/\(dossier)", as: org.office.token)
      #expect(after["status"] == "to_schedule" && after["appointment_id"].isNull)
      #expect(try await server.patch(path, as: org.office.token, ["comment": "x"]).status == 409)
      let again = try await server.post("\(path)/cancellation", as: org.office.token)
      #expect(again.status == 200 && again.etag == cancelled.etag)
    }
  }

  @Test func `a cancelled dossier frees its planned visits and takes no new one DOS-16`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(server.dossier(as: org))
      let body: JSONValue = [
        "dossier_id": .string(dossier), "technician_id": .string(org.marc.wire),
        "starts_at_local": "2027-01-12T09:00",
      ]
      let booked = try await server.post("/v1/appointments", as: org.office.token, body)
      try await server.post("/v1/dossiers/\(dossier)/status", as: org.office.token, ["status": "cancelled"])
      #expect(
        try await server.get("/v1/appointments/\(booked["id"].string ?? "")", as: org.office.token)["status"]
          == "cancelled")
      let refused = try await server.post("/v1/appointments", as: org.office.token, body)
      #expect(refused.status == 409 && refused["code"] == "dossier-closed")
    }
  }
}
