import Synchronization

/// A transaction under way on a connection of its own; made by `Pool.transaction`, of no use after it.
public final class Transaction: Querying {
  private enum Phase { case open, committed, ended }

  private let pool: Pool
  private let connection: Connection
  private let lease: UInt64
  private let patienceMilliseconds: Int
  private let commitDeadlineMilliseconds: Int
  private let phase = Mutex(Phase.open)
  private let savepoints = Mutex(0)

  init(
    pool: Pool, connection: Connection, lease: UInt64, patienceMilliseconds: Int,
    commitDeadlineMilliseconds: Int
  ) {
    self.pool = pool
    self.connection = connection
    self.lease = lease
    self.patienceMilliseconds = patienceMilliseconds
    self.commitDeadlineMilliseconds = commitDeadlineMilliseconds
  }

  public func pipeline(_ statements: [SQL]) async throws -> [QueryResult] {
    guard !statements.isEmpty else { return [] }
    guard phase.withLock({ $0 == .open }) else { throw PostgresError.transactionEnded }
    return try await perform(.step, statements)
  }

  /// Sends last statements and COMMIT in one round trip, and returns their results once it has succeeded.
  ///
  /// The transaction is over then, whatever comes: an error rolled it back, or is `outcomeUnknown`.
  @discardableResult
  public func commit(with statements: [SQL] = []) async throws -> [QueryResult] {
    // A caller who is gone gets nothing committed behind its back.
    try Task.checkCancellation()
    let flight = try flight(.commit, statements + ["COMMIT"])
    try end(as: .committed)
    var results = try await perform(flight, isCancellable: false)
    results.removeLast()
    return results
  }

  /// Runs `body` so that, when it throws, only what it did is undone and the transaction goes on.
  @discardableResult
  public func savepoint<T: Sendable>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> T
  ) async throws -> T {
    let depth = savepoints.withLock { depth -> Int in
      depth += 1
      return depth
    }
    defer { savepoints.withLock { $0 -= 1 } }
    let name = SQL.script(trusted: "savepoint_\(depth)")
    _ = try await pipeline(["SAVEPOINT \(name)"])
    do {
      let value = try await body()
      _ = try await pipeline(["RELEASE SAVEPOINT \(name)"])
      return value
    } catch {
      // Even for a cancelled caller: the transaction it is in decides what becomes of the rest.
      if phase.withLock({ $0 == .open }) {
        _ = try await perform(
          .step, ["ROLLBACK TO SAVEPOINT \(name)", "RELEASE SAVEPOINT \(name)"], isCancellable: false)
      }
      throw error
    }
  }

  /// Commits unless the body already did.
  func finish() async throws {
    if phase.withLock({ $0 != .committed }) { try await commit() }
  }

  /// Rolls back unless the transaction is over; errors do not matter, since the reactor sees to it that no
  /// connection goes back to others with a transaction open.
  func rollback() async {
    guard (try? end(as: .ended)) != nil else { return }
    _ = try? await perform(.rollback, ["ROLLBACK"], isCancellable: false)
  }

  private func end(as next: Phase) throws(PostgresError) {
    let wasOpen = phase.withLock { phase -> Bool in
      guard phase == .open else { return false }
      phase = next
      return true
    }
    if !wasOpen { throw PostgresError.transactionEnded }
  }

  private func perform(
    _ purpose: Flight.Purpose, _ statements: [SQL], isCancellable: Bool = true
  ) async throws -> [QueryResult] {
    try await perform(try flight(purpose, statements), isCancellable: isCancellable)
  }

  private func perform(_ flight: Flight, isCancellable: Bool) async throws -> [QueryResult] {
    try await pool.perform(.use(connection, lease: lease, flight), flight, isCancellable: isCancellable)
  }

  private func flight(_ purpose: Flight.Purpose, _ statements: [SQL]) throws(PostgresError) -> Flight {
    try Flight(
      purpose, statements, patienceMilliseconds: pool.patience(statements.count, patienceMilliseconds),
      deadlineMilliseconds: purpose == .commit ? commitDeadlineMilliseconds : 1 << 40)
  }
}
