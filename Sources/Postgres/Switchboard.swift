import CLibPQ
import Logging

/// Decides which connection serves whom: who waits, who is served, what is opened, replaced or given up.
/// Confined to the reactor's thread.
final class Switchboard {
  /// The time of the current turn of the loop, in milliseconds.
  var now = 0
  /// Makes a connection in the background.
  var dial: (Connection.Role, PoolConfiguration) -> Void = { _, _ in }
  private(set) var connections: [Connection] = []
  private(set) var isFinished = false

  private let configuration: PoolConfiguration
  private let logger: Logger
  private let parameters = ParameterBuffer()
  /// Those who wait for a shared connection, and for one of their own: first come, first served.
  private var waitingPipelines: [Flight] = []
  private var waitingTransactions: [Flight] = []
  /// Exclusive connections that nobody holds; the last used first, as its caches are warm.
  private var idle: [Connection] = []
  private var dialing = (shared: 0, exclusive: 0)
  private var lastLease: UInt64 = 0
  /// After failures to connect: when to try again, and how long to wait next.
  private var nextDialAt = 0
  private var backoffMilliseconds = 0
  private var lastDialError: PostgresError?
  private var shutdownCallbacks: [@Sendable () -> Void] = []
  private var shutdownDeadline = 0
  private var isClosing: Bool { !shutdownCallbacks.isEmpty }

  init(_ configuration: PoolConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  // MARK: Commands

  func handle(_ command: Command) {
    switch command {
    case .pipeline(let flight): enqueue(flight, in: &waitingPipelines)
    case .begin(let flight): enqueue(flight, in: &waitingTransactions)
    case .use(let connection, let lease, let flight): use(connection, lease: lease, flight)
    case .cancel(let flight): cancel(flight)
    case .dialed(let role, let result): dialed(role, result)
    case .statistics(let callback): callback(statistics)
    case .shutdown(let callback):
      shutdownCallbacks.append(callback)
      shutdownDeadline = now + 10_000
      for flight in waitingPipelines + waitingTransactions { flight.fail(PostgresError.closed) }
      waitingPipelines.removeAll()
      waitingTransactions.removeAll()
    }
  }

  /// Answers a command that came after the end.
  func refuse(_ command: Command) {
    switch command {
    case .pipeline(let flight), .begin(let flight), .use(_, _, let flight): flight.fail(PostgresError.closed)
    case .dialed(_, .success(let handle)): PQfinish(handle.pointer)
    case .dialed, .cancel: break
    case .statistics(let callback): callback(PoolStatistics())
    case .shutdown(let callback): callback()
    }
  }

  private func enqueue(_ flight: Flight, in queue: inout [Flight]) {
    guard !isClosing else { return flight.fail(PostgresError.closed) }
    guard !flight.isCancelled else { return flight.fail(CancellationError()) }
    flight.acquireDeadline = now + configuration.acquireTimeoutMilliseconds
    queue.append(flight)
  }

  private func use(_ connection: Connection, lease: UInt64, _ flight: Flight) {
    guard connection.lease == lease else { return flight.fail(PostgresError.transactionEnded) }
    guard !connection.isBroken else {
      return flight.fail(PostgresError(.connectionLost, "08006"))
    }
    if flight.purpose == .commit || flight.purpose == .rollback { connection.lease = 0 }
    send(flight, on: connection)
  }

  /// Takes a waiter out of its queue; what is already under way goes on to its end.
  private func cancel(_ flight: Flight) {
    flight.isCancelled = true
    for queue in [\Switchboard.waitingPipelines, \.waitingTransactions] {
      guard let position = self[keyPath: queue].firstIndex(where: { $0 === flight }) else { continue }
      self[keyPath: queue].remove(at: position)
      flight.fail(CancellationError())
    }
  }

  private var statistics: PoolStatistics {
    PoolStatistics(
      shared: connections.count { $0.role == .shared },
      exclusive: connections.count { $0.role == .exclusive },
      idle: idle.count, waiting: waitingPipelines.count + waitingTransactions.count)
  }

  // MARK: Turns of the loop

  /// Does all that follows from the commands and answers of this turn.
  func settle() {
    expireWaiters(&waitingPipelines, role: .shared)
    expireWaiters(&waitingTransactions, role: .exclusive)
    for connection in connections {
      if connection.isBroken {
        lose(connection)
      } else if let deadline = connection.deadline, deadline <= now {
        logger.debug("connection gave no answer in time")
        lose(connection)
      }
    }
    servePipelines()
    serveTransactions()
    // Serving may have met a broken connection, whose flights must not wait for the next event.
    for connection in connections where connection.isBroken { lose(connection) }
    if isClosing { closeIdle() }
  }

  /// How long the loop may sleep; -1 is for ever.
  var timeoutMilliseconds: Int32 {
    var next = Int.max
    if let first = waitingPipelines.first { next = min(next, first.acquireDeadline) }
    if let first = waitingTransactions.first { next = min(next, first.acquireDeadline) }
    if nextDialAt > now, next != Int.max { next = min(next, nextDialAt) }
    for connection in connections { if let deadline = connection.deadline { next = min(next, deadline) } }
    if isClosing { next = min(next, shutdownDeadline) }
    return next == Int.max ? -1 : Int32(clamping: max(0, next - now + 1))
  }

  /// Reads what has arrived; whether that ended something, or is the piece of an answer.
  func receive(on connection: Connection) -> Bool {
    let completed = connection.receive(now: now)
    for flight in completed { complete(flight, on: connection) }
    // A connection on which nothing is under way and that has something to say is being closed.
    if connection.isBroken { lose(connection) }
    return !completed.isEmpty || connection.isBroken
  }

  private func expireWaiters(_ queue: inout [Flight], role: Connection.Role) {
    // All wait equally long, so the first in line expires first; a retry goes to the front, and is served.
    while let first = queue.first, first.acquireDeadline <= now {
      queue.removeFirst()
      let isUnreachable = lastDialError != nil && !connections.contains { $0.role == role }
      first.fail(isUnreachable ? lastDialError! : PostgresError.poolExhausted)
    }
  }

  // MARK: Serving

  private func servePipelines() {
    while let flight = waitingPipelines.first {
      let candidate = leastBusyShared()
      if candidate?.flights.isEmpty != true { openMore(.shared, wanted: 1) }
      guard let candidate, candidate.flights.count < configuration.pipelineDepth else { return }
      waitingPipelines.removeFirst()
      send(flight, on: candidate)
    }
  }

  private func leastBusyShared() -> Connection? {
    var best: Connection?
    for connection in connections where connection.role == .shared && !connection.isBroken {
      if connection.flights.count < best?.flights.count ?? .max { best = connection }
    }
    return best
  }

  private func serveTransactions() {
    while let flight = waitingTransactions.first {
      guard let connection = idle.popLast() else {
        return openMore(.exclusive, wanted: waitingTransactions.count)
      }
      guard !connection.isBroken else { continue }
      waitingTransactions.removeFirst()
      send(flight, on: connection)
    }
  }

  private func send(_ flight: Flight, on connection: Connection) {
    connection.send(flight, now: now)
  }

  /// Dials until `wanted` connections are on their way, within the pool's limits and the backoff.
  private func openMore(_ role: Connection.Role, wanted: Int) {
    guard !isClosing, now >= nextDialAt else { return }
    let limit = role == .shared ? max(configuration.pipelineConnections, 1) : max(configuration.size, 1)
    let open = connections.count { $0.role == role }
    var underWay = role == .shared ? dialing.shared : dialing.exclusive
    while underWay < wanted, open + underWay < limit {
      underWay += 1
      dial(role, configuration)
    }
    if role == .shared { dialing.shared = underWay } else { dialing.exclusive = underWay }
  }

  private func dialed(_ role: Connection.Role, _ result: Result<ConnectionHandle, PostgresError>) {
    if role == .shared { dialing.shared -= 1 } else { dialing.exclusive -= 1 }
    switch result {
    case .success(let handle):
      backoffMilliseconds = 0
      nextDialAt = 0
      lastDialError = nil
      let connection = Connection(handle, role: role, configuration: configuration, parameters: parameters)
      connections.append(connection)
      if role == .exclusive { idle.append(connection) }
    case .failure(let error):
      logger.debug("cannot connect", metadata: ["sql_state": "\(error.sqlState)"])
      lastDialError = error
      backoffMilliseconds = min(max(backoffMilliseconds * 2, 50), 2_000)
      nextDialAt = now + backoffMilliseconds * Int.random(in: 80...120) / 100
    }
  }

  // MARK: Completion

  private func complete(_ flight: Flight, on connection: Connection) {
    if flight.isUnreplicated, flight.error == nil {
      flight.error = PostgresError(.outcomeUnknown, "01000", message: "committed on this server only")
    }
    if flight.error?.isStaleStatement == true, flight.attempts == 0, retry(flight, on: connection) { return }
    switch flight.purpose {
    case .step: return flight.resume()
    case .pipeline: keepUp(connection)
    case .begin:
      if flight.error == nil { return lease(connection, to: flight) }
      release(connection)
    case .commit:
      if flight.error == nil, flight.results.last?.commandTag != "COMMIT" {
        // COMMIT of a failed transaction is a ROLLBACK that reports no error.
        flight.error = PostgresError(
          .server, PostgresError.Code.inFailedTransaction, message: "the transaction had failed")
      }
      release(connection)
    case .rollback, .upkeep: release(connection)
    }
    flight.resume()
  }

  private func lease(_ connection: Connection, to flight: Flight) {
    lastLease += 1
    connection.lease = lastLease
    flight.connection = connection
    flight.lease = lastLease
    flight.resume()
  }

  /// Sends a flight again whose statements had to be prepared anew. Nothing of it was applied: it was one
  /// transaction, and that failed.
  private func retry(_ flight: Flight, on connection: Connection) -> Bool {
    guard !isClosing else { return false }
    flight.acquireDeadline = now + configuration.acquireTimeoutMilliseconds
    switch flight.purpose {
    case .pipeline:
      flight.rewind()
      keepUp(connection)
      waitingPipelines.insert(flight, at: 0)
    case .begin:
      flight.rewind()
      release(connection)
      waitingTransactions.insert(flight, at: 0)
    case .step, .commit, .rollback, .upkeep: return false
    }
    return true
  }

  /// Lets a shared connection do its housework between two pipelines.
  private func keepUp(_ connection: Connection) {
    guard !connection.isBroken else { return }
    let statements = connection.upkeep()
    if !statements.isEmpty { send(upkeep(statements), on: connection) }
  }

  /// Takes an exclusive connection back, ending first whatever transaction is left open on it.
  private func release(_ connection: Connection) {
    guard connection.role == .exclusive, !connection.isBroken else { return }
    connection.lease = 0
    guard connection.flights.isEmpty else { return }
    if !connection.isOutsideTransaction { return send(upkeep(["ROLLBACK"]), on: connection) }
    let statements = connection.upkeep()
    if !statements.isEmpty { return send(upkeep(statements), on: connection) }
    if isClosing { close(connection) } else { idle.append(connection) }
  }

  private func upkeep(_ statements: [SQL]) -> Flight {
    Flight(.upkeep, trusted: statements, patienceMilliseconds: configuration.graceMilliseconds)
  }

  // MARK: Losing and closing

  private func lose(_ connection: Connection) {
    guard connections.contains(where: { $0 === connection }) else { return }
    for flight in close(connection) {
      flight.error = lossError(of: flight)
      flight.resume()
    }
  }

  private func lossError(of flight: Flight) -> PostgresError {
    let reported = flight.error
    // The end of a session says nothing about its transaction; any other error failed it.
    if let reported, !reported.isFatal { return reported }
    let sqlState = reported?.sqlState ?? "08006"
    guard flight.purpose == .commit else {
      return reported?.with(kind: .connectionLost) ?? PostgresError(.connectionLost, sqlState)
    }
    return reported?.with(kind: .outcomeUnknown) ?? PostgresError(.outcomeUnknown, sqlState)
  }

  @discardableResult
  private func close(_ connection: Connection) -> [Flight] {
    connections.removeAll { $0 === connection }
    idle.removeAll { $0 === connection }
    return connection.close()
  }

  private func closeIdle() {
    for connection in connections where connection.flights.isEmpty && connection.lease == 0 {
      close(connection)
    }
    if now >= shutdownDeadline { for connection in connections { lose(connection) } }
    // A dial under way is waited for, so that no connection outlives the pool.
    guard connections.isEmpty, dialing == (0, 0) || now >= shutdownDeadline else { return }
    isFinished = true
    for callback in shutdownCallbacks { callback() }
  }
}
