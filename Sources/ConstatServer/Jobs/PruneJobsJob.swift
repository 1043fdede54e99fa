import Postgres

/// Forgets jobs that were carried out more than seven days ago; dead ones stay for an operator.
struct PruneJobsJob: Job {
  static let kind = "prune-jobs"
  static let every: Int64? = 86_400

  func perform(_ run: JobRun) async throws {
    try await run.transaction { transaction in
      _ = try await transaction.execute(JobStore.pruneDone(run.organization))
    }
  }
}
