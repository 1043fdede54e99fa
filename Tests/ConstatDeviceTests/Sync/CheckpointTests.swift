import ConstatCore
import ConstatSync
import Foundation
import GRDB
import Testing

@testable import ConstatDevice

@Suite struct CheckpointTests {
  @Test func `a sync killed between two pages shows the old state, then goes on where it was`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await bench.prepareMission(bench.other, number: 1042, street: "3 quai de la Fosse")
    await bench.server.assign(bench.other)
    await bench.server.office(bench.dossier(), ["floor": "3"])
    await bench.server.setPageLimit(1)
    let before = try await device.shown()
    bench.network.inject(.cutAfter(2, "/v1/sync/pull"))

    _ = try? await device.sync()
    let reopened = try await bench.open(bench.crashImage())
    #expect(try await reopened.shown() == before)
    #expect(try await reopened.missions().map(\.id) == [bench.mission])

    bench.network.isUp = true
    let asked = await bench.server.pulls.count
    let report = try await reopened.sync()
    #expect(report.pages >= 2)
    #expect(try await reopened.shown() == bench.server.scope())
    #expect(try await reopened.missions().count == 2)
    // The first request goes on after the pages that were stored, not from the last checkpoint.
    let pulls = await bench.server.pulls
    #expect(pulls[asked].cursor != pulls[asked - 2].cursor)
  }

  @Test func `a cursor that the server does not accept costs a pull from nothing, and no edit`() async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.store.pool.write { db in try MetaStore(db: db).set(.cursor, "forged.cursor") }
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))

    try await device.sync()
    #expect(await bench.server.pulls.last?.cursor == nil)
    #expect(try await device.shown() == bench.server.scope())
    #expect(try await device.mission(bench.mission)?.address.city == "Rezé")
  }

  @Test func `a server restored from a backup is told again what it forgot`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
    try await device.sync()
    let backup = await bench.server.state
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    try await device.addOutbuilding(bench.mission, .parking)
    try await device.sync()
    await bench.server.restore(backup)
    #expect(await bench.server.values(bench.dossier())?["city"] == "Nantes")

    try await device.sync()
    #expect(await bench.server.values(bench.dossier())?["city"] == "Rezé")
    #expect(try await device.shown() == bench.server.scope())
    #expect(try await device.mission(bench.mission)?.outbuildings.count == 1)
    #expect(try await device.unsentCount == 0)
  }

  @Test func `what was parked, and is applied after a restore, is no news any more`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let backup = await bench.server.state
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    await bench.server.withdraw(bench.mission)
    try await device.sync()
    #expect(try await device.inbox.map(\.kind).contains(.parked(.reassigned)))
    await bench.server.restore(backup)
    try await device.sync()
    #expect(try await !device.inbox.map(\.kind).contains(.parked(.reassigned)))
    #expect(try await device.mission(bench.mission)?.address.city == "Rezé")
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `a restored server that a push meets first is told again too`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let backup = await bench.server.state
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    try await device.sync()
    await bench.server.restore(backup)
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))

    let report = try await device.sync()
    #expect(report.results.map(\.seq) == [1, 2])
    #expect(await bench.server.values(bench.dossier())?["city"] == "Rezé")
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `answers are kept for thirty days, and then forgotten`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    try await device.sync()
    bench.clock.now = bench.clock.now.adding(seconds: 29 * 86_400)
    try await device.sync()
    #expect(try await entries(of: device) == 1)
    bench.clock.now = bench.clock.now.adding(seconds: 2 * 86_400)
    try await device.correctAddress(bench.mission, AddressCorrection(street: "1"))
    try await device.sync()
    #expect(try await entries(of: device) == 1)
    #expect(try await device.exportJournal().contains("\"seq\":2"))
  }

  @Test func `the disk has a commit before an edit returns`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let level = try await device.store.pool.writeWithoutTransaction { db in
      try Int.fetchOne(db, sql: "PRAGMA synchronous")
    }
    #expect(level == 2)
    let reopened = try await bench.open()
    let again = try await reopened.store.pool.writeWithoutTransaction { db in
      try Int.fetchOne(db, sql: "PRAGMA synchronous")
    }
    #expect(again == 2)
  }

  private func entries(of device: FieldDevice) async throws -> Int {
    try JSONValue.parse(await device.exportJournal())["journal"]?.array?.count ?? 0
  }
}
