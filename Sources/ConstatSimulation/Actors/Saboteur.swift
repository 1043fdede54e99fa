import Seeds

/// Kills the server's programs, and starts them again as whoever watches over them would; takes backups, and puts them
/// back.
actor Saboteur {
  private let world: World
  private let plan: SimulationPlan
  private var random: SeededRandom
  private var backup: Backup?
  private var backups = 0
  private(set) var tally = Tally()
  private(set) var faults: [String] = []

  init(world: World, plan: SimulationPlan) {
    self.world = world
    self.plan = plan
    random = SeededRandom(seed: plan.seed &+ 32_452_843)
  }

  func work(until end: ContinuousClock.Instant) async {
    // Each backup comes back at the next turn but one.
    let kinds = [Trouble.restore, .apiKills, .restore, .postgresKills].filter(plan.troubles.contains)
    guard !kinds.isEmpty else { return }
    for turn in 0... {
      let pause = Duration.milliseconds(1_200 + random.below(2_200))
      guard ContinuousClock.now + pause < end, (try? await Task.sleep(for: pause)) != nil else { return }
      do { try await strike(kinds[turn % kinds.count], before: end) } catch { faults.append("\(error)") }
    }
  }

  private func strike(_ kind: Trouble, before end: ContinuousClock.Instant) async throws {
    switch kind {
    case .restore: return try await backUpOrRestore(before: end)
    case .apiKills:
      await world.killAPI()
      try? await Task.sleep(for: .milliseconds(random.below(300)))
      try await world.startAPI()
    default:
      if random.chance(50) {
        await world.cluster.kill()
        try? await Task.sleep(for: .milliseconds(random.below(300)))
        try await world.cluster.start()
      } else {
        let draw = random.next()
        try await world.cluster.killOneProcess { $0[Int(draw % UInt64($0.count))] }
      }
    }
    tally.add(kind)
  }

  /// Files first, whose restore the operator has to tell; then a dump, whose restore shows; and so on.
  private func backUpOrRestore(before end: ContinuousClock.Instant) async throws {
    if let backup {
      while !world.chronicle.hasNews, ContinuousClock.now < end {
        try await Task.sleep(for: .milliseconds(50))
      }
      self.backup = nil
      try await world.restore(backup)
      tally.add(.restore)
    } else {
      backups += 1
      backup = try await world.backUp(asFiles: backups % 2 == 1)
    }
  }
}
