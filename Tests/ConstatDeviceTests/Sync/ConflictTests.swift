import ConstatCore
import ConstatSync
import Testing

@testable import ConstatDevice

@Suite struct ConflictTests {
  @Test func `independent edits both stand, the contested one shows on both sides and ends alike`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(
      bench.mission, AddressCorrection(street: "14 rue des Lilas", city: "Rezé"))
    await bench.server.office(bench.dossier(), ["street": "12 bis rue des Lilas", "floor": "2"])

    let report = try await device.sync()
    #expect(report.results.map(\.status) == [.conflicted])
    let mission = try #require(try await device.mission(bench.mission))
    #expect(mission.address.street == "14 rue des Lilas")
    #expect(mission.address.city == "Rezé")
    #expect(mission.access.floor == "2")
    let conflict = try #require(mission.conflicts.first)
    #expect(conflict.isOpen && conflict.record.field == "street" && conflict.record.chosen == .mine)
    #expect(conflict.record.mine.value == "14 rue des Lilas")
    #expect(conflict.record.theirs.value == "12 bis rue des Lilas")
    #expect(conflict.record.base.value == "12 rue des Lilas")
    #expect(try await device.conflicts.map(\.id) == [conflict.id])
    let item = try #require(try await device.inbox.first)
    #expect(item.kind == .conflicted([conflict.id]))
    #expect(item.missionLabel == "1041, 12 rue des Lilas, Nantes")
    try await device.dismiss(item)
    #expect(try await device.inbox.isEmpty)

    try await bench.server.resolve(conflict: conflict.id, with: "12 ter rue des Lilas")
    try await device.sync()
    let resolved = try #require(try await device.mission(bench.mission))
    #expect(resolved.address.street == "12 ter rue des Lilas")
    #expect(resolved.conflicts.first?.isOpen == false)
    #expect(resolved.conflicts.first?.resolution == ["value": "12 ter rue des Lilas"])
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `the office's price stands, and the technician's is kept beside it (MIS-14)`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctPrice(bench.mission, Money(cents: 42_000))
    await bench.server.office(bench.dossier(), ["price_incl_tax_cents": 36_000])

    try await device.sync()
    let mission = try #require(try await device.mission(bench.mission))
    #expect(mission.price.amount == Money(cents: 36_000))
    #expect(mission.conflicts.first?.record.mine.value == 42_000)
    #expect(mission.conflicts.first?.record.chosen == .theirs)
  }

  @Test func `what a restored server answers otherwise is news again, though it was dismissed`() async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    let backup = await bench.server.state
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
    await bench.server.office(bench.dossier(), ["street": "12 bis rue des Lilas"])
    try await device.sync()
    try await device.dismiss(#require(try await device.inbox.first))
    #expect(try await device.inbox.isEmpty)

    await bench.server.restore(backup)
    await bench.server.withdraw(bench.mission)
    try await device.sync()
    #expect(try await device.inbox.map(\.kind).contains(.parked(.reassigned)))
  }

  @Test func `an edit is announced as contested as soon as the office's value is in`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    await bench.server.office(bench.dossier(), ["street": "12 bis rue des Lilas"])
    // The edit is made after the push and before the pull of one sync.
    let edited = Once()
    let racing = try await FieldDevice.open(
      file: bench.file,
      transport: Transport { request in
        if request.path == "/v1/sync/pull", edited.isFirst() {
          try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
        }
        return try await bench.network.transport.send(request)
      }, environment: bench.clock.environment)

    try await racing.sync()
    let mission = try #require(try await racing.mission(bench.mission))
    #expect(mission.address.street == "14 rue des Lilas")
    #expect(mission.contestedFields == ["street"])
    let report = try await racing.sync()
    #expect(report.results.map(\.status) == [.conflicted])
  }
}
