public import Logging
public import ServiceLifecycle

/// What a pool holds at one moment.
public struct PoolStatistics: Sendable, Equatable {
  public var shared = 0
  public var exclusive = 0
  public var idle = 0
  public var waiting = 0
}

/// The connections of one program to one PostgreSQL database.
///
/// Two ways in: `pipeline`, for reads and single statements, which share a few connections, and
/// `transaction`, which holds a connection of its own from BEGIN to COMMIT. It connects on first use.
public final class Pool: Service, Querying {
  private let configuration: PoolConfiguration
  private let reactor: Reactor
  private let patienceMilliseconds: Int

  public init(_ configuration: PoolConfiguration, logger: Logger) {
    self.configuration = configuration
    reactor = Reactor(configuration, logger: logger)
    // Beyond the server's own limit, so that it is the server that ends a slow statement.
    patienceMilliseconds =
      configuration.statementTimeoutMilliseconds == 0 ? 1 << 40 : configuration.statementTimeoutMilliseconds
  }

  deinit { _ = reactor.submit(.shutdown {}) }

  /// Waits for the graceful shutdown of the program, then closes.
  public func run() async throws {
    try? await gracefulShutdown()
    await shutdown()
  }

  /// Refuses newcomers, lets what is under way end for at most ten seconds, and closes all connections.
  public func shutdown() async {
    await withUnsafeContinuation { continuation in
      if !reactor.submit(.shutdown { continuation.resume() }) { continuation.resume() }
    }
  }

  public func statistics() async -> PoolStatistics {
    await withUnsafeContinuation { continuation in
      if !reactor.submit(.statistics { continuation.resume(returning: $0) }) {
        continuation.resume(returning: PoolStatistics())
      }
    }
  }

  /// Sends statements that succeed or fail together, as one implicit transaction in one round trip.
  ///
  /// For reads and for statements that need no look at one another's results. Success means committed; after
  /// `connectionLost` a write may or may not have been. BEGIN has no place here.
  public func pipeline(_ statements: [SQL]) async throws -> [QueryResult] {
    guard !statements.isEmpty else { return [] }
    let flight = try Flight(
      .pipeline, statements, patienceMilliseconds: patience(statements.count, patienceMilliseconds))
    return try await perform(.pipeline(flight), flight)
  }

  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  ///
  /// BEGIN travels together with the `opening` statements, whose results `body` receives; a body that ends
  /// in `commit(with:)` therefore costs two round trips. After `outcomeUnknown` the transaction may have
  /// been committed.
  @discardableResult
  public func transaction<T: Sendable>(
    _ mode: TransactionMode = .readWrite, opening: [SQL] = [], isolation: isolated (any Actor)? = #isolation,
    _ body: (Transaction, [QueryResult]) async throws -> T
  ) async throws -> T {
    let patience = mode.statementTimeoutMilliseconds.map { $0 == 0 ? 1 << 40 : $0 } ?? patienceMilliseconds
    let prefix = mode.opening
    let flight = try Flight(
      .begin, prefix + opening, patienceMilliseconds: self.patience(prefix.count + opening.count, patience))
    let results = try await perform(.begin(flight), flight)
    guard let connection = flight.connection else { throw PostgresError.transactionEnded }
    let transaction = Transaction(
      pool: self, connection: connection, lease: flight.lease, patienceMilliseconds: patience,
      commitDeadlineMilliseconds: configuration.commitDeadlineMilliseconds
        + (mode.statementTimeoutMilliseconds ?? 0))
    do {
      let value = try await body(transaction, Array(results.dropFirst(prefix.count)))
      try await transaction.finish()
      return value
    } catch {
      await transaction.rollback()
      throw error
    }
  }

  /// How long an answer to `count` statements may take: each its own time, and some for the way.
  func patience(_ count: Int, _ each: Int) -> Int {
    each * count + configuration.graceMilliseconds
  }

  /// Submits a flight and waits for its end. Cancellation frees a caller who still waits for a connection;
  /// a flight under way comes to its end.
  func perform(
    _ command: Command, _ flight: Flight, isCancellable: Bool = true
  ) async throws -> [QueryResult] {
    if isCancellable { try Task.checkCancellation() }
    let reactor = reactor
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        flight.setContinuation(continuation)
        if !reactor.submit(command) { flight.fail(PostgresError.closed) }
      }
    } onCancel: {
      _ = reactor.submit(.cancel(flight))
    }
  }
}
