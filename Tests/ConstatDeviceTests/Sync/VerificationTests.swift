import ConstatCore
import ConstatSync
import GRDB
import Testing

@testable import ConstatDevice

@Suite struct VerificationTests {
  private let day: Int64 = 86_400

  /// What a fault in the storage would do.
  private func corrupt(_ device: FieldDevice, _ bench: Bench) async throws {
    try await device.store.pool.write { [crep = bench.crep] db in
      try db.execute(
        literal: "UPDATE entity SET fields = replace(fields, 'suggested', 'office') WHERE id = \(crep)")
    }
  }

  @Test func `a device that holds what it should is told so, and pulls nothing anew`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))

    #expect(try await device.verify().verification == .same)
    #expect(await bench.server.pulls.count { $0.cursor == nil } == 1)
    #expect(try await device.inbox.isEmpty)
  }

  @Test func `what differs is received anew, edits are kept, and the technician is told`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await corrupt(device, bench)
    bench.network.inject(.loseRequest("/v1/sync/push"))
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
    await #expect(throws: SyncError.self) { try await device.verify() }
    #expect(try await device.shown()[EntityKey(.dossierDiagnostic, bench.crep)]?["source"] == "office")

    let report = try await device.verify()
    #expect(report.verification == .differed(["dossier_diagnostic"]))
    #expect(try await device.shown() == bench.server.scope())
    #expect(await bench.server.values(bench.dossier())?["street"] == "14 rue des Lilas")
    #expect(try await device.inbox.map(\.kind) == [.stateDiffered(["dossier_diagnostic"])])
    #expect(try await device.verify().verification == .same)
  }

  @Test func `a row that should not be there, or is missing, differs`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.store.pool.write { [crep = bench.crep] db in
      try db.execute(literal: "DELETE FROM entity WHERE id = \(crep)")
      try db.execute(
        literal: """
          INSERT INTO entity (type, id, version, born, fields, field_versions)
          VALUES ('diagnostic_type', '00000000-0000-7000-8000-0000000000ff', 1, 1, '{"code":"phantom"}', '{}')
          """)
    }
    let report = try await device.verify()
    #expect(report.verification == .differed(["diagnostic_type", "dossier_diagnostic"]))
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `a sync compares by itself once a day`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.sync()
    #expect(await bench.server.digests.isEmpty)
    bench.clock.now = bench.clock.now.adding(seconds: day)
    #expect(try await device.sync().verification == .same)
    #expect(try await device.sync().verification == nil)
    #expect(await bench.server.digests.count == 1)
    bench.clock.now = bench.clock.now.adding(seconds: day)
    bench.network.inject(.loseRequest("/v1/sync/digest"))
    #expect(try await device.sync().verification == nil)
    #expect(try await device.sync().verification == .same)
  }

  @Test func `changes that come between the pull and the comparison are pulled first`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    bench.network.onRequest("/v1/sync/digest") { [server = bench.server, dossier = bench.dossier()] in
      await server.office(dossier, ["city": "Rezé"])
    }
    #expect(try await device.verify().verification == .same)
    #expect(await bench.server.digests.count == 2)
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `a server that keeps telling otherwise does not keep the device busy`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    await bench.server.setTellsOtherwise()
    let report = try await device.verify()
    #expect(report.verification == .differed(["contact"]))
    let asked = await bench.server.digests.count
    #expect(asked == 3)
    #expect(try await device.sync().verification == nil)
    #expect(await bench.server.digests.count == asked)
    #expect(try await device.shown() == bench.server.scope())
  }
}
