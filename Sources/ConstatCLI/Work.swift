import ArgumentParser

/// The worker: carries out jobs that requests have enqueued.
struct Work: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Carry out background jobs.")

  func run() async throws {
    let configuration = try Configuration()
    try await Database.with(configuration) { database in
      let runtime = try Runtime(configuration, database)
      try await Signals.ending { try await runtime.refuseUnfit() }
      try await runtime.run([runtime.pool, runtime.worker()])
    }
  }
}
