import ConstatCore
import Foundation
import Postgres
import Support
import Testing

/// One machine, one half-day, one holder.
@Suite struct LeadAnalyserTests {
  /// An organization with an analyser.
  private struct Workshop: Sendable {
    let server: TestServer
    let org: TestOrganization
    let analyser: String

    init(_ server: TestServer) async throws {
      self.server = server
      org = try await server.organization()
      analyser = try await server.made(
        server.post("/v1/lead-analysers", as: org.admin.token, ["name": "Fondis 1"]))
    }

    func dossier(_ city: String, _ codes: [JSONValue] = ["lead"]) async throws -> String {
      try await server.made(server.dossier(as: org, ["city": .string(city), "diagnostics": .array(codes)]))
    }

    func book(
      _ dossier: String, _ person: TestOrganization.Person, _ local: String, _ more: [String: JSONValue] = [:]
    ) async throws -> TestServer.Answer {
      try await server.post(
        "/v1/appointments", as: org.office.token,
        .object(
          [
            "dossier_id": .string(dossier), "technician_id": .string(person.wire),
            "starts_at_local": .string(local),
            "lead_analyser_id": .string(analyser),
          ].merging(more) { $1 }))
    }

    func bookings() async throws -> [JSONValue] {
      try await server.get("/v1/lead-analyser-bookings?from=2027-01-01&to=2027-01-31", as: org.office.token)[
        "items"
      ].array ?? []
    }
  }

  @Test func `who asks for a held analyser is told who has it, where and when PLA-15`() async throws {
    try await TestServer.run { server in
      let shop = try await Workshop(server)
      let first = try await shop.book(shop.dossier("Bayonne"), shop.org.marc, "2027-01-12T09:00")
      #expect(first.status == 201 && first["lead_analyser_name"] == "Fondis 1", "\(first.text)")
      let dax = try await shop.dossier("Dax")
      let refused = try await shop.book(dax, shop.org.nadia, "2027-01-12T11:00")
      #expect(refused.status == 409 && refused["code"] == "lead-analyser-taken", "\(refused.text)")
      #expect(refused["holder"] == "cabinet-basque-marc Test" && refused["city"] == "Bayonne")
      #expect(
        refused["day"] == "2027-01-12" && refused["half_day"] == "morning" && refused["time"] == "09:00")
      #expect(try await server.get("/v1/dossiers/\(dax)", as: shop.org.office.token)["status"] == "to_quote")
      // The afternoon is another half-day; an appointment over 13:00 takes both.
      #expect(try await shop.book(dax, shop.org.nadia, "2027-01-12T13:00").status == 201)
      let both = try await shop.book(
        shop.dossier("Pau"), shop.org.marc, "2027-01-13T12:00", ["duration_minutes": 120])
      #expect(both.status == 201)
      let halves = try await shop.bookings().filter { $0["day"] == "2027-01-13" }.compactMap {
        $0["half_day"]?.string
      }
      #expect(halves == ["morning", "afternoon"])
    }
  }

  @Test func `an appointment that moves while it is given an analyser takes it along`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let shop = try await Workshop(server)
      let booked = try await shop.book(
        shop.dossier("Bayonne"), shop.org.marc, "2027-01-12T09:00", ["lead_analyser_id": .null])
      let id = try #require(booked["id"].string)
      @Sendable func change(_ body: JSONValue) async throws -> Int {
        try await server.patch("/v1/appointments/\(id)", as: shop.org.office.token, body).status
      }
      let lock: SQL = """
        SELECT id FROM appointment WHERE organization_id = \(shop.org.id) AND id = \(UUID(uuidString: id)) FOR UPDATE
        """
      let statuses = try await server.race(
        shop.org.id, behind: lock,
        [
          { @Sendable in try await change(["lead_analyser_id": .string(shop.analyser)]) },
          { @Sendable in try await change(["starts_at_local": "2027-01-14T09:00"]) },
        ])
      #expect(statuses == [200, 200])
      #expect(try await shop.bookings().compactMap { $0["day"]?.string } == ["2027-01-14"])
    }
  }

  @Test func `a mission whose town is corrected takes its bookings along PLA-15`() async throws {
    try await TestServer.run { server in
      let shop = try await Workshop(server)
      let dossier = try await shop.dossier("Bayonne")
      #expect(try await shop.book(dossier, shop.org.marc, "2027-01-12T09:00").status == 201)
      let moved = try await server.patch(
        "/v1/dossiers/\(dossier)", as: shop.org.office.token, ["city": "Anglet", "insee_code": "64024"])
      #expect(moved.status == 200, "\(moved.text)")
      let anglet = try await shop.dossier("Anglet")
      let refused = try await shop.book(anglet, shop.org.nadia, "2027-01-12T11:00")
      #expect(refused.status == 409 && refused["city"] == "Anglet", "\(refused.text)")
      let handed = try await shop.book(anglet, shop.org.nadia, "2027-01-12T11:00", ["hand_over": true])
      #expect(handed.status == 201, "\(handed.text)")
      try await server.asOwner(shop.org.id) { transaction in
        _ = try await transaction.execute("UPDATE dossier SET city = 'Dax' WHERE city = 'Anglet'")
      }
      #expect(try await shop.bookings().allSatisfy { $0["city"] == "Dax" })
    }
  }

  @Test func `technicians of one commune hand the analyser over, others do not PLA-16`() async throws {
    try await TestServer.run { server in
      let shop = try await Workshop(server)
      _ = try await shop.book(shop.dossier("Bayonne"), shop.org.marc, "2027-01-12T09:00")
      let same = try await shop.dossier("BAYONNE")
      #expect(try await shop.book(same, shop.org.nadia, "2027-01-12T11:00").status == 409)
      let handed = try await shop.book(same, shop.org.nadia, "2027-01-12T11:00", ["hand_over": true])
      #expect(handed.status == 201 && handed["hand_over"] == true, "\(handed.text)")
      let far = try await shop.book(
        shop.dossier("Dax"), shop.org.nadia, "2027-01-12T08:00", ["hand_over": true])
      #expect(far.status == 409 && far["code"] == "hand-over-across-communes")
    }
  }

  @Test func `an analyser goes only on a mission that needs one, and one that is there PLA-14`() async throws
  {
    try await TestServer.run { server in
      let shop = try await Workshop(server)
      let refused = try await shop.book(shop.dossier("Bayonne", ["dpe"]), shop.org.marc, "2027-01-12T09:00")
      #expect(refused.status == 422 && refused["code"] == "lead-analyser-not-needed")
      try await server.patch(
        "/v1/lead-analysers/\(shop.analyser)", as: shop.org.admin.token, ["active": false])
      let retired = try await shop.book(shop.dossier("Bayonne"), shop.org.marc, "2027-01-12T09:00")
      #expect(retired.status == 422 && retired["errors"].array?.first?["pointer"] == "/lead_analyser_id")
      #expect(try await shop.bookings().isEmpty)
    }
  }

  @Test func `the booking follows the appointment: moved, given back, cancelled PLA-17`() async throws {
    try await TestServer.run { server in
      let shop = try await Workshop(server)
      let booked = try await shop.book(shop.dossier("Bayonne"), shop.org.marc, "2027-01-12T09:00")
      let path = "/v1/appointments/\(booked["id"].string ?? "")"
      try await server.patch(path, as: shop.org.office.token, ["starts_at_local": "2027-01-14T15:00"])
      #expect(
        try await shop.bookings().map { [$0["day"], $0["half_day"]] } == [["2027-01-14", "afternoon"]])
      try await server.patch(path, as: shop.org.office.token, ["technician_id": .string(shop.org.nadia.wire)])
      #expect(try await shop.bookings().map { $0["technician_id"] } == [.string(shop.org.nadia.wire)])
      let freed = try await server.patch(path, as: shop.org.office.token, ["lead_analyser_id": nil])
      #expect(freed["lead_analyser_id"].isNull)
      #expect(try await shop.bookings().isEmpty)
      try await server.patch(path, as: shop.org.office.token, ["lead_analyser_id": .string(shop.analyser)])
      #expect(try await shop.bookings().count == 1)
      try await server.post("\(path)/cancellation", as: shop.org.office.token)
      #expect(try await shop.bookings().isEmpty)
    }
  }

  @Test func `of ten bookings at the same moment exactly one gets the analyser PLA-15`() async throws {
    try await TestServer.run(poolSize: 12) { server in
      let shop = try await Workshop(server)
      var wishes: [(String, TestOrganization.Person)] = []
      for index in 0..<10 {
        let person = try await server.person(shop.org.id, "technicien-\(index)", [.technician])
        wishes.append((try await shop.dossier("Ville \(index)"), person))
      }
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for (dossier, person) in wishes {
          group.addTask { try await shop.book(dossier, person, "2027-01-12T09:00").status }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(
        statuses.filter { $0 == 201 }.count == 1 && statuses.filter { $0 == 409 }.count == 9, "\(statuses)")
      #expect(try await shop.bookings().count == 1)
      #expect(try await server.get("/v1/appointments", as: shop.org.office.token)["items"].array?.count == 1)
    }
  }
}
