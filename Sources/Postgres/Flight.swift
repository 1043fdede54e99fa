/// Statements sent together up to one Sync, and the caller who waits for their answers.
///
/// Written by the caller before it is submitted, by the reactor's thread until it is resumed, and read by
/// the caller afterwards; the hand-overs order these accesses, hence unchecked.
final class Flight: @unchecked Sendable {
  enum Purpose {
    /// One implicit transaction on a shared connection.
    case pipeline
    /// BEGIN and what follows it; success leaves the connection with the caller.
    case begin
    /// A step inside a transaction.
    case step
    /// Ends with COMMIT; gives the connection back.
    case commit
    /// ROLLBACK; gives the connection back.
    case rollback
    /// The client's own upkeep of a connection; nobody waits for it.
    case upkeep
  }

  /// What the server answers to, in order.
  enum Step {
    case prepare(PreparedStatement)
    case execute(PreparedStatement)
    /// A statement sent without a name: upkeep, or one that another flight is just preparing.
    case direct
  }

  let purpose: Purpose
  let statements: [SQL]
  /// How long the server may stay silent while this flight is the first in line.
  let patienceMilliseconds: Int
  /// How long it may take altogether once sent.
  let deadlineMilliseconds: Int
  /// When the caller stops waiting for a connection, in the reactor's clock.
  var acquireDeadline = 0
  var sentAt = 0
  var isCancelled = false
  var attempts = 0

  var steps: [Step] = []
  var cursor = 0
  var results: [QueryResult] = []
  var error: PostgresError?
  /// Set by the server's warning that a commit was not confirmed by a standby.
  var isUnreplicated = false
  /// The connection that a `begin` took, and the number of the lease on it.
  var connection: Connection?
  var lease: UInt64 = 0

  private var continuation: UnsafeContinuation<[QueryResult], any Error>?

  init(
    _ purpose: Purpose, _ statements: [SQL], patienceMilliseconds: Int, deadlineMilliseconds: Int = 1 << 40
  ) throws(PostgresError) {
    for statement in statements where statement.bindings.contains(where: \.holdsNUL) {
      throw PostgresError(.encoding, "22021", message: "text parameter with a NUL character")
    }
    self.purpose = purpose
    self.statements = statements
    self.patienceMilliseconds = patienceMilliseconds
    self.deadlineMilliseconds = deadlineMilliseconds
  }

  /// The client's own statements, which bind nothing.
  init(_ purpose: Purpose, trusted statements: [SQL], patienceMilliseconds: Int) {
    self.purpose = purpose
    self.statements = statements
    self.patienceMilliseconds = patienceMilliseconds
    deadlineMilliseconds = 1 << 40
  }

  func setContinuation(_ continuation: UnsafeContinuation<[QueryResult], any Error>) {
    self.continuation = continuation
  }

  /// Forgets a failed attempt, so that the flight can be sent again.
  func rewind() {
    attempts += 1
    steps.removeAll(keepingCapacity: true)
    results.removeAll(keepingCapacity: true)
    cursor = 0
    error = nil
    isUnreplicated = false
  }

  /// Hands the outcome to the caller, whose task goes on elsewhere than on this thread.
  func resume() {
    guard let continuation = continuation.take() else { return }
    if let error { continuation.resume(throwing: error) } else { continuation.resume(returning: results) }
  }

  func fail(_ error: any Error) {
    continuation.take()?.resume(throwing: error)
  }
}
