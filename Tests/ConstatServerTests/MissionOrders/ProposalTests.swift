import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// After both parties have signed, the office proposes what it would change of what was seen on site.
@Suite struct ProposalTests {
  @Test func `the office writes at once until the order is signed, then proposes what was observed`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let path = "/v1/dossiers/\(work.dossier.wire)"
      let before = try await server.patch(path, as: work.org.office.token, ["street": "2 rue Avant"])
      #expect(before["street"] == "2 rue Avant" && before["open_proposals"] == 0, "\(before.text)")
      try await Self.sign(work)
      let after = try await server.patch(
        path, as: work.org.office.token,
        ["street": "3 rue Après", "floor": .null, "city": "Bayonne", "urgent": true])
      #expect(after["street"] == "2 rue Avant" && after["urgent"] == true, "\(after.text)")
      #expect(after["open_proposals"] == 1, "what does not differ is no proposal")
      let list = try await server.get(
        "/v1/proposals?state=open&dossier_id=\(work.dossier.wire)", as: work.org.sales.token)
      let proposal = try #require(list["items"].array?.first)
      #expect(proposal["field"] == "street" && proposal["entity_type"] == "dossier")
      #expect(proposal["signed_value"] == "2 rue Avant" && proposal["proposed_value"] == "3 rue Après")
      #expect(proposal["proposed_by"] == .string("user:\(work.org.office.id.wire)"))
      // Another value is another proposal; the value that stands withdraws it.
      try await server.patch(path, as: work.org.office.token, ["street": "4 rue Mieux"])
      try await server.patch(path, as: work.org.office.token, ["street": "2 rue Avant"])
      let all = try await server.get("/v1/proposals", as: work.org.office.token)["items"].array ?? []
      #expect(all.map { $0["state"]?.string } == ["withdrawn", "withdrawn"])
      #expect(all.map { $0["proposed_value"]?.string } == ["4 rue Mieux", "3 rue Après"])
      #expect(try await server.get(path, as: work.org.office.token)["open_proposals"] == 0)
    }
  }

  @Test func `outbuildings and diagnostics of a signed order are proposed too, new ones are not`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let token = work.org.office.token
      try await server.patch("/v1/dossiers/\(work.dossier.wire)", as: token, ["transaction_type": "sale"])
      let cellar = try await server.post(
        "/v1/dossiers/\(work.dossier.wire)/outbuildings", as: token, ["kind": "cellar", "lot_number": "12"])
      let lead = try await server.post(
        "/v1/dossiers/\(work.dossier.wire)/diagnostics", as: token,
        ["diagnostic_code": "lead", "outcome": "presence", "visited_on": "2026-12-01"])
      #expect(lead["valid_until"].string != nil)
      try await Self.sign(work)
      let other = try await server.patch(
        "/v1/outbuildings/\(cellar["id"].string ?? "")", as: token, ["kind": "garage", "comment": "à revoir"])
      #expect(other["kind"] == "cellar" && other["comment"] == "à revoir" && other["open_proposals"] == 1)
      let path = "/v1/dossier-diagnostics/\(lead["id"].string ?? "")"
      let changed = try await server.patch(path, as: token, ["outcome": "absence"])
      #expect(changed["outcome"] == "presence" && changed["open_proposals"] == 1, "\(changed.text)")
      #expect(changed["valid_until"] == lead["valid_until"])
      #expect(
        try await server.post("/v1/dossiers/\(work.dossier.wire)/outbuildings", as: token, ["kind": "attic"])
          .status
          == 201)
      // An administrator decides for a technician who cannot be asked; validities follow.
      let open = try await server.get("/v1/proposals?state=open", as: token)["items"].array ?? []
      let id = open.first { $0["field"] == "outcome" }?["id"]?.string ?? ""
      #expect(try await server.post("/v1/proposals/\(id)/acceptance", as: token).status == 403)
      let accepted = try await server.post("/v1/proposals/\(id)/acceptance", as: work.org.admin.token)
      #expect(accepted["state"] == "accepted" && accepted["decided_by"].string != nil, "\(accepted.text)")
      let now = try await server.get(path, as: token)
      #expect(now["outcome"] == "absence" && now["valid_until"] != lead["valid_until"], "\(now.text)")
      let twice = try await server.post("/v1/proposals/\(id)/refusal", as: work.org.admin.token)
      #expect(twice.isProblem(409, "proposal-decided") && twice["state"] == "accepted")
      let rest = open.first { $0["field"] == "kind" }?["id"]?.string ?? ""
      #expect(try await server.post("/v1/proposals/\(rest)/withdrawal", as: token)["state"] == "withdrawn")
    }
  }

  @Test
  func `a signed outbuilding or diagnostic is deleted when it is agreed, one added since is the office's`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let (token, mission) = (work.org.office.token, "/v1/dossiers/\(work.dossier.wire)")
      func add(_ collection: String, _ body: JSONValue, at path: String) async throws -> String {
        let added = try await server.post("\(mission)/\(collection)", as: token, body)
        #expect(added.status == 201, "\(added.text)")
        return "\(path)/\(added["id"].string ?? "")"
      }
      let cellar = try await add("outbuildings", ["kind": "cellar"], at: "/v1/outbuildings")
      let lead = try await add("diagnostics", ["diagnostic_code": "lead"], at: "/v1/dossier-diagnostics")
      try await Self.sign(work)
      let attic = try await add("outbuildings", ["kind": "attic"], at: "/v1/outbuildings")
      let changed = try await server.patch(attic, as: token, ["kind": "garage"])
      #expect(changed["kind"] == "garage" && changed["open_proposals"] == 0, "\(changed.text)")
      #expect(try await server.delete(attic, as: token).status == 204)

      #expect(try await server.patch(cellar, as: token, ["kind": "garage"])["open_proposals"] == 1)
      let stale = try await server.delete(cellar, as: token, ifMatch: "\"v99\"")
      #expect(stale.status == 412, "\(stale.text)")
      for path in [cellar, cellar, lead] {
        let kept = try await server.delete(path, as: token)
        #expect(kept.status == 202 && kept["open_proposals"] == (path == lead ? 1 : 2), "\(kept.text)")
      }
      let open = try await server.get("/v1/proposals?state=open", as: token)["items"].array ?? []
      #expect(open.count == 3)
      let deletions = open.filter { $0["field"] == "_deleted" }
      #expect(deletions.allSatisfy { $0["signed_value"] == false && $0["proposed_value"] == true })
      // An administrator refuses the one, the technician accepts the other.
      let kept = deletions.first { $0["entity_type"] == "dossier_diagnostic" }?["id"]?.string ?? ""
      try await server.post("/v1/proposals/\(kept)/refusal", as: work.org.admin.token)
      #expect(try await server.get(lead, as: token).status == 200)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let asked = deletions.first { $0["entity_type"] == "outbuilding" }?["id"]?.string ?? ""
      let answer = try await device.push([
        device.mutation(
          .fieldProposal, asked, in: work.dossier, set: ["state": "accepted"], was: ["state": "open"])
      ])
      #expect(answer["results"].array?.first?["status"] == "applied", "\(answer.text)")
      #expect(try await server.get(cellar, as: token).status == 404)
      try await device.pull()
      #expect(!device.rows.keys.contains { $0.type == .outbuilding })
      let states = try await server.get("/v1/proposals", as: token)["items"].array ?? []
      #expect(
        states.map { $0["state"]?.string ?? "" }.sorted() == ["accepted", "refused", "withdrawn"],
        "what else was proposed of the cellar went with it")
    }
  }

  @Test func `the technician accepts or refuses on the device; what is decided is not decided again`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      try await Self.sign(work)
      let path = "/v1/dossiers/\(work.dossier.wire)"
      try await server.patch(path, as: work.org.office.token, ["street": "3 rue Après", "door": "C"])
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let proposals = device.rows.filter { $0.key.type == .fieldProposal }
      #expect(proposals.count == 2 && proposals.values.allSatisfy { $0["state"] == "open" })
      func decide(_ field: String, _ state: String) -> Mutation {
        let key = proposals.first { $0.value["field"]?.string == field }?.key.id ?? ""
        return device.mutation(
          .fieldProposal, key, in: work.dossier, set: ["state": .string(state)], was: ["state": "open"])
      }
      let street = device.mutation(
        .dossier, work.dossier.wire, in: work.dossier, set: ["floor": "2"], was: ["floor": .null])
      let answer = try await device.push([street, decide("street", "accepted"), decide("door", "refused")])
      let statuses = answer["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == ["applied", "applied", "applied"], "\(answer.text)")
      try await device.pull()
      let dossier = device.rows[EntityKey(.dossier, work.dossier.wire)]
      #expect(dossier?["street"] == "3 rue Après" && dossier?["door"] == .null && dossier?["floor"] == "2")
      let shown = try await server.get("/v1/proposals", as: work.org.office.token)["items"].array ?? []
      #expect(Set(shown.compactMap { $0["state"]?.string }) == ["accepted", "refused"])
      #expect(shown.allSatisfy { $0["decided_by"] == .string("device:\(device.id)") })
      let again = try await device.push([decide("street", "refused")])
      #expect(again["results"].array?.first?["error"]?["code"] == "value-invalid", "\(again.text)")
      #expect(try await server.get(path, as: work.org.office.token)["street"] == "3 rue Après")
      let wrong = try await device.push([decide("door", "withdrawn")])
      #expect(wrong["results"].array?.first?["error"]?["code"] == "value-invalid", "\(wrong.text)")
    }
  }

  @Test func `the office that withdrew meanwhile is right, and the technician's word is kept beside it`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      try await Self.sign(work)
      let path = "/v1/dossiers/\(work.dossier.wire)"
      try await server.patch(path, as: work.org.office.token, ["street": "3 rue Après"])
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let id = device.rows.keys.first { $0.type == .fieldProposal }?.id ?? ""
      try await server.post("/v1/proposals/\(id)/withdrawal", as: work.org.office.token)
      let answer = try await device.push([
        device.mutation(
          .fieldProposal, id, in: work.dossier, set: ["state": "accepted"], was: ["state": "open"])
      ])
      #expect(answer["results"].array?.first?["status"] == "conflicted", "\(answer.text)")
      #expect(try await server.get(path, as: work.org.office.token)["street"] == "1 rue de la Paix")
      #expect(try await server.get("/v1/proposals/\(id)", as: work.org.office.token)["state"] == "withdrawn")
      // The office thinks again: accepted after all.
      let conflict = answer["results"].array?.first?["conflicts"]?.array?.first?.string ?? ""
      let resolve = "/v1/sync/conflicts/\(conflict)/resolve"
      let odd = try await server.post(
        resolve, as: work.org.office.token, ["choice": "value", "value": "open"])
      #expect(odd.status == 422, "\(odd.text)")
      let resolved = try await server.post(resolve, as: work.org.office.token, ["choice": "mine"])
      #expect(resolved["state"] == "resolved", "\(resolved.text)")
      #expect(try await server.get(path, as: work.org.office.token)["street"] == "3 rue Après")
    }
  }

  @Test func `a change that waits for the order's signature is a proposal`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let work = try await FieldWork.planned(server)
      let cellar = try await server.post(
        "/v1/dossiers/\(work.dossier.wire)/outbuildings", as: work.org.office.token, ["kind": "cellar"])
      let signing: SQL = """
        WITH locked AS (SELECT d.id FROM dossier d WHERE d.organization_id = \(work.org.id) AND d.id = \(work.dossier)
          FOR UPDATE)
        \(Self.signing(work)) FROM locked
        """
      let changed = try await server.race(
        work.org.id, behind: signing,
        [
          { @Sendable in
            try await server.patch(
              "/v1/outbuildings/\(cellar["id"].string ?? "")", as: work.org.office.token, ["kind": "garage"])
          }
        ])
      #expect(changed.first?["kind"] == "cellar" && changed.first?["open_proposals"] == 1)
    }
  }

  @Test func `what is typed after a proposal was accepted, in the same push, stands`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let token = work.org.office.token
      let path = "/v1/dossiers/\(work.dossier.wire)"
      let cellar = try await server.made(
        server.post("\(path)/outbuildings", as: token, ["kind": "cellar"]))
      try await Self.sign(work)
      try await server.patch(path, as: token, ["street": "9 rue Office"])
      try await server.delete("/v1/outbuildings/\(cellar)", as: token)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      func accept(_ field: String) -> Mutation {
        let key = device.rows.first { $0.key.type == .fieldProposal && $0.value["field"]?.string == field }?
          .key
        return device.mutation(
          .fieldProposal, key?.id ?? "", in: work.dossier, set: ["state": "accepted"], was: ["state": "open"])
      }
      let answer = try await device.push([
        accept("street"),
        device.mutation(
          .dossier, work.dossier.wire, in: work.dossier, set: ["street": "5 rue Tech"],
          was: ["street": "9 rue Office"]),
        accept("_deleted"),
        device.mutation(
          .outbuilding, cellar, in: work.dossier, set: ["comment": "elle sert"], was: ["comment": .null]),
      ])
      let statuses = answer["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == ["applied", "applied", "applied", "applied"], "\(answer.text)")
      #expect(try await server.get(path, as: token)["street"] == "5 rue Tech")
      #expect(try await server.get("/v1/outbuildings/\(cellar)", as: token)["comment"] == "elle sert")
      let shown = try await server.get("/v1/proposals", as: token)["items"].array ?? []
      #expect(shown.allSatisfy { $0["state"] == "accepted" } && shown.count == 2, "\(shown)")
    }
  }

  @Test func `a word on a change and on the deletion of the same row go through together`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let token = work.org.office.token
      let cellar = try await server.made(
        server.post("/v1/dossiers/\(work.dossier.wire)/outbuildings", as: token, ["kind": "cellar"]))
      try await Self.sign(work)
      _ = try await server.delete("/v1/outbuildings/\(cellar)", as: token)
      try await server.patch("/v1/outbuildings/\(cellar)", as: token, ["kind": "garage"])
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      func word(_ field: String, _ state: String) -> Mutation {
        let key = device.rows.first { $0.key.type == .fieldProposal && $0.value["field"]?.string == field }?
          .key
        return device.mutation(
          .fieldProposal, key?.id ?? "", in: work.dossier, set: ["state": .string(state)],
          was: ["state": "open"])
      }
      let answer = try await device.push([word("_deleted", "accepted"), word("kind", "refused")])
      let statuses = answer["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == ["applied", "applied"], "\(answer.text)")
      #expect(try await server.get("/v1/outbuildings/\(cellar)", as: token).status == 404)
      let shown = try await server.get("/v1/proposals", as: token)["items"].array ?? []
      #expect(Set(shown.compactMap { $0["state"]?.string }) == ["accepted", "refused"], "\(shown)")
    }
  }

  @Test func `a proposal accepted over a value that nobody there has seen keeps both, or is refused`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let token = work.org.office.token
      let path = "/v1/dossiers/\(work.dossier.wire)"
      try await Self.sign(work)
      try await server.patch(path, as: token, ["street": "9 rue Office", "door": "C"])
      let (one, two) = (try await work.enrol(work.org.marc), try await work.enrol(work.org.marc))
      try await one.pull()
      try await two.pull()
      _ = try await two.push([
        two.mutation(
          .dossier, work.dossier.wire, in: work.dossier, set: ["street": "7 rue Vue", "door": "D"],
          was: ["street": "1 rue de la Paix", "door": .null])
      ])
      func proposal(_ field: String) -> String {
        one.rows.first { $0.key.type == .fieldProposal && $0.value["field"]?.string == field }?.key.id ?? ""
      }
      let outdated = try await server.post(
        "/v1/proposals/\(proposal("door"))/acceptance", as: work.org.admin.token)
      #expect(outdated.isProblem(409, "proposal-outdated") && outdated["value"] == "D", "\(outdated.text)")
      let answer = try await one.push([
        one.mutation(
          .fieldProposal, proposal("street"), in: work.dossier, set: ["state": "accepted"],
          was: ["state": "open"])
      ])
      #expect(answer["results"].array?.first?["status"] == "conflicted", "\(answer.text)")
      #expect(try await server.get(path, as: token)["street"] == "9 rue Office")
      let open = try await server.get("/v1/sync/conflicts?state=open", as: token)["items"].array?.first
      #expect(
        open?["field"] == "street" && open?["theirs"]?["value"] == "7 rue Vue", "\(String(describing: open))")
    }
  }

  /// The mission order of the work, finalised.
  private static func sign(_ work: FieldWork) async throws {
    try await work.server.asOwner(work.org.id) { _ = try await $0.execute(signing(work)) }
  }

  private static func signing(_ work: FieldWork) -> SQL {
    """
    INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, confirmed_step,
      payer_present, finalised_at)
    SELECT \(work.org.id), \(work.dossier), \(work.dossier), \(work.org.marc.id), '2026-12-01T08:00Z'::timestamptz, 8,
      false, '2026-12-01T10:00Z'::timestamptz
    """
  }
}

extension UUID {
  fileprivate var wire: String { uuidString.lowercased() }
}
