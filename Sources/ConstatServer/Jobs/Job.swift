import ConstatCore
public import Foundation
public import Postgres

/// An effect to carry out after the commit that wanted it: a mail, a PDF, a webhook, a clean-up. It may run
/// more than once (a worker dies after the effect, before saying so), so `perform` does no harm when
/// repeated.
public protocol Job: Codable, Sendable {
  /// As stored with each job; never renamed while jobs of it may be waiting.
  static var kind: String { get }
  /// After so many attempts the job is dead: kept, and shown to an operator.
  static var maximumAttempts: Int { get }
  /// Seconds between the ticks of a recurring job; nil for one that requests enqueue.
  static var every: Int64? { get }

  func perform(_ run: JobRun) async throws
}

extension Job {
  public static var maximumAttempts: Int { 10 }
  public static var every: Int64? { nil }
}

/// One attempt at a job, with the lease that it holds.
public struct JobRun: Sendable {
  public let services: Services
  public let organization: UUID
  public let id: UUID
  public let kind: String
  public let attempt: Int

  /// Somebody else holds the job by now: what this attempt would still write is not wanted.
  public struct LeaseLost: Error {}

  /// A transaction in the job's organization and name. The job's row is locked in it, at this attempt, so
  /// that a worker that was thought dead cannot write behind its successor's back.
  public func transaction<T: Sendable>(_ body: @Sendable (Transaction) async throws -> T) async throws -> T {
    try await services.pool.transaction(opening: JobStore.fence(self)) { transaction, opened in
      guard opened.last?.rowCount == 1 else { throw LeaseLost() }
      return try await body(transaction)
    }
  }
}
