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

  func work(during day: Day) async {
    // Each backup comes back at the next turn but one.
    let kinds = [Trouble.restore, .apiKills, .restore, .postgresKills].filter(plan.troubles.contains)
    guard !kinds.isEmpty else { return }
    for turn in 0... {
      let pause = Duration.milliseconds(1_200 + random.below(2_200))
      guard (try? await Task.sleep(for: pause)) != nil, !day.isOver else { return }
      do { try await strike(kinds[turn % kinds.count], during: day) } catch { faults.append("\(error)") }
    }
  }

  private func strike(_ kind: Trouble, during day: Day) async throws {
    switch kind {
    case .restore: return try await backUpOrRestore(during: day)
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
    day.saw(kind)
  }

  /// Files first, whose restore the operator has to tell; then a dump, whose restore shows; and so on.
  private func backUpOrRestore(during day: Day) async throws {
    if let backup {
      while !world.chronicle.hasNews, !day.isLate {
        try await Task.sleep(for: .milliseconds(50))
      }
      self.backup = nil
      try await world.restore(backup)
      tally.add(.restore)
      day.saw(.restore)
    } else {
      backups += 1
      backup = try await world.backUp(asFiles: backups % 2 == 1)
    }
  }
}
