import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// What the office decides of a conflict is held to the rules that hold whoever else writes the field.
@Suite struct DecidedConflictTests {
  /// An open conflict of Marc's device; its id.
  private func conflict(
    _ work: FieldWork, _ device: RawDevice, on type: EntityType, _ row: UUID, _ field: String, mine: String,
    theirs: String
  ) async throws -> String {
    let id = work.server.services.clock.newID()
    try await work.server.asOwner(work.org.id) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO sync_conflict (organization_id, id, dossier_id, entity_type, entity_id, field, policy, base, mine,
          theirs, chosen, device_id)
        VALUES (\(work.org.id), \(id), \(work.dossier), \(type.rawValue), \(row), \(field), 'office',
          '{"value": null, "v": 0}', jsonb_build_object('value', \(mine)::jsonb), jsonb_build_object('value', \(theirs)::jsonb),
          'theirs', \(UUID(uuidString: device.id)))
        """)
    }
    return id.uuidString.lowercased()
  }

  private func resolve(_ work: FieldWork, _ id: String, _ body: JSONValue) async throws -> TestServer.Answer {
    try await work.server.post("/v1/sync/conflicts/\(id)/resolve", as: work.org.office.token, body)
  }

  private func order(_ work: FieldWork, finalised: Bool = false) async throws {
    try await work.server.asOwner(work.org.id) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, confirmed_step,
          payer_present, payment_on_site, payment_means, finalised_at)
        VALUES (\(work.org.id), \(work.dossier), \(work.dossier), \(work.org.marc.id), '2026-12-01T08:00Z', 10,
          true, true, 'cash', CASE WHEN \(finalised) THEN '2026-12-01T10:00Z'::timestamptz END)
        """)
    }
  }

  @Test
  func `a mission order stays one that its ten steps lead to, and what stands already needs no writing`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await order(work)
      let payer = try await conflict(
        work, device, on: .missionOrder, work.dossier, "payer_present", mine: "false", theirs: "true")
      let refused = try await resolve(work, payer, ["choice": "mine"])
      #expect(refused.isProblem(409, "decision-not-applicable"), "\(refused.text)")
      #expect(try await resolve(work, payer, ["choice": "theirs"])["state"] == "resolved")

      // A field that is written once, when its row is made.
      let started = try await conflict(
        work, device, on: .missionOrder, work.dossier, "started_at", mine: #""2026-12-01T07:00:00Z""#,
        theirs: #""2026-12-01T08:00:00Z""#)
      #expect(try await resolve(work, started, ["choice": "mine"]).isProblem(409, "decision-not-applicable"))
      let kept = try await resolve(work, started, ["choice": "theirs"])
      #expect(kept["state"] == "resolved", "\(kept.text)")
    }
  }

  @Test func `what was seen on site is proposed once the order is signed, and a status moves as by hand`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let office = work.org.office.token
      let device = try await work.enrol(work.org.marc)
      try await order(work, finalised: true)
      let path = "/v1/dossiers/\(work.dossier.uuidString.lowercased())"
      let street = try await conflict(
        work, device, on: .dossier, work.dossier, "street", mine: #""1 rue de la Paix""#, theirs: #""x""#)
      #expect(try await resolve(work, street, ["choice": "value", "value": "9 quai"])["state"] == "resolved")
      let signed = try await server.get(path, as: office)
      #expect(signed["street"] == "1 rue de la Paix" && signed["open_proposals"] == 1, "\(signed.text)")

      let status = try await conflict(
        work, device, on: .dossier, work.dossier, "status", mine: #""visited""#, theirs: #""scheduled""#)
      let cancelled = try await resolve(work, status, ["choice": "value", "value": "cancelled"])
      #expect(cancelled["state"] == "resolved", "\(cancelled.text)")
      #expect(try await server.get(path, as: office)["status"] == "cancelled")
      let appointment = try await server.get(
        "/v1/appointments/\(work.appointment.uuidString.lowercased())", as: office)
      #expect(appointment["status"] == "cancelled", "\(appointment.text)")
    }
  }

  @Test func `a conflict about a row that is gone is closed, and one that deletes it keeps what it held`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let office = work.org.office.token
      let device = try await work.enrol(work.org.marc)
      func cellar() async throws -> UUID {
        let made = try await server.made(
          server.post(
            "/v1/dossiers/\(work.dossier.uuidString.lowercased())/outbuildings", as: office,
            ["kind": "cellar", "lot_number": "12"]))
        return try #require(UUID(uuidString: made))
      }
      let gone = try await cellar()
      let field = try await conflict(
        work, device, on: .outbuilding, gone, "lot_number", mine: #""13""#, theirs: #""12""#)
      let deletion = try await conflict(
        work, device, on: .outbuilding, gone, "_deleted", mine: "null", theirs: "{}")
      #expect(
        try await server.delete("/v1/outbuildings/\(gone.uuidString.lowercased())", as: office).status == 204)
      #expect(try await resolve(work, field, ["choice": "mine"])["state"] == "resolved")
      #expect(try await resolve(work, deletion, ["choice": "delete"])["state"] == "resolved")

      let alive = try await cellar()
      let asked = try await conflict(
        work, device, on: .outbuilding, alive, "_deleted", mine: "null", theirs: "{}")
      let deleted = try await resolve(work, asked, ["choice": "delete"])
      #expect(deleted["resolution"]["replaced"]?["lot_number"] == "12", "\(deleted.text)")
      #expect(
        try await server.get("/v1/outbuildings/\(alive.uuidString.lowercased())", as: office).status == 404)
    }
  }

  @Test func `once the order is signed a decision proposes a deletion, and buildings stay the office's`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let office = work.org.office.token
      let device = try await work.enrol(work.org.marc)
      let path = "/v1/dossiers/\(work.dossier.uuidString.lowercased())"
      let cellar = try await server.made(server.post("\(path)/outbuildings", as: office, ["kind": "cellar"]))
      let building = try await server.made(
        server.post("/v1/buildings", as: office, ["name": "Résidence", "city": "Bayonne"]))
      try await server.patch(path, as: office, ["building_id": .string(building)])
      try await order(work, finalised: true)
      let row = try #require(UUID(uuidString: cellar))
      let deletion = try await conflict(
        work, device, on: .outbuilding, row, "_deleted", mine: "null", theirs: "{}")
      #expect(try await resolve(work, deletion, ["choice": "delete"])["state"] == "resolved")
      let kept = try await server.get("/v1/outbuildings/\(cellar)", as: office)
      #expect(kept.status == 200 && kept["open_proposals"] == 1, "\(kept.text)")
      let year = try await conflict(
        work, device, on: .building, try #require(UUID(uuidString: building)), "built_year", mine: "1950",
        theirs: "1960")
      let decided = try await resolve(work, year, ["choice": "mine"])
      #expect(decided["state"] == "resolved", "\(decided.text)")
      #expect(try await server.get("/v1/buildings/\(building)", as: office)["built_year"] == 1950)
    }
  }

  @Test
  func `an edit on its way while its conflict is decided opens another, and is not lost in the decided one`()
    async throws
  {
    try await TestServer.run(poolSize: 6) { server in
      let work = try await FieldWork.planned(server)
      let office = work.org.office.token
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      func edit(_ number: Int) -> Mutation {
        device.mutation(
          .dossier, work.dossier.uuidString, in: work.dossier, set: ["escort": .string("n° \(number)")],
          was: ["escort": .null])
      }
      try await server.patch(
        "/v1/dossiers/\(work.dossier.uuidString.lowercased())", as: office, ["escort": "gardien"])
      let first = try await device.push([edit(1)])
      let id = first["results"].array?.first?["conflicts"]?.array?.first?.string ?? ""
      let next = edit(2)
      let answers = try await server.race(
        work.org.id,
        behind: """
          UPDATE sync_conflict SET state = 'resolved', resolution = '{"choice": "theirs"}', resolved_by = 'user:x',
            resolved_at = now() WHERE organization_id = \(work.org.id) AND id = \(UUID(uuidString: id)) RETURNING id
          """, [{ @Sendable in try await device.push([next]) }])
      #expect(answers[0]["results"].array?.first?["status"] == "conflicted", "\(answers[0].text)")
      let all = try await server.get("/v1/sync/conflicts", as: office)["items"].array ?? []
      let open = all.first { $0["state"] == "open" }
      #expect(open?["mine"]?["value"] == "n° 2", "\(all)")
      #expect(all.first { $0["id"]?.string == id }?["mine"]?["value"] == "n° 1")
    }
  }
}
