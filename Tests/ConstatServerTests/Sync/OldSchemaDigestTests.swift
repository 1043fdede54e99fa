import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Support
import Testing

/// A device of an elder schema compares its rows with a server that has learned another since.
@Suite struct OldSchemaDigestTests {
  /// The rows as a device keeps them that speaks a schema of its own.
  private final class Shelf: @unchecked Sendable {
    let device: RawDevice
    let schema: Int
    var cursor: String?
    var entities: [EntityKey: Entity] = [:]

    init(_ device: RawDevice, schema: Int) {
      self.device = device
      self.schema = schema
    }

    func pull() async throws {
      var more = true
      while more {
        let answer = try await device.server.post(
          "/v1/sync/pull", as: device.token, PullRequest(cursor: cursor, schema: schema).json)
        let page = try PullResponse(json: answer.json)
        if page.reset { entities = [:] }
        for case .put(let entity) in page.events { entities[entity.key] = entity }
        (cursor, more) = (page.cursor, page.more)
      }
    }

    /// What the server says that it should hold, beside what it does.
    func compare() async throws -> (held: ScopeDigest, expected: ScopeDigest?) {
      let held = ScopeDigest(of: entities.values)
      let answer = try await device.server.post(
        "/v1/sync/digest", as: device.token, DigestRequest(cursor: cursor ?? "", held: held).json)
      return (held, try DigestResponse(json: answer.json).expected)
    }
  }

  @Test
  func
    `a device of schema 1 agrees with a server of schema 2 on rows that came before it and after, and on what neither knows`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let dossier = JSONValue.string(work.dossier.uuidString.lowercased())
      func signature(_ signer: String) -> Mutation {
        var mutation = device.mutation(
          .signature, server.services.clock.newID().uuidString, in: work.dossier, .create,
          set: [
            "dossier_id": dossier, "mission_order_id": dossier, "signer": .string(signer),
            "signer_name": "Anne", "signed_at": "2026-12-01T09:00:00Z",
            "image_base64": .string(FieldWork.png),
          ])
        mutation.schema = 1
        return mutation
      }
      var order = device.mutation(
        .missionOrder, work.dossier.uuidString, in: work.dossier, .create,
        set: [
          "dossier_id": dossier, "technician_id": .string(work.org.marc.id.uuidString.lowercased()),
          "started_at": "2026-12-01T08:02:00Z",
        ])
      order.schema = 1
      let signatures = [signature("technician"), signature("ordering_party")]
      // Values that are written otherwise in JSON than in PostgreSQL, or than a digest writes them.
      let unknown: [String: JSONValue] = [
        "ceiling": ["heights": [2.5, 3, 0.00005, 1e15, -0.1], "zone": nil, "a": "é\u{7f}\n\"", "Z": true],
        "drone": [:], "gone": 1, "whole": .number(250),
      ]
      var newer = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier, set: unknown,
        was: unknown.mapValues { _ in .null })
      newer.schema = SchemaRange.current.maximum + 1
      var emptied = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier, set: ["gone": nil], was: ["gone": 1])
      emptied.schema = SchemaRange.current.maximum + 1
      let answer = try await device.push([order] + signatures + [newer, emptied])
      let statuses = answer["results"].array?.compactMap { $0["status"]?.string }
      #expect(statuses == Array(repeating: "applied", count: 5), "\(answer.text)")

      let (old, present) = (Shelf(device, schema: 1), Shelf(device, schema: SchemaRange.current.maximum))
      for shelf in [old, present] {
        try await shelf.pull()
        let row = shelf.entities[EntityKey(.dossier, work.dossier.uuidString.lowercased())]
        #expect(row?.fields["ceiling"] == unknown["ceiling"] && row?.fieldVersions["gone"] != nil)
        // As it comes now: upcast, and stored in the present schema's form.
        let (held, expected) = try await shelf.compare()
        #expect(expected.map { held.differing(from: $0) } == [])
      }
      // One of the signatures came before the server knew the field: nothing told the device of it since.
      for shelf in [old, present] {
        let key = try #require(shelf.entities.keys.filter { $0.type == .signature }.min())
        #expect(shelf.entities[key]?.fields.removeValue(forKey: "signer_capacity") != nil)
      }
      let (held, expected) = try await old.compare()
      #expect(expected.map { held.differing(from: $0) } == [])
      #expect(expected?.parts["dossier"] == held.parts["dossier"] && expected?.parts["signature"] == nil)
      let seen = try await server.get("/v1/devices/\(device.id)", as: work.org.office.token)
      #expect(seen["digest_mismatches"] == 0)
      // Who speaks the present schema has no excuse.
      let (stale, whole) = try await present.compare()
      #expect(whole.map { stale.differing(from: $0) } == ["signature"])
      // Nor has the elder one for rows that show alike in both.
      old.entities[EntityKey(.dossier, work.dossier.uuidString.lowercased())]?.fields["city"] = "Anglet"
      let (astray, found) = try await old.compare()
      #expect(found.map { astray.differing(from: $0) } == ["dossier"])
    }
  }
}
