import Postgres

/// Forgets sessions that ended more than thirty days ago, and failed sign-ins that slow nobody down any more.
struct PruneSessionsJob: Job {
  static let kind = "prune-sessions"
  static let every: Int64? = 3600

  func perform(_ run: JobRun) async throws {
    try await run.transaction { transaction in
      _ = try await transaction.pipeline([ExpiredSessionStore.prune(run.organization)] + SignInStore.prune)
    }
  }
}
