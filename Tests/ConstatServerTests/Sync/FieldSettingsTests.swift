import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// What the company lets its technicians do and see.
@Suite struct FieldSettingsTests {
  private func change(_ work: FieldWork, _ values: JSONValue) async throws {
    let answer = try await work.server.patch("/v1/organization", as: work.org.admin.token, values)
    #expect(answer.status == 200, "\(answer.text)")
  }

  /// A walk to step 10 and the payment there, as one group.
  private func payment(_ device: RawDevice, _ work: FieldWork) -> [Mutation] {
    let dossier = JSONValue.string(work.dossier.uuidString.lowercased())
    let group = Mutation.Group(id: "g\(device.seq)", count: 2)
    return [
      device.mutation(
        .missionOrder, work.dossier.uuidString, in: work.dossier,
        set: ["confirmed_step": 10, "payment_means": "online_card"],
        was: ["confirmed_step": 9, "payment_means": .null], group: group),
      device.mutation(
        .payment, work.server.services.clock.newID().uuidString, in: work.dossier, .create,
        set: [
          "dossier_id": dossier, "means": "online_card", "amount_cents": 250_00, "received_on": "2026-12-01",
          "received_at": "2026-12-01T09:30:00Z", "reference": "pay_77",
        ], group: group),
    ]
  }

  private func atStepNine(_ work: FieldWork) async throws {
    let (organization, dossier, marc) = (work.org.id, work.dossier, work.org.marc.id)
    try await work.server.asOwner(organization) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, confirmed_step,
          payer_present, payment_on_site)
        VALUES (\(organization), \(dossier), \(dossier), \(marc), '2026-12-01T08:00Z', 9, true, true)
        """)
    }
  }

  @Test func `step 10 takes a card through the provider only where the company opted for it MIS-18 ORG-17`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      try await atStepNine(work)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      func offered() -> JSONValue? {
        device.rows.first { $0.key.type == .organization }?.value["online_card_payments"]
      }
      #expect(offered() == false)
      let refused = try await device.push(payment(device, work))
      let codes = refused["results"].array?.map { $0["error"]?["code"]?.string }
      #expect(codes == ["value-invalid", "value-invalid"], "\(refused.text)")
      #expect(refused.text.contains("means-not-offered"))
      #expect(
        try await server.patch("/v1/organization", as: work.org.office.token, ["online_card_payments": true])
          .status == 403)

      try await change(work, ["online_card_payments": true])
      try await device.pull()
      #expect(offered() == true)
      let mutations = payment(device, work)
      try await change(work, ["online_card_payments": false])
      let taken = try await device.push(mutations)
      let statuses = taken["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == ["applied", "applied"], "taken while the device was offered it: \(taken.text)")
      try await device.pull()
      #expect(offered() == false)
      let order = try await server.get(
        "/v1/dossiers/\(work.dossier.uuidString.lowercased())/mission-order", as: work.org.office.token)
      #expect(order["steps"]["payment"]?["payments"]?.array?.first?["means"] == "online_card")
    }
  }

  @Test func `what the company withholds, devices are not sent, and the digest agrees MIS-31 ORG-18`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let path = "/v1/dossiers/\(work.dossier.uuidString.lowercased())"
      try await server.patch(
        path, as: work.org.office.token,
        ["price_mode": "manual", "price_incl_tax_cents": 250_00, "notes": "impayé en 2024"])
      let device = try await work.enrol(work.org.marc)
      try await device.pull(limit: 7)
      let (dossier, contact) = (
        EntityKey(.dossier, work.dossier.uuidString.lowercased()),
        EntityKey(.contact, work.owner.uuidString.lowercased())
      )
      #expect(device.rows[dossier]?["price_incl_tax_cents"] == 250_00)
      #expect(device.rows[contact]?["phone"] == "0559000000")

      try await change(work, ["withheld_information": ["prices", "contact_details", "notes"]])
      try await device.pull(limit: 7)
      let shown = try #require(device.rows[dossier])
      #expect(
        shown["price_incl_tax_cents"] == .null && shown["notes"] == .null
          && shown["street"] == "1 rue de la Paix")
      #expect(device.rows[contact]?["phone"] == .null && device.rows[contact]?["last_name"] == "Etcheverry")
      #expect(device.rows.values.contains { $0["withheld_information"]?.array?.count == 3 })
      let digest = try await server.post(
        "/v1/sync/digest", as: device.token, ["cursor": JSONValue(device.cursor)])
      #expect(digest["current"] == true, "\(digest.text)")

      // What is not shown is not overwritten unseen.
      let blind = try await device.push([
        device.mutation(
          .contact, contact.id, in: work.dossier, set: ["phone": "0611111111"], was: ["phone": .null])
      ])
      #expect(blind["results"].array?.first?["status"] == "conflicted", "\(blind.text)")
      try await device.pull()
      let conflict = try #require(device.rows.first { $0.key.type == .syncConflict }?.value)
      #expect(conflict["mine"]?["value"] == "0611111111" && conflict["theirs"]?["value"] == nil)
      #expect(conflict["chosen"] == "theirs")
      let seen = try await server.get("/v1/sync/conflicts", as: work.org.office.token)["items"].array?.first
      #expect(seen?["theirs"]?["value"] == "0559000000", "the office sees both")
      let owner = try await server.get("/v1/contacts/\(contact.id)", as: work.org.office.token)
      #expect(owner["phone"] == "0559000000")
      #expect(try await server.get(path, as: work.org.office.token)["price_incl_tax_cents"] == 250_00)

      try await change(work, ["withheld_information": []])
      let stale = try await server.post(
        "/v1/sync/digest", as: device.token, ["cursor": JSONValue(device.cursor)])
      #expect(stale["current"] == false)
      try await device.pull(limit: 7)
      #expect(device.rows[dossier]?["price_incl_tax_cents"] == 250_00)
      #expect(device.rows[contact]?["phone"] == "0559000000")
      let odd = try await server.patch(
        "/v1/organization", as: work.org.admin.token, ["withheld_information": ["addresses"]])
      #expect(odd.status == 422)
    }
  }

  @Test func `an edit made while a value was withheld never overwrites it, nor out of parking ORG-18`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let path = "/v1/dossiers/\(work.dossier.uuidString.lowercased())"
      let owner = "/v1/contacts/\(work.owner.uuidString.lowercased())"
      try await server.patch(path, as: work.org.office.token, ["notes": "office"])
      try await change(work, ["withheld_information": ["contact_details", "notes"]])
      let device = try await work.enrol(work.org.marc)
      for note in ["A", "B"] {
        try await device.pull()
        let answer = try await device.push([
          device.mutation(
            .dossier, work.dossier.uuidString, in: work.dossier, set: ["notes": .string(note)],
            was: ["notes": .null])
        ])
        #expect(answer.status == 200, "\(answer.text)")
      }
      #expect(
        try await server.get(path, as: work.org.office.token)["notes"] == "office\n---\nA\n---\nB")

      try await device.pull()
      func edit(_ phone: JSONValue) -> Mutation {
        device.mutation(
          .contact, work.owner.uuidString, in: work.dossier, set: ["phone": phone], was: ["phone": .null])
      }
      let first = edit("0611111111")
      try await change(work, ["withheld_information": []])
      let late = try await device.push([first])
      #expect(late["results"].array?.first?["status"] == "conflicted", "\(late.text)")
      #expect(try await server.get(owner, as: work.org.office.token)["phone"] == "0559000000")

      let second = edit("0622222222")
      try await work.reassign()
      let parked = try await device.push([second])
      #expect(parked["results"].array?.first?["status"] == "parked", "\(parked.text)")
      let id = try await server.get("/v1/sync/parked?state=parked", as: work.org.office.token)["items"]
        .array?.first?["id"]?.string
      let applied = try await server.post("/v1/sync/parked/\(id ?? "")/apply", as: work.org.office.token)
      #expect(applied["state"] == "applied", "\(applied.text)")
      #expect(try await server.get(owner, as: work.org.office.token)["phone"] == "0559000000")
      let open = try await server.get("/v1/sync/conflicts?state=open", as: work.org.office.token)["items"]
        .array?.first { $0["field"] == "phone" }
      #expect(open?["mine"]?["value"] == "0622222222" && open?["theirs"]?["value"] == "0559000000")
    }
  }

  @Test(arguments: [true, false])
  func `out of parking, an edit over one's own that came to nothing goes by what was shown before ORG-18`(
    isWithheld: Bool
  ) async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      if isWithheld { try await change(work, ["withheld_information": ["contact_details"]]) }
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let edits = [
        device.mutation(
          .contact, work.owner.uuidString, in: work.dossier, set: ["phone": "0611111111"],
          was: ["phone": isWithheld ? .null : "0559000000"]),
        device.mutation(
          .contact, work.owner.uuidString, in: work.dossier, set: ["phone": "0622222222"],
          was: ["phone": "0611111111"]),
      ]
      try await work.reassign()
      let pushed = try await device.push(edits)
      let statuses = pushed["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == ["parked", "parked"], "\(pushed.text)")
      // The list that counts is the one that the device was told under.
      if isWithheld { try await change(work, ["withheld_information": []]) }
      let parked = try await server.get("/v1/sync/parked?state=parked", as: work.org.office.token)["items"]
        .array
      for (edit, verb) in zip(edits, ["dismissal", "apply"]) {
        let id = parked?.first { $0["sequence"]?.integer == edit.seq }?["id"]?.string ?? ""
        let settled = try await server.post("/v1/sync/parked/\(id)/\(verb)", as: work.org.office.token)
        #expect(settled.status == 200, "\(settled.text)")
      }
      let owner = try await server.get(
        "/v1/contacts/\(work.owner.uuidString.lowercased())", as: work.org.office.token)
      #expect(owner["phone"] == (isWithheld ? "0559000000" : "0622222222"))
      let open = try await server.get("/v1/sync/conflicts?state=open", as: work.org.office.token)["items"]
      #expect(open.array?.map { $0["mine"]?["value"] } == (isWithheld ? ["0622222222"] : []))
    }
  }

  @Test func `pages told under another filter are not mixed: the pull begins anew ORG-18`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      let first = try await server.post(
        "/v1/sync/pull", as: device.token, PullRequest(cursor: nil, limit: 2).json)
      #expect(first["more"] == true && first["reset"] == true)
      try await change(work, ["withheld_information": ["contact_details"]])
      let second = try await server.post(
        "/v1/sync/pull", as: device.token, PullRequest(cursor: first["cursor"].string, limit: 2).json)
      #expect(second["reset"] == true, "\(second.text)")
      let third = try await server.post(
        "/v1/sync/pull", as: device.token, PullRequest(cursor: second["cursor"].string, limit: 2).json)
      #expect(third["reset"] == false, "it goes on from there")
    }
  }

  @Test func `what a technician typed into a withheld field is not told to the next one ORG-18`() async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let contact = work.owner.uuidString.lowercased()
      let (marc, nadia) = (try await work.enrol(work.org.marc), try await work.enrol(work.org.nadia))
      try await change(work, ["withheld_information": ["contact_details"]])
      try await marc.pull()
      let answer = try await marc.push([
        marc.mutation(
          .contact, contact, in: work.dossier, set: ["phone": "0611111111"], was: ["phone": .null])
      ])
      #expect(answer["results"].array?.first?["status"] == "conflicted", "\(answer.text)")
      func conflict(_ device: RawDevice) async throws -> [String: JSONValue] {
        try await device.pull()
        return try #require(device.rows.first { $0.key.type == .syncConflict }?.value)
      }
      #expect(try await conflict(marc)["mine"]?["value"] == "0611111111")
      try await work.reassign(to: work.org.nadia.id)
      let told = try await conflict(nadia)
      #expect(told["mine"]?["value"] == nil && told["mine"]?["seq"] != nil && told["theirs"]?["value"] == nil)
      let digest = try await server.post(
        "/v1/sync/digest", as: nadia.token, ["cursor": JSONValue(nadia.cursor)])
      #expect(digest["current"] == true, "\(digest.text)")
      try await change(work, ["withheld_information": ["prices"]])
      #expect(try await conflict(nadia)["mine"]?["value"] == "0611111111", "it is not withheld any more")
    }
  }
}
