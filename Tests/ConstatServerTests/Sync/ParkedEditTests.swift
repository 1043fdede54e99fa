import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// Who is shown what came too late, and what of it.
@Suite struct ParkedEditTests {
  /// A mission that Marc still holds, and that is Nadia's.
  private func handedOver(_ server: TestServer) async throws -> (FieldWork, marc: RawDevice, nadia: RawDevice)
  {
    let work = try await FieldWork.planned(server)
    let (marc, nadia) = (try await work.enrol(work.org.marc), try await work.enrol(work.org.nadia))
    try await marc.pull()
    try await work.reassign()
    return (work, marc, nadia)
  }

  @Test func `who has the mission now sees what came too late, and what the office made of it MIS-33`()
    async throws
  {
    try await TestServer.run { server in
      let (work, marc, nadia) = try await handedOver(server)
      let image = JSONValue.string(FieldWork.png)
      let answer = try await marc.push([
        marc.mutation(
          .dossier, work.dossier.uuidString, in: work.dossier, set: ["notes": "cave inondée"],
          was: ["notes": .null]),
        marc.mutation(
          .signature, server.services.clock.newID().uuidString, in: work.dossier, .create,
          set: [
            "dossier_id": .string(work.dossier.uuidString.lowercased()),
            "mission_order_id": .string(work.dossier.uuidString.lowercased()), "signer": "technician",
            "signer_name": "Marc", "signer_capacity": "technician", "signed_at": "2026-12-01T09:00:00Z",
            "image_base64": image,
          ]),
      ])
      #expect(
        answer["results"].array?.compactMap { $0["reason"] } == ["reassigned", "reassigned"], "\(answer.text)"
      )

      try await nadia.pull()
      let shown = nadia.rows.filter { $0.key.type == .parkedEdit }
      let note = try #require(shown.first { $0.value["outline"]?["type"] == "dossier" })
      #expect(note.value["outline"]?["set"] == ["notes": "cave inondée"])
      #expect(note.value["state"] == "parked" && note.value["device_id"]?.string == marc.id)
      #expect(shown.count == 2 && !shown.contains { "\($0.value)".contains(FieldWork.png) })
      #expect(
        nadia.rows[EntityKey(.dossier, work.dossier.uuidString.lowercased())]?["notes"] == .null,
        "nothing of it is live")

      try await server.post("/v1/sync/parked/\(note.key.id)/apply", as: work.org.office.token)
      try await nadia.pull()
      #expect(
        nadia.rows[note.key]?["state"] == "applied" && nadia.rows[note.key]?["settled_at"]?.string != nil)
      #expect(
        nadia.rows[EntityKey(.dossier, work.dossier.uuidString.lowercased())]?["notes"] == "cave inondée")
      try await marc.pull()
      #expect(!marc.rows.contains { $0.key.type == .parkedEdit }, "it went with the mission")
    }
  }

  @Test func `what a company keeps from its devices is in no parked edit that they are shown ORG-18`()
    async throws
  {
    try await TestServer.run { server in
      let (work, marc, nadia) = try await handedOver(server)
      try await server.patch(
        "/v1/organization", as: work.org.admin.token, ["withheld_information": ["notes"]])
      _ = try await marc.push([
        marc.mutation(
          .dossier, work.dossier.uuidString, in: work.dossier, set: ["notes": "code 1234", "floor": "2"],
          was: ["notes": .null, "floor": .null])
      ])
      try await nadia.pull()
      let shown = try #require(nadia.rows.first { $0.key.type == .parkedEdit }?.value)
      #expect(shown["outline"]?["set"] == ["floor": "2"])
      let office = try await server.get("/v1/sync/parked", as: work.org.office.token)
      #expect(office.text.contains("code 1234"))
      let digest = try await server.post(
        "/v1/sync/digest", as: nadia.token, ["cursor": JSONValue(nadia.cursor)])
      #expect(digest["current"] == true, "\(digest.text)")
    }
  }

  @Test func `an edit from parking does not take the place of what its device typed later`() async throws {
    try await TestServer.run { server in
      let (work, marc, _) = try await handedOver(server)
      let office = work.org.office.token
      func edit(_ text: String) -> Mutation {
        marc.mutation(
          .dossier, work.dossier.uuidString, in: work.dossier, set: ["escort": .string(text)],
          was: ["escort": .null])
      }
      let late = try await marc.push([edit("avant")])
      #expect(late["results"].array?.first?["status"] == "parked", "\(late.text)")
      try await work.reassign(to: work.org.marc.id)
      try await server.patch(
        "/v1/dossiers/\(work.dossier.uuidString.lowercased())", as: office, ["escort": "gardien"])
      let next = try await marc.push([edit("après")])
      #expect(next["results"].array?.first?["status"] == "conflicted", "\(next.text)")
      let parked = try await server.get("/v1/sync/parked?state=parked", as: office)["items"].array?.first
      let path = "/v1/sync/parked/\(parked?["id"]?.string ?? "")/apply"
      let refused = try await server.post(path, as: office)
      #expect(refused.isProblem(409, "edit-not-applicable") && refused["reason"] == "newer-conflict")
      let conflict = next["results"].array?.first?["conflicts"]?.array?.first?.string ?? ""
      let open = try await server.get("/v1/sync/conflicts/\(conflict)", as: office)
      #expect(open["mine"]["value"] == "après", "\(open.text)")
      try await server.post(
        "/v1/sync/conflicts/\(conflict)/resolve", as: office, ["choice": "mine"])
      #expect(try await server.post(path, as: office)["state"] == "applied")
    }
  }

  @Test func `a contact and the role that it was made for are applied one after the other`() async throws {
    try await TestServer.run { server in
      let (work, marc, _) = try await handedOver(server)
      let contact = server.services.clock.newID().uuidString.lowercased()
      let group = Mutation.Group(id: "g", count: 2)
      let answer = try await marc.push([
        marc.mutation(
          .contact, contact, in: work.dossier, .create, set: ["kind": "individual", "last_name": "Duhart"],
          group: group),
        marc.mutation(
          .dossier, work.dossier.uuidString, in: work.dossier, set: ["payer_id": .string(contact)],
          was: ["payer_id": .string(work.owner.uuidString.lowercased())], group: group),
      ])
      #expect(answer["results"].array?.map { $0["status"] } == ["parked", "parked"], "\(answer.text)")
      let parked = try await server.get("/v1/sync/parked?state=parked", as: work.org.office.token)["items"]
      for edit in (parked.array ?? []).sorted(by: {
        $0["sequence"]?.integer ?? 0 < $1["sequence"]?.integer ?? 0
      }) {
        let applied = try await server.post(
          "/v1/sync/parked/\(edit["id"]?.string ?? "")/apply", as: work.org.office.token)
        #expect(applied["state"] == "applied", "\(applied.text)")
      }
      let dossier = try await server.get(
        "/v1/dossiers/\(work.dossier.uuidString.lowercased())", as: work.org.office.token)
      #expect(dossier["payer_id"].string == contact)
    }
  }

  @Test func `what names a mission that its technician never had is the office's alone`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      try await work.reassign()
      let (marc, nadia) = (try await work.enrol(work.org.marc), try await work.enrol(work.org.nadia))
      let stranger = try await work.enrol(server.person(work.org.id, "iban", [.technician]))
      for device in [marc, stranger] {
        let answer = try await device.push([
          device.mutation(
            .dossier, work.dossier.uuidString, in: work.dossier, set: ["notes": "x"], was: ["notes": .null])
        ])
        #expect(answer["results"].array?.first?["status"] == "parked", "\(answer.text)")
      }
      try await nadia.pull()
      let shown = nadia.rows.filter { $0.key.type == .parkedEdit }.compactMap {
        $0.value["device_id"]?.string
      }
      #expect(shown == [marc.id])
      let office = try await server.get("/v1/sync/parked", as: work.org.office.token)["items"].array ?? []
      #expect(Set(office.compactMap { $0["device_id"]?.string }) == [marc.id, stranger.id])
    }
  }
}
