import ConstatCore
import Support
import Testing

/// What a day looks like, for the office and for the one on the road.
@Suite struct PlanningTests {
  @Test func `the planning shows each person's days with the turnover of the day PLA-18 PLA-19 PLA-20`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(server.dossier(as: org, ["price_incl_tax_cents": 250_00]))
      // The last local hour of the 12th is already the 13th in UTC in winter: the planning counts local days.
      for local in ["2027-01-12T09:00", "2027-01-12T23:30"] {
        _ = try await server.made(
          server.post(
            "/v1/appointments", as: org.office.token,
            [
              "dossier_id": .string(dossier), "technician_id": .string(org.marc.wire),
              "starts_at_local": .string(local),
              "duration_minutes": 30,
            ]))
      }
      let all = try await server.get("/v1/plannings?from=2027-01-12&to=2027-01-14", as: org.office.token)
      #expect(all.status == 200 && all["technicians"].array?.count == 2, "\(all.text)")
      let marc = all["technicians"].array?.first { $0["technician_id"] == .string(org.marc.wire) }
      let days = marc?["days"]?.array ?? []
      #expect(days.map { $0["appointments"]?.array?.count } == [2, 0, 0])
      #expect(days.first?["turnover_incl_tax_cents"] == 250_00)
      let one = try await server.get(
        "/v1/plannings?from=2027-01-12&to=2027-01-12&technician_id=\(org.nadia.wire)", as: org.office.token)
      #expect(one["technicians"].array?.map { $0["technician_id"] } == [.string(org.nadia.wire)])
      #expect(try await server.get("/v1/plannings?from=2027-01-12", as: org.office.token).status == 400)
      #expect(
        try await server.get("/v1/plannings?from=2027-01-12&to=2027-06-12", as: org.office.token).status
          == 400)
      let bad = try await server.get(
        "/v1/plannings?from=2027-01-12&to=2027-01-12&technician_id=x", as: org.office.token)
      #expect(bad.status == 400)
    }
  }

  @Test func `a route sheet has the day in order with what is needed on the road PLA-23 PLA-32`() async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let occupant = try await server.contact("Lafitte", as: org, ["mobile": "06 12 34 56 78"])
      let dossier = try await server.made(
        server.dossier(
          as: org,
          [
            "occupant_id": .string(occupant), "street": "3 rue des Pins", "city": "Bayonne",
            "key_pickup": "Agence",
            "diagnostics": ["gas", "dpe"],
          ]))
      for local in ["2027-01-12T14:00", "2027-01-12T09:00", "2027-01-13T09:00"] {
        _ = try await server.made(
          server.post(
            "/v1/appointments", as: org.office.token,
            [
              "dossier_id": .string(dossier), "technician_id": .string(org.marc.wire),
              "starts_at_local": .string(local),
            ]))
      }
      let sheet = try await server.get("/v1/route-sheets/\(org.marc.wire)/2027-01-12", as: org.marc.token)
      let stops = sheet["items"].array ?? []
      #expect(stops.compactMap { $0["starts_at_local"]?.string } == ["2027-01-12T09:00", "2027-01-12T14:00"])
      #expect(stops.first?["occupant_name"] == "Lafitte" && stops.first?["phone"] == "06 12 34 56 78")
      #expect(stops.first?["key_pickup"] == "Agence" && stops.first?["diagnostic_codes"] == ["dpe", "gas"])
      #expect(
        try await server.get("/v1/route-sheets/\(occupant)/2027-01-12", as: org.office.token).status == 404)
      #expect(
        try await server.get("/v1/route-sheets/\(org.marc.wire)/2027-02-30", as: org.office.token).status
          == 404)
    }
  }
}
