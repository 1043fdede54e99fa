import ConstatCore
import ConstatDevice
import ConstatSync
public import Foundation
import Logging
import Postgres

/// Technicians, an office and everything that can go wrong, against the real server; then rest, then the oracle.
public struct Simulation: Sendable {
  private let plan: SimulationPlan
  private let place: World.Place
  private let say: @Sendable (String) -> Void

  /// `program` is `constat`, `home` where `Migrations/` and `openapi/` are. `say` hears how it goes.
  public init(
    _ plan: SimulationPlan, program: String, home: URL, say: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.plan = plan
    place = World.Place(program: program, home: home)
    self.say = say
  }

  /// Runs it, and then breaks things on purpose, where asked, to see that the oracle would have said so.
  public func run(breaking breakages: [Breakage] = []) async throws -> SimulationReport {
    say("Starting PostgreSQL and the API")
    let world = try await World.make(place)
    let superuser = Pool(
      PoolConfiguration(url: world.cluster.superuserURL, size: 2, pipelineConnections: 1),
      logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() }))
    do {
      let report = try await Run(plan: plan, world: world, superuser: superuser, say: say).play(breakages)
      await superuser.shutdown()
      await world.remove()
      return report
    } catch {
      await superuser.shutdown()
      await world.remove()
      throw error
    }
  }
}

/// One simulation under way.
private struct Run: Sendable {
  let plan: SimulationPlan
  let world: World
  let superuser: Pool
  let say: @Sendable (String) -> Void

  func play(_ breakages: [Breakage]) async throws -> SimulationReport {
    let store = try await OrganizationStore.found(superuser)
    let staff = try await store.person("office", [.superAdmin, .admin, .office])
    var people: [OrganizationStore.Person] = []
    // Every fourth device is its technician's second.
    for number in 0..<max(1, plan.devices - plan.devices / 4) {
      people.append(try await store.person("technician-\(number)", [.technician]))
    }
    let office = OfficeDesk(world: world, staff: staff, plan: plan)
    let technicians = people
    try await office.prepare(technicians)
    let proxy = FaultProxy(plan, lanes: plan.devices) { [world] in world.address }
    let (ports, listening) = AsyncStream.makeStream(of: Int.self)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await proxy.run { listening.yield($0) } }
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else { throw CancellationError() }
      let devices = try (0..<plan.devices).map { index in
        try SimulatedTechnician(
          index: index, person: technicians[index % technicians.count], plan: plan, office: office,
          proxy: "http://127.0.0.1:\(port)", directory: world.directory)
      }
      let report = try await play(store, office, devices, proxy, breakages)
      group.cancelAll()
      while (try? await group.next()) != nil {}
      return report
    }
  }

  private func play(
    _ store: OrganizationStore, _ office: OfficeDesk, _ devices: [SimulatedTechnician], _ proxy: FaultProxy,
    _ breakages: [Breakage]
  ) async throws -> SimulationReport {
    say("\(plan.devices) devices work for \(plan.seconds) s, seed \(plan.seed)")
    let saboteur = Saboteur(world: world, plan: plan)
    try await each(devices) { try await $0.enrol() }
    let end = ContinuousClock.now + .seconds(plan.seconds)
    await withTaskGroup(of: Void.self) { group in
      for device in devices { group.addTask { await device.work(until: end) } }
      group.addTask { await office.work(until: end) }
      group.addTask { await saboteur.work(until: end) }
    }
    say("The network heals; everyone syncs until all is quiet")
    await proxy.heal()
    var faults: [String] = []
    for _ in 1...3 { faults += try await settle(devices) }
    // A pool of its own: the other's connections may be to a server that was killed.
    let superuser = Pool(
      PoolConfiguration(url: world.cluster.superuserURL, size: 2, pipelineConnections: 1),
      logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() }))
    let examination = Examination(
      store: store, superuser: superuser, address: world.address ?? "", directory: world.directory,
      office: office, devices: devices)
    var report = try await summary(devices, office, saboteur, proxy, faults, examination)
    for breakage in breakages { report.breakages[breakage] = try await examination.broken(by: breakage) }
    for device in devices { try await device.close() }
    await superuser.shutdown()
    return report
  }

  private func each(
    _ devices: [SimulatedTechnician], _ body: @escaping @Sendable (SimulatedTechnician) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for device in devices { group.addTask { try await body(device) } }
      try await group.waitForAll()
    }
  }

  /// What kept a device from settling, in words.
  private func settle(_ devices: [SimulatedTechnician]) async throws -> [String] {
    await withTaskGroup(of: String?.self) { group in
      for device in devices {
        group.addTask {
          do {
            _ = try await device.settle()
            return nil
          } catch {
            return "device \(device.index) is wedged: \(error)"
          }
        }
      }
      var faults: [String] = []
      for await fault in group { if let fault { faults.append(fault) } }
      return faults
    }
  }

  private func summary(
    _ devices: [SimulatedTechnician], _ office: OfficeDesk, _ saboteur: Saboteur, _ proxy: FaultProxy,
    _ faults: [String], _ examination: Examination
  ) async throws -> SimulationReport {
    say("The oracle looks")
    let (violations, held) = try await examination.verdict()
    var (counts, durations, all) = (Tally(), [Duration](), faults + violations)
    for device in devices {
      counts.add(await device.tally)
      durations += await device.durations
      all += await device.faults
    }
    counts.add(await office.tally)
    all += await office.faults
    counts.add(await saboteur.tally)
    all += await saboteur.faults
    counts.add(proxy.tally)
    counts.add(held)
    var lines = ["Simulation: \(plan.devices) devices, \(plan.seconds) s, seed \(plan.seed)"]
    lines += counts.counts.sorted { $0.key < $1.key }.map { "  \(pad("\($0.value)", 8))  \($0.key)" }
    lines.append("  sync p50 \(percentile(durations, 50).text), p99 \(percentile(durations, 99).text)")
    lines.append(all.isEmpty ? "All holds." : "\(all.count) violations:")
    lines += all.prefix(40).map { "  ✘ \($0)" }
    lines.append(
      "Replay: constat simulate --devices \(plan.devices) --seconds \(plan.seconds) --seed \(plan.seed) --faults "
        + (plan.troubles.count == Trouble.allCases.count
          ? "all"
          : plan.troubles.isEmpty ? "none" : plan.troubles.sorted().map(\.rawValue).joined(separator: ",")))
    return SimulationReport(violations: all, text: lines.joined(separator: "\n"), counts: counts.counts)
  }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

/// Brings the oracle what it looks at.
private struct Examination: Sendable {
  let store: OrganizationStore
  let superuser: Pool
  let address: String
  let directory: String
  let office: OfficeDesk
  let devices: [SimulatedTechnician]

  func verdict() async throws -> (violations: [String], held: Tally) {
    var fresh: [String: [EntityKey: [String: JSONValue]]] = [:]
    var states: [Oracle.DeviceState] = []
    var typed: [TypedToken] = []
    for device in devices {
      let technician = device.person.wire
      if fresh[technician] == nil { fresh[technician] = try await startedFromNothing(device.person) }
      states.append(
        .init(
          name: "device \(device.index)", technician: technician,
          unsent: try await device.device?.unsentCount ?? 0, rows: Self.values(try await device.rows())))
      typed += await device.typed
    }
    let evidence = try await EvidenceStore(superuser: superuser, organization: store.organization).evidence()
    // The comparison mends what differs, so it comes after the rows were taken.
    var differences: [String] = []
    for device in devices { if let one = try await device.differences() { differences.append(one) } }
    let oracle = Oracle(
      evidence: evidence, devices: states, fresh: fresh, typed: typed, officeTyped: await office.typed)
    return (oracle.violations() + differences, evidence.heldCounts)
  }

  /// What a device is told that has nothing yet.
  private func startedFromNothing(
    _ person: OrganizationStore.Person
  ) async throws -> [EntityKey: [String: JSONValue]] {
    let file = "\(directory)/fresh-\(UInt32.random(in: 0...UInt32.max)).sqlite"
    let signIn = JSONValue.object(["access_token": .string(person.token)]).serialized()
    let transport = try Transport.http(address)
    let registering = Transport { request in
      request.path == "/v1/auth/login"
        ? Transport.Answer(status: 200, body: signIn) : try await transport.send(request)
    }
    let device = try await FieldDevice.enrol(
      file: file, server: address, email: "-", password: "-", name: "Fresh", transport: registering)
    try await device.sync()
    let rows = try await device.rows()
    try device.close()
    return Self.values(rows)
  }

  private static func values(_ rows: [EntityKey: LocalEntity]) -> [EntityKey: [String: JSONValue]] {
    rows.mapValues { $0.values.filter { !$0.value.isNull } }
  }

  /// What the oracle says once this is broken, beyond what it said before.
  func broken(by breakage: Breakage) async throws -> [String] {
    let before = Set(try await verdict().violations)
    if breakage == .deviceRow {
      try await tamperWithDevice()
    } else {
      let evidence = EvidenceStore(superuser: superuser, organization: store.organization)
      let known = try await evidence.evidence()
      let token = await devices.asyncFlatMap { await $0.typed }.first { token in
        token.kind == .creation && known.live.contains(token.text)
          && known.places[token.text]?.field == "lot_number"
      }
      try await evidence.tamper(breakage, token: token?.text)
    }
    return try await verdict().violations.filter { !before.contains($0) }
  }

  private func tamperWithDevice() async throws {
    for device in devices {
      if try await DeviceFileStore(file: await device.file).tamper() { return }
    }
  }
}

extension Sequence {
  fileprivate func asyncFlatMap<Value>(_ body: (Element) async -> [Value]) async -> [Value] {
    var all: [Value] = []
    for element in self { all += await body(element) }
    return all
  }
}
