import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct SchemaVersionTests {
  @Test func `a push of an old app is taken, and its pull is refused below the minimum`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let dossier = JSONValue.string(work.dossier.uuidString.lowercased())
      var order = device.mutation(
        .missionOrder, work.dossier.uuidString, in: work.dossier, .create,
        set: [
          "dossier_id": dossier, "technician_id": .string(work.org.marc.wire),
          "started_at": "2026-12-01T08:02:00Z",
        ])
      var signature = device.mutation(
        .signature, server.services.clock.newID().uuidString, in: work.dossier, .create,
        set: [
          "dossier_id": dossier, "mission_order_id": dossier, "signer": "ordering_party",
          "signer_name": "Anne",
          "signed_at": "2026-12-01T09:00:00Z", "image_base64": .string(FieldWork.png),
        ])
      (order.schema, signature.schema) = (0, 1)
      let answer = try await device.push([order, signature])
      let again = try await device.push([order, signature])
      let statuses = answer["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == ["applied", "applied"], "\(answer.text)")
      #expect(again["results"].array?.allSatisfy { $0["replayed"] == true } == true)
      try await device.pull()
      #expect(device.rows.first { $0.key.type == .signature }?.value["signer_capacity"] == "unspecified")
      let old = try await server.post(
        "/v1/sync/pull", as: device.token, PullRequest(cursor: device.cursor, schema: 0).json)
      #expect(old.isProblem(426, "schema-too-old"), "\(old.text)")
      #expect(old["schema"] == ["min": 1, "max": .integer(Int64(SchemaRange.current.maximum))])
    }
  }

  @Test func `a contact stays everybody's, whatever a newer app calls its fields`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      var edit = device.mutation(
        .contact, work.owner.uuidString, in: work.dossier,
        set: ["dossier_id": .string(work.org.nadia.wire), "phone": "0559111111"],
        was: ["dossier_id": .null, "phone": "0559000000"])
      edit.schema = 99
      let answer = try await device.push([edit])
      #expect(answer["results"].array?.first?["status"] == "applied", "\(answer.text)")
      let homes = try await server.asOwner(work.org.id) { transaction in
        try await transaction.value(
          Int.self,
          "SELECT count(*) FROM system.sync_entity WHERE type = 'contact' AND dossier_id IS NOT NULL")
      }
      #expect(homes == 0)
    }
  }

  @Test func `a signature of the present schema says in which capacity, or is refused`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let dossier = JSONValue.string(work.dossier.uuidString.lowercased())
      let answer = try await device.push([
        device.mutation(
          .signature, server.services.clock.newID().uuidString, in: work.dossier, .create,
          set: [
            "dossier_id": dossier, "mission_order_id": dossier, "signer": "technician", "signer_name": "Marc",
            "signed_at": "2026-12-01T09:00:00Z", "image_base64": .string(FieldWork.png),
          ])
      ])
      let error = answer["results"].array?.first?["error"]
      #expect(error?["code"] == "value-invalid", "\(answer.text)")
      #expect(error?["errors"]?.array?.first?["pointer"] == "/set/signer_capacity")
    }
  }

  @Test func `a device that moves to another schema is told all again, a page at a time`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      func pull(_ cursor: String?, schema: Int, limit: Int = 500) async throws -> PullResponse {
        let request = PullRequest(cursor: cursor, limit: limit, schema: schema)
        return try PullResponse(
          json: try await server.post("/v1/sync/pull", as: device.token, request.json).json)
      }
      let first = try await pull(nil, schema: 1)
      let idle = try await pull(first.cursor, schema: 1)
      #expect(idle.events.isEmpty && !idle.reset)
      var page = try await pull(first.cursor, schema: SchemaRange.current.maximum, limit: 3)
      #expect(page.reset && page.more && page.events.count == 3)
      var events = page.events
      while page.more {
        page = try await pull(page.cursor, schema: SchemaRange.current.maximum, limit: 3)
        #expect(!page.reset)
        events += page.events
      }
      #expect(events == first.events)
      // Newer than the server: told in the server's, and not told again each time.
      let newer = try await pull(page.cursor, schema: 99)
      #expect(newer.events.isEmpty && !newer.reset && newer.schema == SchemaRange.current)
    }
  }

  @Test func `fields that the server does not know are kept, contested and sent back`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let (device, second) = (try await work.enrol(work.org.marc), try await work.enrol(work.org.marc))
      try await device.pull()
      try await second.pull()
      let cellar = EntityKey(.outbuilding, server.services.clock.newID().wire)
      func newer(_ device: RawDevice, _ key: EntityKey, _ set: [String: JSONValue], _ create: Bool = false)
        -> Mutation
      {
        var mutation = device.mutation(
          key.type, key.id, in: work.dossier, create ? .create : .set, set: set,
          was: create ? [:] : set.mapValues { _ in .null })
        mutation.schema = SchemaRange.current.maximum + 1
        return mutation
      }
      let dossier = EntityKey(.dossier, work.dossier.wire)
      let answer = try await device.push([
        newer(device, dossier, ["door": "B", "ceiling_height": 250]),
        newer(device, dossier, ["drone": ["used": true]]),
        newer(
          device, cellar, ["dossier_id": .string(dossier.id), "kind": "cellar", "humidity": "forte"], true),
      ])
      let statuses = answer["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == ["applied", "applied", "applied"], "\(answer.text)")
      for phone in [device, second] {
        try await phone.pull()
        #expect(phone.rows[dossier]?["ceiling_height"] == 250 && phone.rows[dossier]?["door"] == "B")
        #expect(phone.rows[dossier]?["drone"] == ["used": true] && phone.rows[cellar]?["humidity"] == "forte")
      }
      let history = try await server.get("/v1/history?dossier_id=\(dossier.id)", as: work.org.admin.token)
      #expect(history.text.contains("ceiling_height"))
      // An edit made over an older checkpoint meets the other's value: both are kept.
      var late = newer(second, dossier, ["ceiling_height": 240])
      late.base.version = 1
      let contested = try await second.push([late])
      #expect(contested["results"].array?.first?["status"] == "conflicted", "\(contested.text)")
      try await device.pull()
      #expect(device.rows[dossier]?["ceiling_height"] == 240)
      #expect(device.rows.contains { $0.key.type == .syncConflict && $0.value["field"] == "ceiling_height" })
      let conflict = contested["results"].array?.first?["conflicts"]?.array?.first?.string ?? ""
      let resolved = try await server.post(
        "/v1/sync/conflicts/\(conflict)/resolve", as: work.org.office.token, ["choice": "theirs"])
      #expect(resolved["state"] == "resolved", "\(resolved.text)")
      try await device.pull()
      #expect(device.rows[dossier]?["ceiling_height"] == 250)
    }
  }

  @Test func `what readers would not take back of unknown fields never gets into a row`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      func nested(_ levels: Int) -> JSONValue { levels == 0 ? "fond" : [nested(levels - 1)] }
      var (deep, deeper) = (
        device.mutation(.dossier, work.dossier.wire, in: work.dossier, set: ["plan": nested(15)]),
        device.mutation(.dossier, work.dossier.wire, in: work.dossier, set: ["plan": nested(16)])
      )
      (deep.schema, deeper.schema) = (99, 99)
      let answer = try await device.push([deep, deeper])
      let results = answer["results"].array
      #expect(results?.first?["status"] == "applied", "\(answer.text)")
      #expect(results?.last?["reason"] == "newer_schema", "\(answer.text)")
      // PostgreSQL writes this number with twenty-two digits, which are no whole number of 64 bits.
      let large = Array(
        """
        {"device": "\(device.id)", "mutations": [{"seq": 3, "schema": 99, "base": {"epoch": "\(device.epoch)", "v": 1},
          "type": "dossier", "id": "\(work.dossier.wire)", "op": "set", "dossier": "\(work.dossier.wire)",
          "set": {"plan": 1e21}}]}
        """.utf8)
      let refused = try await server.send(.post, "/v1/sync/push", as: device.token, bytes: large)
      #expect(refused.isProblem(400, "malformed-json"), "\(refused.text)")
      // Ten fields of less than what a mutation may carry, of which the row takes no more than everybody should pull.
      device.seq = 2
      let many = (0..<10).map { field in
        var mutation = device.mutation(
          .dossier, work.dossier.wire, in: work.dossier,
          set: ["room_\(field)": .string(String(repeating: "x", count: 15_000))])
        mutation.schema = 99
        return mutation
      }
      let filled = try await device.push(many)
      let statuses = filled["results"].array?.compactMap { $0["status"]?.string } ?? []
      #expect(statuses == Array(repeating: "applied", count: 4) + Array(repeating: "parked", count: 6))
      try await device.pull()
      let row = device.rows[EntityKey(.dossier, work.dossier.wire)]
      #expect(row?["plan"] == nested(15) && row?["room_3"] != nil && row?["room_4"] == nil)
    }
  }

  @Test func `rows of a type still to come are parked for the office to see`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let body: JSONValue = [
        "device": .string(device.id),
        "mutations": [
          [
            "seq": 1, "schema": 99, "type": "room", "op": "create", "dossier": .string(work.dossier.wire),
            "id": .string(server.services.clock.newID().wire), "set": ["name": "Salon"],
          ]
        ],
      ]
      let answer = try await server.post("/v1/sync/push", as: device.token, body)
      #expect(answer["results"].array?.first?["reason"] == "newer_schema", "\(answer.text)")
      let parked = try await server.get(
        "/v1/sync/parked?dossier_id=\(work.dossier.wire)", as: work.org.office.token)
      let edit = parked["items"].array?.first
      #expect(edit?["reason"] == "newer_schema" && edit?["mutation"]?["set"]?["name"] == "Salon")
      let id = edit?["id"]?.string ?? ""
      let apply = try await server.post("/v1/sync/parked/\(id)/apply", as: work.org.office.token)
      #expect(apply.status == 422, "\(apply.text)")
    }
  }
}

extension UUID {
  fileprivate var wire: String { uuidString.lowercased() }
}
