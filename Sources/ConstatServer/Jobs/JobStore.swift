import ConstatCore
import Foundation
import Postgres

/// All SQL on jobs. Time is the database's, so that workers need not agree on theirs.
struct JobStore {
  /// Enqueues in the transaction whose effect the job is. With a `uniqueKey`, a live job of the same kind and
  /// key is not doubled.
  static func enqueue(
    _ job: some Job, in organization: UUID, id: UUID, uniqueKey: String? = nil, after seconds: Int = 0
  ) throws -> SQL {
    let arguments = JSONB(bytes: Array(try JSONEncoder().encode(job)))
    return """
      INSERT INTO system.job (organization_id, id, kind, arguments, unique_key, run_at)
      VALUES (\(organization), \(id), \(type(of: job).kind), \(arguments), \(uniqueKey),
        clock_timestamp() + make_interval(secs => \(seconds)))
      ON CONFLICT DO NOTHING
      """
  }

  static func plan(_ kind: String, tick: Int64) -> SQL {
    "SELECT system.plan_jobs(\(kind), \(tick)) AS planned"
  }

  static func claim(_ kinds: [String], batch: Int, leaseSeconds: Int) -> SQL {
    """
    SELECT organization_id, id, kind, arguments::text AS arguments, attempt
    FROM system.claim_jobs(\(kinds), \(batch), \(leaseSeconds))
    """
  }

  /// Sets the tenant, actor and channel, and locks the job at this attempt; the last result is empty when it
  /// is lost.
  static func fence(_ run: JobRun) -> [SQL] {
    [
      tenant(run),
      """
      SELECT id FROM system.job
      WHERE organization_id = \(run.organization) AND id = \(run.id) AND attempt = \(run.attempt) AND state = 'leased'
      FOR UPDATE
      """,
    ]
  }

  private static func tenant(_ run: JobRun) -> SQL {
    """
    SELECT set_config('app.organization_id', \(run.organization.uuidString), true),
      set_config('app.actor', \("job:" + run.kind), true), set_config('app.channel', 'job', true)
    """
  }

  static func renew(_ run: JobRun, leaseSeconds: Int) -> [SQL] {
    [
      tenant(run),
      """
      UPDATE system.job SET leased_until = clock_timestamp() + make_interval(secs => \(leaseSeconds))
      WHERE organization_id = \(run.organization) AND id = \(run.id) AND attempt = \(run.attempt) AND state = 'leased'
      """,
    ]
  }

  static func complete(_ run: JobRun) -> [SQL] {
    [
      tenant(run),
      """
      UPDATE system.job SET state = 'done', leased_until = NULL, last_error = NULL
      WHERE organization_id = \(run.organization) AND id = \(run.id) AND attempt = \(run.attempt) AND state = 'leased'
      """,
    ]
  }

  /// Another attempt after the delay, or none any more.
  static func fail(_ run: JobRun, error: String, retryAfter seconds: Int?) -> [SQL] {
    [
      tenant(run),
      """
      UPDATE system.job SET state = \(seconds == nil ? "dead" : "available"), leased_until = NULL,
        last_error = \(error), run_at = clock_timestamp() + make_interval(secs => \(seconds ?? 0))
      WHERE organization_id = \(run.organization) AND id = \(run.id) AND attempt = \(run.attempt) AND state = 'leased'
      """,
    ]
  }

  /// Gives the lease back, as if the attempt had not been.
  static func release(_ run: JobRun) -> [SQL] {
    [
      tenant(run),
      """
      UPDATE system.job SET state = 'available', attempt = attempt - 1, leased_until = NULL
      WHERE organization_id = \(run.organization) AND id = \(run.id) AND attempt = \(run.attempt) AND state = 'leased'
      """,
    ]
  }

  static func pruneDone(_ organization: UUID) -> SQL {
    """
    DELETE FROM system.job WHERE organization_id = \(organization) AND state = 'done'
      AND created_at < clock_timestamp() - interval '7 days'
    """
  }
}
