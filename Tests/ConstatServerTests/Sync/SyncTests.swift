import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

@Suite struct SyncTests {
  @Test func `a device pulls exactly its technician's missions MIS-31 MIS-33`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let marc = try await work.enrol(work.org.marc)
      let nadia = try await work.enrol(work.org.nadia)
      try await marc.pull(limit: 2)
      try await nadia.pull()
      let dossier = EntityKey(.dossier, work.dossier.uuidString.lowercased())
      #expect(marc.rows[dossier]?["street"] == "1 rue de la Paix")
      #expect(marc.rows[EntityKey(.contact, work.owner.uuidString.lowercased())]?["phone"] == "0559000000")
      #expect(marc.rows.keys.contains { $0.type == .appointment })
      #expect(nadia.rows.keys.allSatisfy { $0.type.rule.scope == .organization })
      let idle = try await server.post("/v1/sync/pull", as: marc.token, PullRequest(cursor: marc.cursor).json)
      #expect(idle["events"].array?.isEmpty == true)
      #expect(idle["cursor"].string == marc.cursor)
    }
  }

  @Test func `an edit pushed twice because its answer was lost is applied once`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let edit = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier, set: ["street": "3 rue Neuve"],
        was: ["street": "1 rue de la Paix"])
      let first = try await device.push([edit])
      let again = try await device.push([edit])
      #expect(first["results"].array?.first?["status"] == "applied", "\(first.text)")
      #expect(again["results"].array?.first?["replayed"] == true)
      #expect(first["results"].array?.first?["v"] == again["results"].array?.first?["v"])
      let changes = try await server.asOwner(work.org.id) { transaction in
        try await transaction.value(
          Int.self,
          "SELECT count(*) FROM system.history WHERE table_name = 'dossier' AND operation = 'update'")
      }
      #expect(changes == 1)
    }
  }

  @Test func `independent edits both stand, a contested field becomes a conflict that the office resolves`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      try await server.asOwner(work.org.id) { transaction in
        _ = try await transaction.execute(
          "UPDATE dossier SET street = '5 rue Vieille', internal_reference = 'bureau' WHERE id = \(work.dossier)"
        )
      }
      let edit = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier, set: ["street": "3 rue Neuve", "floor": "2"],
        was: ["street": "1 rue de la Paix", "floor": .null])
      let answer = try await device.push([edit])
      let result = answer["results"].array?.first
      #expect(result?["status"] == "conflicted", "\(answer.text)")
      try await device.pull()
      let row = device.rows[EntityKey(.dossier, work.dossier.uuidString.lowercased())]
      #expect(
        row?["street"] == "3 rue Neuve" && row?["floor"] == "2" && row?["internal_reference"] == "bureau")
      let conflicts = try await server.get("/v1/sync/conflicts?state=open", as: work.org.office.token)
      let conflict = conflicts["items"].array?.first
      #expect(conflict?["field"] == "street" && conflict?["theirs"]?["value"] == "5 rue Vieille")
      #expect(device.rows.contains { $0.key.type == .syncConflict })
      let path = "/v1/sync/conflicts/\(conflict?["id"]?.string ?? "")/resolve"
      let resolved = try await server.post(path, as: work.org.office.token, ["choice": "theirs"])
      #expect(resolved["state"] == "resolved", "\(resolved.text)")
      try await device.pull()
      #expect(
        device.rows[EntityKey(.dossier, work.dossier.uuidString.lowercased())]?["street"] == "5 rue Vieille")
      let twice = try await server.post(path, as: work.org.office.token, ["choice": "mine"])
      #expect(twice.status == 409 && twice["code"] == "conflict-resolved")
    }
  }

  @Test func `a value typed after a conflict was opened is kept when the decision takes its place`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let office = work.org.office.token
      let dossier = "/v1/dossiers/\(work.dossier.uuidString.lowercased())"
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      #expect(try await server.patch(dossier, as: office, ["street": "5 rue Vieille"]).status == 200)
      _ = try await device.push([
        device.mutation(
          .dossier, work.dossier.uuidString, in: work.dossier, set: ["street": "3 rue Neuve"],
          was: ["street": "1 rue de la Paix"])
      ])
      #expect(try await server.patch(dossier, as: office, ["street": "7 quai Tardif"]).status == 200)
      let open = try await server.get("/v1/sync/conflicts?state=open", as: office)["items"].array?.first
      let resolved = try await server.post(
        "/v1/sync/conflicts/\(open?["id"]?.string ?? "")/resolve", as: office, ["choice": "mine"])
      #expect(resolved["resolution"]["replaced"] == "7 quai Tardif", "\(resolved.text)")
      #expect(try await server.get(dossier, as: office)["street"] == "3 rue Neuve")
    }
  }

  @Test func `a payer settled by the office gets the payer's rights, and the other loses them DOS-64`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let office = work.org.office.token
      let buyer = try await server.contact("Duhart", as: work.org)
      let notary = try await server.contact("Larre", as: work.org)
      let dossier = "/v1/dossiers/\(work.dossier.uuidString.lowercased())"
      #expect(
        try await server.patch(
          dossier, as: office, ["buyer_id": .string(buyer), "notary_id": .string(notary)]
        ).status == 200)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      #expect(try await server.patch(dossier, as: office, ["payer_id": .string(notary)]).status == 200)
      let answer = try await device.push([
        device.mutation(
          .dossier, work.dossier.uuidString, in: work.dossier, set: ["payer_id": .string(buyer)],
          was: ["payer_id": .string(work.owner.uuidString.lowercased())])
      ])
      #expect(answer["results"].array?.first?["status"] == "conflicted", "\(answer.text)")
      func rights() async throws -> [String: Bool] {
        let table = try await server.get("\(dossier)/contacts", as: office)["items"].array ?? []
        return Dictionary(
          table.map { ($0["contact_id"]?.string ?? "", $0["invoice_access"]?.bool ?? false) },
          uniquingKeysWith: { $1 })
      }
      #expect(try await [rights()[notary], rights()[buyer]] == [true, false])
      let conflict = try await server.get("/v1/sync/conflicts", as: office)["items"].array?.first?["id"]?
        .string
      let resolved = try await server.post(
        "/v1/sync/conflicts/\(conflict ?? "")/resolve", as: office, ["choice": "mine"])
      #expect(resolved.status == 200, "\(resolved.text)")
      #expect(try await server.get(dossier, as: office)["payer_id"].string == buyer)
      #expect(try await [rights()[buyer], rights()[notary]] == [true, false])
    }
  }

  @Test
  func `a row that the office changes while the device's deletion is on its way is not said to be gone`()
    async throws
  {
    try await TestServer.run(poolSize: 6) { server in
      let work = try await FieldWork.planned(server)
      let cellar = try await server.made(
        server.post(
          "/v1/dossiers/\(work.dossier.uuidString.lowercased())/outbuildings", as: work.org.office.token,
          ["kind": "cellar"]))
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let id = try #require(UUID(uuidString: cellar))
      let answers = try await server.race(
        work.org.id, behind: "UPDATE outbuilding SET comment = 'fermée à clé' WHERE id = \(id)",
        [
          { @Sendable in
            try await device.push([device.mutation(.outbuilding, cellar, in: work.dossier, .delete)])
          }
        ])
      let status = answers[0]["results"].array?.first?["status"]?.string
      let there = try await server.get("/v1/outbuildings/\(cellar)", as: work.org.office.token).status
      #expect(status == "conflicted" && there == 200, "\(answers[0].text)")
    }
  }

  @Test func `a mission given to a colleague leaves the device, and what it still held is parked`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      try await work.reassign()
      let late = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier, set: ["notes": "cave inondée"],
        was: ["notes": .null])
      let answer = try await device.push([late])
      #expect(answer["results"].array?.first?["status"] == "parked", "\(answer.text)")
      #expect(answer["results"].array?.first?["reason"] == "reassigned")
      #expect(try await device.pull() == [work.dossier.uuidString.lowercased()])
      let parked = try await server.get("/v1/sync/parked?state=parked", as: work.org.office.token)
      let id = parked["items"].array?.first?["id"]?.string ?? ""
      let applied = try await server.post("/v1/sync/parked/\(id)/apply", as: work.org.office.token)
      #expect(applied["state"] == "applied", "\(applied.text)")
      let notes = try await server.asOwner(work.org.id) { transaction in
        try await transaction.value(String.self, "SELECT notes FROM dossier WHERE id = \(work.dossier)")
      }
      #expect(notes == "cave inondée")
    }
  }

  @Test func `a shared row that loses its later link between two pages still comes by the earlier one`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let second = server.services.clock.newID()
      try await server.asOwner(work.org.id) { transaction in
        _ = try await transaction.pipeline([
          """
          INSERT INTO dossier (organization_id, id, number, nature, status, owner_id, created_by)
          VALUES (\(work.org.id), \(second), 2, 'sale_rental_management', 'scheduled', \(work.owner), 'sql:test')
          """,
          """
          INSERT INTO appointment (organization_id, id, dossier_id, technician_id, starts_at, ends_at, time_zone)
          VALUES (\(work.org.id), \(server.services.clock.newID()), \(second), \(work.org.marc.id), '2026-12-02T08:00Z',
            '2026-12-02T10:00Z', 'Europe/Paris')
          """,
        ])
      }
      let device = try await work.enrol(work.org.marc)
      var pages: [PullResponse] = []
      repeat {
        let answer = try await server.post(
          "/v1/sync/pull", as: device.token, PullRequest(cursor: pages.last?.cursor, limit: 4).json)
        pages.append(try PullResponse(json: answer.json))
        let isFirst = pages.count == 1
        try await server.asOwner(work.org.id) { transaction in
          guard isFirst else { return }
          _ = try await transaction.execute("DELETE FROM dossier_contact WHERE dossier_id = \(second)")
          _ = try await transaction.execute("UPDATE dossier SET owner_id = NULL WHERE id = \(second)")
        }
      } while pages.last?.more == true
      var staging = Staging(first: pages[0])
      for page in pages.dropFirst() { staging.append(page) }
      #expect(pages.count > 1)
      let owner = EntityKey(.contact, work.owner.uuidString.lowercased())
      #expect(Checkpoint().applying(staging).entities[owner] != nil)
    }
  }

  @Test func `a revoked device pulls nothing and its last push is kept in parking`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      #expect(try await server.delete("/v1/devices/\(device.id)", as: work.org.admin.token).status == 204)
      let pull = try await server.post(
        "/v1/sync/pull", as: device.token, PullRequest(cursor: device.cursor).json)
      #expect(pull.status == 403 && pull["wipe_after_push"] == true && pull["lmid"] == 0)
      let answer = try await device.push([
        device.mutation(.dossier, work.dossier.uuidString, in: work.dossier, set: ["notes": "dernier mot"])
      ])
      #expect(answer["results"].array?.first?["reason"] == "device_revoked", "\(answer.text)")
    }
  }

  @Test
  func
    `outbuildings, diagnostics, the mission order and signatures are created offline MIS-12 MIS-13 MIS-20`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let clock = server.services.clock
      let dossier = JSONValue.string(work.dossier.uuidString.lowercased())
      let answer = try await device.push([
        device.mutation(
          .outbuilding, clock.newID().uuidString, in: work.dossier, .create,
          set: ["dossier_id": dossier, "kind": "cellar", "lot_number": "12"]),
        device.mutation(
          .dossierDiagnostic, clock.newID().uuidString, in: work.dossier, .create,
          set: ["dossier_id": dossier, "diagnostic_code": "lead"]),
        device.mutation(
          .missionOrder, work.dossier.uuidString, in: work.dossier, .create,
          set: [
            "dossier_id": dossier, "technician_id": .string(work.org.marc.id.uuidString.lowercased()),
            "started_at": "2026-12-01T08:02:00Z", "started_latitude": 43.49, "started_longitude": -1.47,
          ]),
        device.mutation(
          .signature, clock.newID().uuidString, in: work.dossier, .create,
          set: [
            "dossier_id": dossier, "mission_order_id": dossier, "signer": "technician", "signer_name": "Marc",
            "signer_capacity": "technician",
            "signed_at": "2026-12-01T09:00:00Z", "image_base64": .string(FieldWork.png),
          ]),
      ])
      let statuses = answer["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == ["applied", "applied", "applied", "applied"], "\(answer.text)")
      try await device.pull()
      #expect(device.rows.first { $0.key.type == .dossierDiagnostic }?.value["source"] == "field")
      #expect(device.rows.first { $0.key.type == .signature }?.value["image_sha256"]?.string?.count == 64)
    }
  }

  @Test func `what a device sees are exactly the fields of the policy table`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      for type in EntityType.allCases {
        let columns = try await server.asOwner(org.id) { transaction in
          try await transaction.value(
            String.self,
            "SELECT pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relname = \("sync_" + type.rawValue)") ?? ""
        }
        let inner =
          columns.components(separatedBy: "LATERAL ( SELECT ").last?.components(separatedBy: ") f;").first
          ?? ""
        for field in type.visibleFields { #expect(inner.contains(field), "\(type.rawValue).\(field)") }
        let count = inner.split(separator: "\n").filter { !$0.trimmingCharacters(in: .whitespaces).isEmpty }
          .count
        #expect(count == type.visibleFields.count, "\(type.rawValue): \(inner)")
      }
    }
  }
}
