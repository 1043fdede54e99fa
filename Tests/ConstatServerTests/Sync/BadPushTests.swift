import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct BadPushTests {
  @Test func `Bad input: a cursor that was forged, cut or handed to another device`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let marc = try await work.enrol(work.org.marc)
      let nadia = try await work.enrol(work.org.nadia)
      try await marc.pull()
      let mine = marc.cursor ?? ""
      let forged = String(mine.dropLast(2)) + (mine.hasSuffix("AA") ? "BB" : "AA")
      let before = try await Self.version(work)
      for (cursor, token) in [("nonsense", marc.token), (forged, marc.token), (mine, nadia.token)] {
        let answer = try await server.post("/v1/sync/pull", as: token, PullRequest(cursor: cursor).json)
        #expect(answer.status == 400 && answer["code"] == "malformed-cursor", "\(answer.text)")
        #expect(answer["errors"].array?.first?["pointer"] == "/cursor")
      }
      #expect(try await Self.version(work) == before)
    }
  }

  @Test func `Bad input: a changeset that cannot be read, with a gap, or forked`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let before = try await Self.version(work)
      for body: JSONValue in [
        [:], ["device": "x", "mutations": []], ["device": .string(device.id), "mutations": [1]],
      ] {
        let answer = try await server.post("/v1/sync/push", as: device.token, body)
        #expect(answer.status == 422 && answer["code"] == "invalid-fields", "\(answer.text)")
      }
      let other = PushRequest(device: UUID().uuidString.lowercased(), mutations: [])
      #expect(try await server.post("/v1/sync/push", as: device.token, other.json).status == 403)
      device.seq = 4
      let early = try await device.push([Self.edit(device, work, "trop tôt")])
      #expect(early.status == 409 && early["code"] == "sequence-gap" && early["lmid"] == 0, "\(early.text)")
      #expect(try await Self.version(work) == before)
      device.seq = 0
      #expect(try await device.push([Self.edit(device, work, "un")]).status == 200)
      let after = try await Self.version(work)
      device.seq = 0
      let forked = try await device.push([Self.edit(device, work, "un autre")])
      #expect(forked.status == 422 && forked["code"] == "device-forked", "\(forked.text)")
      #expect(try await Self.version(work) == after)
    }
  }

  @Test func `a mutation that cannot be applied is rejected and blocks none behind it`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let forbidden = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier, set: ["number": 7], was: ["number": 1])
      let answer = try await device.push([forbidden, Self.edit(device, work, "passe")])
      let results = answer["results"].array ?? []
      #expect(results.map { $0["status"]?.string } == ["rejected", "applied"], "\(answer.text)")
      #expect(results.first?["error"]?["code"] == "field-not-writable")
      let kept = try await server.asOwner(work.org.id) { transaction in
        try await transaction.value(
          Int.self, "SELECT count(*) FROM system.device_result WHERE mutation -> 'set' ? 'number'")
      }
      #expect(kept == 1)
    }
  }

  @Test func `a group of nothing is no group: its mutation is rejected, and blocks none behind it`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      var odd = Self.edit(device, work, "x").json.object ?? [:]
      odd["group"] = ["id": "g", "n": 0]
      let body: JSONValue = [
        "device": .string(device.id), "mutations": [.object(odd), Self.edit(device, work, "passe").json],
      ]
      let answer = try await server.post("/v1/sync/push", as: device.token, body)
      let results = answer["results"].array ?? []
      #expect(results.map { $0["status"]?.string } == ["rejected", "applied"], "\(answer.text)")
      #expect(results.first?["error"]?["code"] == "malformed")
    }
  }

  private static func edit(_ device: RawDevice, _ work: FieldWork, _ note: String) -> Mutation {
    device.mutation(
      .dossier, work.dossier.uuidString, in: work.dossier, set: ["door": .string(note)], was: ["door": .null])
  }

  private static func version(_ work: FieldWork) async throws -> Int64? {
    try await work.server.asOwner(work.org.id) { transaction in
      try await transaction.value(
        Int64.self, "SELECT version FROM system.tenant_sync WHERE organization_id = \(work.org.id)")
    }
  }
}
