import ConstatCore
import ConstatSync
import Synchronization
import Testing

@testable import ConstatDevice

@Suite struct LostAnswerTests {
  @Test func `a push whose answer is lost is sent again byte for byte and counts once (MIS-33)`() async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
    try await device.addOutbuilding(bench.mission, .cellar, lotNumber: "12")
    bench.network.inject(.loseAnswer("/v1/sync/push"))

    await #expect(throws: SyncError.offline("lost on the way back")) { try await device.sync() }
    #expect(try await device.unsentCount == 2)
    #expect(await bench.server.lmid == 2)

    let report = try await device.sync()
    #expect(report.results.map(\.status) == [.applied, .applied])
    #expect(report.results.allSatisfy { $0.isReplay })
    #expect(try await device.unsentCount == 0)
    let pushes = await bench.server.pushes
    #expect(pushes.count == 2 && pushes[0] == pushes[1])
    #expect(await bench.server.state.effects.count == 2)
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `a push that never arrived is sent again`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    bench.network.inject(.loseRequest("/v1/sync/push"))

    await #expect(throws: SyncError.offline("lost on the way there")) { try await device.sync() }
    #expect(await bench.server.lmid == 0)
    let report = try await device.sync()
    #expect(report.results.map(\.status) == [.applied])
    #expect(await bench.server.values(bench.dossier())?["city"] == "Rezé")
  }

  @Test func `edits made while an answer is lost follow in a later push, after the same bytes`() async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(street: "1"))
    bench.network.inject(.loseAnswer("/v1/sync/push"))
    _ = try? await device.sync()
    try await device.correctAddress(bench.mission, AddressCorrection(street: "2"))

    let report = try await device.sync()
    #expect(report.results.map(\.isReplay) == [true, false])
    #expect(await bench.server.values(bench.dossier())?["street"] == "2")
    #expect(try await device.mission(bench.mission)?.conflicts.isEmpty == true)
  }

  @Test func `what is answered but not pulled yet still shows`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
    bench.network.inject(.loseRequest("/v1/sync/pull"))

    _ = try? await device.sync()
    #expect(try await device.unsentCount == 0)
    #expect(try await device.mission(bench.mission)?.address.street == "14 rue des Lilas")
  }

  @Test func `more edits than one push takes go out in several pushes, groups whole, and progress is told`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    for index in 1...499 {
      try await device.addOutbuilding(bench.mission, .parking, lotNumber: "\(index)")
    }
    // A group of two across the limit of one push.
    try await device.choosePayer(bench.mission, new: ContactCorrection(lastName: "Petit"))
    #expect(try await device.unsentCount == 501)

    let told = Mutex<[SyncProgress]>([])
    let report = try await device.sync { step in told.withLock { $0.append(step) } }
    #expect(report.count(.applied) == 501)
    let sizes = try await bench.server.pushes.map { try PushRequest(json: JSONValue.parse($0)).items.count }
    #expect(sizes == [499, 2])
    #expect(try await device.shown() == bench.server.scope())
    let steps = told.withLock { $0 }
    let pushing: [SyncProgress] = [0, 499, 501].map { .pushing(answered: $0, of: 501) }
    #expect(Array(steps.prefix(3)) == pushing)
    #expect(steps.dropLast().last == .pulling(pages: report.pages, events: report.events))
    #expect(steps.last == .finished && steps.count { $0 == .finished } == 1)
  }

  @Test func `two syncs at once run one after the other, and each edit goes out once`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    for index in 1...5 { try await device.addOutbuilding(bench.mission, .parking, lotNumber: "\(index)") }
    async let one = device.sync()
    async let other = device.sync()
    let reports = try await [one, other]
    #expect(reports.map(\.results.count).sorted() == [0, 5])
    #expect(await bench.server.pushes.count == 1)
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `an expired token is replaced within the sync`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    #expect(await bench.server.tokensIssued == 1)
    await bench.server.expireTokens()
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))

    try await device.sync()
    #expect(await bench.server.tokensIssued == 2)
    #expect(await bench.server.values(bench.dossier())?["city"] == "Rezé")
    bench.clock.now = bench.clock.now.adding(seconds: 3600)
    try await device.sync()
    #expect(await bench.server.tokensIssued == 3)
  }

  @Test func `a captive portal that asks for a sign-in is no refusal of the device's own`() async throws {
    let bench = try Bench()
    _ = try await bench.device()
    let network = bench.network.transport
    let portal = Transport { request in
      guard request.path == "/v1/sync/pull" else { return try await network.send(request) }
      return .init(status: 401, body: Array("<html>Bienvenue</html>".utf8))
    }
    let device = try await FieldDevice.open(
      file: bench.file, transport: portal, environment: bench.clock.environment)
    await #expect(throws: SyncError.unreadableAnswer("code")) { try await device.sync() }
  }

  @Test func `a server that does not answer leaves everything as it was`() async throws {
    let bench = try Bench()
    _ = try await bench.device()
    let closed = try Transport.http("http://127.0.0.1:1", timeoutSeconds: 5)
    let device = try await FieldDevice.open(
      file: bench.crashImage(), transport: closed, environment: bench.clock.environment)
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))

    let error = await #expect(throws: SyncError.self) { try await device.sync() }
    guard case .offline = error else { return #expect(Bool(false), "\(String(describing: error))") }
    #expect(try await device.unsentCount == 1)
  }
}
