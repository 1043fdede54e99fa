import ConstatServer
public import Foundation
public import Postgres

/// Two at the same row: who comes in which order is settled by a lock that hand-typed SQL holds meanwhile.
extension TestServer {
  /// Starts the contenders in their order, each once those before it wait for a lock; then lets go of the lock, and
  /// tells what each came to. The server's pool has a connection for each.
  public func race<T: Sendable>(
    _ organization: UUID, behind lock: SQL, _ contenders: [@Sendable () async throws -> T]
  ) async throws -> [T] {
    let started = try await asOwner(organization) { transaction in
      _ = try await transaction.query(lock)
      var started: [Task<T, any Error>] = []
      for contender in contenders {
        started.append(Task { try await contender() })
        try await self.untilWaiting(started.count)
      }
      return started
    }
    var outcomes: [T] = []
    for one in started { outcomes.append(try await one.value) }
    return outcomes
  }

  /// The organization's chain of documents, as those who seal lock it. There has to be a document.
  public static func chain(of organization: UUID) -> SQL {
    "SELECT last FROM system.counter WHERE organization_id = \(organization) AND series = 'chain' FOR UPDATE"
  }

  private func untilWaiting(_ count: Int) async throws {
    for _ in 0..<3_000 {
      let waiting: Int? = try await services.pool.query(
        """
        SELECT count(*) AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
        """
      ).value()
      if waiting ?? 0 >= count { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw NobodyWaits()
  }

  public struct NobodyWaits: Error {}
}
