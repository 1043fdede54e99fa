import ConstatCore
import ConstatSync
import Foundation
import Synchronization
import Testing

@testable import ConstatDevice

/// True once.
final class Once: Sendable {
  private let isDone = Mutex(false)
  func isFirst() -> Bool {
    isDone.withLock { isDone in
      defer { isDone = true }
      return !isDone
    }
  }
}

@Suite struct LeaveTests {
  @Test
  func `a mission that was reassigned leaves with all that only it led to, once its edits are answered`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    try await bench.prepareMission(bench.other, number: 1042, street: "3 quai de la Fosse")
    await bench.server.office(bench.dossier(bench.other), ["prescriber_id": .null])
    await bench.server.assign(bench.other)
    try await device.sync()
    bench.network.isUp = false
    try await device.setPreConclusion(bench.mission, diagnostic: bench.crep, "Pas de plomb")
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    await bench.server.withdraw(bench.mission)
    #expect(try await device.missions().count == 2)

    bench.network.isUp = true
    let report = try await device.sync()
    #expect(report.results.map(\.status) == [.parked, .parked])
    #expect(await bench.server.state.parked.map(\.reason) == [.reassigned, .reassigned])
    #expect(try await device.missions().map(\.id) == [bench.other])
    let keys = Set(try await device.rows().keys)
    #expect(keys.contains(EntityKey(.contact, bench.owner)))
    #expect(!keys.contains(EntityKey(.contact, bench.agency)))
    #expect(!keys.contains(EntityKey(.dossierDiagnostic, bench.crep)))
    #expect(try await device.shown() == bench.server.scope())
    let inbox = try await device.inbox
    #expect(
      inbox.map(\.kind) == [
        .parked(.reassigned), .parked(.reassigned), .missionLeft(.reassigned, waiting: 0),
      ])
    #expect(inbox.allSatisfy { $0.missionLabel.hasPrefix("1041, ") })
    #expect(try await device.exportJournal().contains("Pas de plomb"))
  }

  @Test func `edits made while a mission leaves are kept and sent, though it shows no more`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    await bench.server.withdraw(bench.mission, reason: "closed")
    let edited = Once()
    let racing = try await FieldDevice.open(
      file: bench.file,
      transport: Transport { request in
        if request.path == "/v1/sync/pull", edited.isFirst() {
          try await device.addOutbuilding(bench.mission, .attic)
        }
        return try await bench.network.transport.send(request)
      }, environment: bench.clock.environment)

    try await racing.sync()
    #expect(try await racing.missions().isEmpty)
    #expect(try await racing.unsentCount == 1)
    #expect(try await racing.inbox.map(\.kind) == [.missionLeft(.closed, waiting: 1)])
    await #expect(throws: DeviceError.missionNotHere(bench.mission)) {
      try await racing.addOutbuilding(bench.mission, .attic)
    }
    let report = try await racing.sync()
    #expect(report.results.map(\.parked) == [.closed])
    #expect(try await racing.unsentCount == 0)
  }

  @Test func `a mission that comes back is whole again`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let before = try await device.mission(bench.mission)
    await bench.server.withdraw(bench.mission)
    try await device.sync()
    #expect(try await device.missions().isEmpty)
    await bench.server.assign(bench.mission)
    try await device.sync()
    #expect(try await device.mission(bench.mission) == before)
    #expect(try await device.shown() == bench.server.scope())
  }
}
