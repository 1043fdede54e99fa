import ConstatCore
import ConstatSync
import Gzip
import Testing

@testable import ConstatDevice

@Suite struct SchemaTests {
  @Test func `an app too old for the server is told so, and its edits still go out`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
    await bench.server.retireOldApps()
    await #expect(throws: SyncError.updateNeeded) { try await device.sync() }
    #expect(try await device.unsentCount == 0)
    #expect(await bench.server.values(bench.dossier())?["street"] == "14 rue des Lilas")
    try await device.writeNotes(bench.mission, "porte bleue")
    await #expect(throws: SyncError.updateNeeded) { try await device.sync() }
    #expect(await bench.server.values(bench.dossier())?["notes"] == "porte bleue")
    let mission = try #require(try await device.mission(bench.mission))
    #expect(mission.address.street == "14 rue des Lilas" && mission.notes == "porte bleue")
  }

  @Test func `a large push goes out in gzip, a small one plain, and the server reads both`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    for number in 0..<20 {
      try await device.writeNotes(
        bench.mission, "note \(number) " + String(repeating: "à la cave ", count: 10))
    }
    let report = try await device.sync()
    #expect(report.results.count == 20)
    let small = Transport.Request(path: "/", token: nil, body: Array("{}".utf8))
    #expect(!small.isGzipped && small.body == Array("{}".utf8))
    let bytes = [UInt8](repeating: 0x20, count: 5_000)
    let large = Transport.Request(path: "/", token: nil, body: bytes)
    #expect(large.isGzipped && large.body.count < 100)
    #expect(try Gzip.inflated(large.body, limit: 5_000) == bytes)
  }

  @Test func `the technician decides what the office proposes of a signed order`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let ids = [DeviceEnvironment.system.newID(), DeviceEnvironment.system.newID()]
    for (id, field) in zip(ids, ["street", "door"]) {
      await bench.server.office(
        EntityKey(.fieldProposal, id),
        [
          "dossier_id": .string(bench.mission), "entity_type": "dossier", "entity_id": .string(bench.mission),
          "field": .string(field), "signed_value": .null, "proposed_value": "X", "proposed_by": "user:x",
          "state": "open",
        ])
    }
    try await device.sync()
    let proposals = try #require(try await device.mission(bench.mission)).proposals
    #expect(Set(proposals.map(\.field)) == ["street", "door"] && proposals.allSatisfy(\.isOpen))
    #expect(proposals.allSatisfy { $0.proposed == "X" && $0.entity == bench.dossier() })
    try await device.decide(bench.mission, proposal: ids[0], accept: true)
    try await device.decide(bench.mission, proposal: ids[1], accept: false)
    let report = try await device.sync()
    #expect(report.results.map(\.status) == [.applied, .applied])
    let decided = try #require(try await device.mission(bench.mission)).proposals
    #expect(decided.first { $0.id == ids[0] }?.state == .accepted)
    #expect(decided.first { $0.id == ids[1] }?.state == .refused)
    await #expect(throws: DeviceError.self) {
      try await device.decide(bench.mission, proposal: ids[0], accept: false)
    }
  }
}
