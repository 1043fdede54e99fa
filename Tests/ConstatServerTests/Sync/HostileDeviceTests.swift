import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Gzip
import HTTPTypes
import Postgres
import Support
import Testing

/// A device that lies, was copied, or is somebody's attempt: each attack gets a clear error, changes nothing, and other
/// devices go on as if it were not there.
@Suite struct HostileDeviceTests {
  @Test func `Hostile device: a gap in the sequence`() async throws {
    try await attacking { scene in
      scene.device.seq = 4
      let answer = try await scene.device.push([scene.edit("trop tôt")])
      #expect(answer.isProblem(409, "sequence-gap") && answer["lmid"] == 0, "\(answer.text)")
      var (one, other) = (scene.edit("un"), scene.edit("deux"))
      (one.seq, other.seq) = (1, 3)
      let holes = try await scene.device.push([one, other])
      #expect(holes.isProblem(409, "sequence-not-dense"), "\(holes.text)")
    }
  }

  @Test func `Hostile device: a sequence used again with another body, by a copy of the device`() async throws
  {
    try await attacking { scene in
      #expect(try await scene.device.push([scene.edit("original")]).status == 200)
      try await scene.mark()
      scene.device.seq = 0
      let forked = try await scene.device.push([scene.edit("copie")])
      #expect(forked.isProblem(422, "device-forked"), "\(forked.text)")
      let shown = try await scene.work.server.get("/v1/devices/\(scene.device.id)", as: scene.office)
      #expect(
        shown["refusal"] == "device-forked" && shown["stuck"] == true && shown["refused_at"].string != nil)
      let stuck = try await scene.work.server.get("/v1/devices?stuck=true", as: scene.office)
      #expect(stuck["items"].array?.compactMap { $0["id"]?.string } == [scene.device.id])
    }
  }

  @Test func `Hostile device: a journal that was set back while its results stayed`() async throws {
    try await attacking { scene in
      #expect(try await scene.device.push([scene.edit("un"), scene.edit("deux")]).status == 200)
      try await scene.work.server.asOwner(scene.work.org.id) { transaction in
        _ = try await transaction.execute(
          "UPDATE system.device_journal SET last_sequence = 1 WHERE device_id = \(UUID(uuidString: scene.device.id))"
        )
      }
      try await scene.mark()
      scene.device.seq = 1
      let answer = try await scene.device.push([scene.edit("deux autre")])
      #expect(answer.isProblem(422, "device-forked"), "\(answer.text)")
    }
  }

  @Test func `Hostile device: a cursor with its version raised, or signed with another key`() async throws {
    try await attacking { scene in
      let parts = try #require(scene.device.cursor).split(separator: ".").map(String.init)
      let signer = CursorSigner(keys: [[UInt8](repeating: 1, count: 32)])
      let foreign = signer.token(Cursor(epoch: "e", device: scene.device.id, schema: 1, version: 1))
      let payload = foreign.split(separator: ".").map(String.init)[0]
      for cursor in [foreign, payload + "." + parts[1]] {
        let answer = try await scene.work.server.post(
          "/v1/sync/pull", as: scene.device.token, PullRequest(cursor: cursor).json)
        #expect(answer.isProblem(400, "malformed-cursor"), "\(answer.text)")
        #expect(answer.faults == ["/cursor cursor-forged"])
      }
    }
  }

  @Test func `Hostile device: another technician's mission, another organization's, and one that never was`()
    async throws
  {
    try await attacking { scene in
      let foreign = try await FieldWork.planned(scene.work.server, "cabinet-landais")
      for mission in [scene.foreignMission, foreign.dossier, UUID()] {
        let edit = scene.device.mutation(
          .dossier, mission.uuidString, in: mission, set: ["street": "à moi"], was: ["street": .null])
        let answer = try await scene.device.push([edit])
        let result = answer["results"].array?.first
        #expect(result?["status"] == "parked" && result?["reason"] == "not_found", "\(answer.text)")
      }
      // In its own mission, the row of another.
      let edit = scene.device.mutation(
        .dossier, scene.foreignMission.uuidString, in: scene.work.dossier, set: ["street": "à moi"],
        was: ["street": .null])
      let answer = try await scene.device.push([edit])
      #expect(answer["results"].array?.first?["status"] == "parked", "\(answer.text)")
      let streets = try await scene.work.server.asOwner(scene.work.org.id) { transaction in
        try await transaction.value(Int.self, "SELECT count(*) FROM dossier WHERE street = 'à moi'")
      }
      #expect(streets == 0)
    }
  }

  @Test func `Hostile device: fields that it may not write, and rows that it may not make`() async throws {
    try await attacking { scene in
      let mission = scene.work.dossier
      let writes: [(Mutation, String)] = [
        (
          scene.device.mutation(
            .dossier, mission.uuidString, in: mission, set: ["number": 7], was: ["number": 1]),
          "field-not-writable"
        ),
        (
          scene.device.mutation(
            .dossier, mission.uuidString, in: mission, set: ["organization_id": "x"],
            was: ["organization_id": .null]),
          "field-not-writable"
        ),
        (
          scene.device.mutation(
            .dossier, mission.uuidString, in: mission, set: ["status": "finalised"],
            was: ["status": "scheduled"]),
          "value-invalid"
        ),
        (
          scene.device.mutation(
            .appointment, UUID().uuidString, in: mission, .create, set: ["comment": "à moi"]),
          "operation-not-allowed"
        ),
        (scene.device.mutation(.dossier, mission.uuidString, in: mission, .delete), "operation-not-allowed"),
      ]
      let answer = try await scene.device.push(writes.map(\.0))
      let codes = (answer["results"].array ?? []).map { $0["error"]?["code"]?.string }
      #expect(codes == writes.map(\.1), "\(answer.text)")
    }
  }

  @Test func `Hostile device: a clock ten years off is shown to the office and refused nothing`() async throws
  {
    try await attacking { scene in
      let now = scene.work.server.services.clock.now()
      let off = now.adding(seconds: 3_650 * 86_400)
      var edit = scene.edit("dans dix ans")
      edit.hlc =
        HybridTime(milliseconds: off.microseconds / 1000, counter: 0, device: scene.device.id).description
      let answer = try await scene.device.push([edit])
      #expect(answer["results"].array?.first?["status"] == "applied", "\(answer.text)")
      let path = "/v1/devices/\(scene.device.id)"
      let ahead = try await scene.work.server.get(path, as: scene.office)["clock_skew_seconds"].integer ?? 0
      #expect((3_640 * 86_400...3_660 * 86_400).contains(ahead))
      let report = DeviceReport(
        unsentCount: 1, oldestUnsentAt: off, clock: now.adding(seconds: -3_650 * 86_400))
      let push = PushRequest(
        device: scene.device.id, mutations: [scene.edit("il y a dix ans", was: "dans dix ans")],
        report: report)
      let second = try await scene.work.server.post("/v1/sync/push", as: scene.device.token, push.json)
      #expect(second["results"].array?.first?["status"] == "applied", "\(second.text)")
      let shown = try await scene.work.server.get(path, as: scene.office)
      #expect((shown["clock_skew_seconds"].integer ?? 0) < -3_640 * 86_400 && shown["unsent_count"] == 0)
      try await scene.mark()
    }
  }

  @Test func `Hostile device: a body ten thousand deep, plain and packed`() async throws {
    try await attacking { scene in
      let deep = Array(
        (#"{"device":""# + scene.device.id + #"","mutations":"# + String(repeating: "[", count: 10_000)
          + String(repeating: "]", count: 10_000) + "}").utf8)
      for (bytes, headers) in [
        (deep, HTTPFields()),
        (Gzip.compressed(deep), HTTPFields([.init(name: .contentEncoding, value: "gzip")])),
      ] {
        for path in ["/v1/sync/push", "/v1/sync/pull"] {
          let answer = try await scene.work.server.send(
            .post, path, as: scene.device.token, bytes: bytes, headers: headers)
          #expect(answer.isProblem(400, "malformed-json"), "\(answer.text)")
        }
      }
    }
  }

  @Test func `Hostile device: a decompression bomb, and bodies that are not what they say`() async throws {
    try await attacking { scene in
      let bomb = Gzip.compressed([UInt8](repeating: UInt8(ascii: " "), count: 64 << 20), level: 9)
      #expect(bomb.count < 100_000)
      let packed = Gzip.compressed(Array(#"{"device":""}"#.utf8))
      let bodies: [([UInt8], String, Int, String)] = [
        (bomb, "gzip", 413, "body-too-large"),
        ([UInt8](repeating: 0, count: 1_048_577), "gzip", 413, "body-too-large"),
        (Array(packed.dropLast(3)), "gzip", 400, "malformed-gzip"),
        (packed + packed, "gzip", 400, "malformed-gzip"), (Array("{}".utf8), "gzip", 400, "malformed-gzip"),
        ([], "gzip", 400, "malformed-gzip"), (packed, "br", 415, "unsupported-content-encoding"),
        (packed, "gzip, gzip", 415, "unsupported-content-encoding"),
      ]
      for (bytes, coding, status, code) in bodies {
        let answer = try await scene.work.server.send(
          .post, "/v1/sync/push", as: scene.device.token, bytes: bytes, headers: [.contentEncoding: coding])
        #expect(answer.isProblem(status, code), "\(coding) \(bytes.count): \(answer.text)")
      }
      let limited = try await scene.work.server.send(
        .post, "/v1/sync/push", as: scene.device.token, bytes: bomb, headers: [.contentEncoding: "gzip"])
      #expect(limited["limit_bytes"] == .integer(Int64(PushLimits.body)))
    }
  }

  /// Sets the scene, attacks, then checks that nothing changed since the last mark and that a colleague's device, and
  /// the attacker's own next honest push, are served.
  private func attacking(_ attack: @escaping @Sendable (Scene) async throws -> Void) async throws {
    try await TestServer.run { server in
      let scene = try await Scene(server)
      try await attack(scene)
      #expect(try await scene.state() == scene.marked)
      let edit = scene.colleague.mutation(
        .dossier, scene.foreignMission.uuidString, in: scene.foreignMission, set: ["door": "3"],
        was: ["door": .null])
      let answer = try await scene.colleague.push([edit])
      #expect(answer["results"].array?.first?["status"] == "applied", "\(answer.text)")
      try await scene.colleague.pull()
      let own = EntityKey(.dossier, scene.foreignMission.uuidString.lowercased())
      #expect(scene.colleague.rows[own]?["door"] == "3")
    }
  }
}

/// What a push may hold, as the routes have it.
private enum PushLimits { static let body = 8 * 1_048_576 }

/// Marc's device, which attacks, and Nadia's, which works on a mission of hers.
private final class Scene: @unchecked Sendable {
  let work: FieldWork
  let device: RawDevice
  let colleague: RawDevice
  let foreignMission: UUID
  var marked: [String] = []
  var office: String { work.org.office.token }

  init(_ server: TestServer) async throws {
    work = try await FieldWork.planned(server)
    let (organization, nadia, clock) = (work.org.id, work.org.nadia.id, server.services.clock)
    let (mission, owner) = (clock.newID(), work.owner)
    try await server.asOwner(organization) { transaction in
      _ = try await transaction.pipeline([
        """
        INSERT INTO dossier (organization_id, id, number, nature, status, owner_id, created_by)
        VALUES (\(organization), \(mission), 2, 'sale_rental_management', 'scheduled', \(owner), 'sql:test')
        """,
        """
        INSERT INTO appointment (organization_id, id, dossier_id, technician_id, starts_at, ends_at, time_zone)
        VALUES (\(organization), \(clock.newID()), \(mission), \(nadia), '2026-12-02T08:00Z', '2026-12-02T10:00Z',
          'Europe/Paris')
        """,
      ])
    }
    foreignMission = mission
    device = try await work.enrol(work.org.marc)
    colleague = try await work.enrol(work.org.nadia)
    try await device.pull()
    try await colleague.pull()
    try await mark()
  }

  /// What follows counts from here.
  func mark() async throws { marked = try await state() }

  /// Every noun of the trade as it stands: how many rows, and the sum of their versions.
  func state() async throws -> [String] {
    let organization = work.org.id
    return try await work.server.asOwner(organization) { transaction in
      let result = try await transaction.query(
        """
        SELECT type || ' ' || count(*) || ' ' || sum(version) AS state FROM system.sync_entity
        WHERE organization_id = \(organization) AND type NOT IN ('parked_edit', 'device') GROUP BY type ORDER BY type
        """)
      return try result.map { try $0.get("state") as String }
    }
  }

  func edit(_ door: String, was: JSONValue = .null) -> Mutation {
    device.mutation(
      .dossier, work.dossier.uuidString, in: work.dossier, set: ["door": .string(door)], was: ["door": was])
  }
}
