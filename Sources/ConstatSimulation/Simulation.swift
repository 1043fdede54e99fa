import ConstatCore
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

  /// Runs it, and then breaks things on purpose, where asked, to see that the oracle says so.
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
          index: index, person: technicians[index % technicians.count], isWalking: index < technicians.count,
          plan: plan, office: office, proxy: "http://127.0.0.1:\(port)", world: world)
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
    let day = Day(plan)
    let officeHours = Task { await office.work() }
    await withTaskGroup(of: Void.self) { group in
      for device in devices { group.addTask { await device.work(during: day) } }
      group.addTask { await saboteur.work(during: day) }
    }
    officeHours.cancel()
    await officeHours.value
    say("The network heals; everyone syncs until all is quiet")
    await proxy.heal()
    var faults: [String] = []
    for _ in 1...3 { faults += try await settle(devices) }
    // A pool of its own: the other's connections may be to a server that was killed.
    let superuser = Pool(
      PoolConfiguration(url: world.cluster.superuserURL, size: 2, pipelineConnections: 1),
      logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() }))
    let examination = Examination(
      store: store, superuser: superuser, world: world, office: office, devices: devices)
    say("The oracle looks")
    let (violations, held, fresh) = try await examination.verdict()
    var report = await summary(devices, office, saboteur, proxy, faults + violations, held)
    if !breakages.isEmpty {
      say("Things are broken on purpose")
      report.breakages = try await examination.broken(by: breakages, after: fresh)
    }
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
    _ violations: [String], _ held: Tally
  ) async -> SimulationReport {
    var (counts, durations, all) = (Tally(), [Duration](), violations)
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
    return SimulationReport(plan, violations: all, counts: counts, durations: durations)
  }
}
