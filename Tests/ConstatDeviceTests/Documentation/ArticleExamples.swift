import ConstatCore
import ConstatDevice
import Synchronization
import Testing

/// What the articles show and the command line has no use for.
@Suite struct ArticleExamples {
  @Test func `a list keeps itself up to date, be it an edit or a sync that changes it`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let (lists, shown) = AsyncStream.makeStream(of: [String].self)
    let show: @Sendable ([String]) -> Void = { shown.yield($0) }
    let list = Task {
      for try await missions in device.observeMissions() {
        show(missions.map { "\($0.number) \($0.address.street ?? "")" })
      }
    }
    var reading = lists.makeAsyncIterator()
    #expect(await reading.next() == ["1041 12 rue des Lilas"])
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
    #expect(await reading.next() == ["1041 14 rue des Lilas"])
    await bench.server.office(bench.dossier(), ["number": 1042])
    try await device.sync()
    var last = await reading.next()
    while last?.first?.hasPrefix("1041") == true { last = await reading.next() }
    #expect(last == ["1042 14 rue des Lilas"])
    list.cancel()
  }

  @Test func `a literal sets a field, and a correction may clear one`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAccess(bench.mission, AccessCorrection(floor: "1", escort: "Voisin"))
    try await device.correctAccess(bench.mission, AccessCorrection(floor: "2", escort: .clear))
    let access = try await device.mission(bench.mission)?.access
    #expect(access?.floor == "2" && access?.escort == nil)
  }
}
