import Seeds

/// Kills the server's programs, and starts them again as whoever watches over them would.
actor Saboteur {
  private let world: World
  private let plan: SimulationPlan
  private var random: SeededRandom
  private(set) var tally = Tally()
  private(set) var faults: [String] = []

  init(world: World, plan: SimulationPlan) {
    self.world = world
    self.plan = plan
    random = SeededRandom(seed: plan.seed &+ 32_452_843)
  }

  func work(until end: ContinuousClock.Instant) async {
    let kinds = [Trouble.apiKills, .postgresKills].filter(plan.troubles.contains)
    guard !kinds.isEmpty else { return }
    var turn = random.below(kinds.count)
    while true {
      let pause = Duration.milliseconds(1_200 + random.below(2_200))
      guard ContinuousClock.now + pause < end, (try? await Task.sleep(for: pause)) != nil else { return }
      turn += 1
      do { try await strike(kinds[turn % kinds.count]) } catch { faults.append("\(error)") }
    }
  }

  private func strike(_ kind: Trouble) async throws {
    if kind == .apiKills {
      await world.killAPI()
      try? await Task.sleep(for: .milliseconds(random.below(300)))
      try await world.startAPI()
      tally.add("api kills")
    } else if random.chance(50) {
      await world.cluster.kill()
      try? await Task.sleep(for: .milliseconds(random.below(300)))
      try await world.cluster.start()
      tally.add("postgres kills")
    } else {
      let draw = random.next()
      try await world.cluster.killOneProcess { $0[Int(draw % UInt64($0.count))] }
      tally.add("postgres process kills")
    }
  }
}
