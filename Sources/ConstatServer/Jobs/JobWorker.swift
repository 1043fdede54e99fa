import ConstatCore
import Foundation
public import Logging
import Metrics
import Postgres
public import ServiceLifecycle
import Synchronization

/// Carries out jobs, several at a time, for all organizations. Any number of workers may run: each job is
/// leased to one, which renews the lease while it works; when it dies, the lease runs out and another takes
/// over.
public final class JobWorker: Service {
  private let services: Services
  private let jobs: [String: any Job.Type]
  private let logger: Logger
  private let concurrency: Int
  private let leaseSeconds: Int
  private let running = Mutex(0)

  public init(
    services: Services, jobs: [any Job.Type], logger: Logger, concurrency: Int = 4, leaseSeconds: Int = 60
  ) {
    self.services = services
    self.jobs = Dictionary(jobs.map { ($0.kind, $0) }, uniquingKeysWith: { $1 })
    self.logger = logger
    self.concurrency = concurrency
    self.leaseSeconds = leaseSeconds
  }

  /// Claims until told to stop, then waits for what is under way.
  public func run() async throws {
    await withDiscardingTaskGroup { group in
      var planned: Int64 = 0
      while !Task.isCancelled, !Task.isShuttingDownGracefully {
        let minute = services.clock.now().secondsSinceEpoch / 60
        if minute != planned, await plan() { planned = minute }
        let claimed = await claim()
        for (run, arguments) in claimed {
          running.withLock { $0 += 1 }
          group.addTask {
            await self.carryOut(run, arguments)
            self.running.withLock { $0 -= 1 }
          }
        }
        if claimed.isEmpty { await pause() }
      }
    }
  }

  /// Plans what is due, and carries out one batch to its end; how many jobs that were. For tests and for
  /// schedulers that are not ours.
  public func runOnce() async -> Int {
    _ = await plan()
    let claimed = await claim()
    await withDiscardingTaskGroup { group in
      for (run, arguments) in claimed { group.addTask { await self.carryOut(run, arguments) } }
    }
    return claimed.count
  }

  private func pause() async {
    try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
  }

  private func plan() async -> Bool {
    let now = services.clock.now().secondsSinceEpoch
    do {
      for (kind, job) in jobs {
        if let every = job.every { _ = try await services.pool.query(JobStore.plan(kind, tick: now / every)) }
      }
      return true
    } catch {
      report("cannot plan jobs", error)
      return false
    }
  }

  private func claim() async -> [(JobRun, [UInt8])] {
    let free = concurrency - running.withLock { $0 }
    guard free > 0 else { return [] }
    do {
      return try await services.pool.query(
        JobStore.claim(jobs.keys.sorted(), batch: free, leaseSeconds: leaseSeconds)
      ).map { row in
        let run = JobRun(
          services: services, organization: try row.get("organization_id"), id: try row.get("id"),
          kind: try row.get("kind"), attempt: try row.get("attempt"))
        return (run, row.bytes("arguments") ?? [])
      }
    } catch {
      report("cannot claim jobs", error)
      return []
    }
  }

  private func carryOut(_ run: JobRun, _ arguments: [UInt8]) async {
    guard let type = jobs[run.kind] else { return }
    let outcome: [SQL]
    do {
      let job = try JSONDecoder().decode(type, from: Data(arguments))
      try await withLease(run) { try await job.perform(run) }
      outcome = JobStore.complete(run)
      count("done", run)
    } catch is JobRun.LeaseLost {
      return logger.warning("job lease lost", metadata: metadata(run))
    } catch is CancellationError {
      outcome = JobStore.release(run)
    } catch {
      let isLast = run.attempt >= type.maximumAttempts
      outcome = JobStore.fail(
        run, error: Self.description(error), retryAfter: isLast ? nil : delaySeconds(run.attempt))
      count(isLast ? "dead" : "failed", run)
      report(isLast ? "job is dead" : "job failed", error, metadata(run))
    }
    do {
      // In a task of its own: a worker that is being stopped still says what became of its jobs.
      let pool = services.pool
      _ = try await Task { try await pool.pipeline(outcome) }.value
    } catch {
      report("cannot settle job", error, metadata(run))
    }
  }

  /// Renews the lease every third of its time. A renewal that meets the job's own transaction waits in vain
  /// and is skipped: a locked row cannot be taken over either.
  private func withLease(_ run: JobRun, _ body: @escaping @Sendable () async throws -> Void) async throws {
    let leaseSeconds = leaseSeconds
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await body() }
      group.addTask {
        while true {
          try await Task.sleep(for: .seconds(leaseSeconds) / 3)
          do {
            let renewed = try await run.services.pool.pipeline(
              JobStore.renew(run, leaseSeconds: leaseSeconds))
            if renewed[1].affectedRows == 0 { throw JobRun.LeaseLost() }
          } catch is PostgresError {}
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// min(6 h, 2ⁿ · 5 s), a fifth more or less, so that what failed together does not return together.
  private func delaySeconds(_ attempt: Int) -> Int {
    let plain = min(6 * 3600, 5 << min(attempt, 13))
    return plain * Int.random(in: 80...120) / 100
  }

  private func count(_ outcome: String, _ run: JobRun) {
    Counter(label: "jobs", dimensions: [("kind", run.kind), ("outcome", outcome)]).increment()
  }

  /// Without data: a type, and PostgreSQL's code.
  private static func description(_ error: any Error) -> String {
    (error as? PostgresError)?.description ?? "\(type(of: error))"
  }

  private func metadata(_ run: JobRun) -> Logger.Metadata {
    [
      "job.id": "\(run.id)", "job.kind": "\(run.kind)", "job.attempt": "\(run.attempt)",
      "organization.id": "\(run.organization)",
    ]
  }

  private func report(_ message: Logger.Message, _ error: any Error, _ metadata: Logger.Metadata = [:]) {
    logger.error(message, metadata: metadata.merging(["error.type": "\(Self.description(error))"]) { $1 })
  }
}
