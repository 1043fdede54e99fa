import Postgres

/// Forgets the answers to POSTs after a day, beyond which a caller does not retry.
struct PruneIdempotencyKeysJob: Job {
  static let kind = "prune-idempotency-keys"
  static let every: Int64? = 3600

  func perform(_ run: JobRun) async throws {
    try await run.transaction { transaction in
      _ = try await transaction.execute(IdempotencyStore.prune(run.organization))
    }
  }
}
