import CLibPQ

/// One libpq connection in pipeline mode, with the flights under way on it in the order of their answers.
///
/// Confined to the reactor's thread, except that a transaction holds a reference as its address; hence
/// unchecked.
final class Connection: @unchecked Sendable {
  enum Role { case shared, exclusive }

  let role: Role
  let descriptor: Int32
  private(set) var flights: [Flight] = []
  /// Whether libpq holds bytes that the socket did not take yet.
  private(set) var wantsWrite = false
  private(set) var isBroken = false
  /// The transaction that holds this connection; 0 when none does.
  var lease: UInt64 = 0
  /// Whether the server's prepared statements have to be thrown away at the next chance.
  var needsReset = false
  /// When the server was last heard of, or first asked after a silence.
  private var lastHeard = 0

  private let handle: OpaquePointer
  private var isClosed = false
  private var cache: StatementCache
  private let parameters: ParameterBuffer

  init(
    _ handle: ConnectionHandle, role: Role, configuration: PoolConfiguration, parameters: ParameterBuffer
  ) {
    self.handle = handle.pointer
    self.role = role
    self.parameters = parameters
    descriptor = PQsocket(handle.pointer)
    cache = StatementCache(limit: configuration.statementCacheLimit)
    PQsetNoticeReceiver(
      handle.pointer,
      { context, notice in
        guard let context, let notice else { return }
        Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().received(notice: notice)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit { if !isClosed { PQfinish(handle) } }

  /// Whether the last answer left no transaction open; only known while nothing is under way.
  var isOutsideTransaction: Bool { PQtransactionStatus(handle) == PQTRANS_IDLE }

  /// When this connection has to be given up as silent, nil when nothing is awaited.
  var deadline: Int? {
    guard let first = flights.first else { return nil }
    let silence = lastHeard + first.patienceMilliseconds
    return min(silence, first.sentAt + first.deadlineMilliseconds)
  }

  // MARK: Sending

  func send(_ flight: Flight, now: Int) {
    if flights.isEmpty { lastHeard = now }
    flight.sentAt = now
    flights.append(flight)
    for statement in flight.statements where !isBroken {
      flight.purpose == .upkeep ? sendDirect(statement, flight) : sendPrepared(statement, flight)
    }
    if PQpipelineSync(handle) != 1 { isBroken = true }
    flush()
  }

  private func sendPrepared(_ statement: SQL, _ flight: Flight) {
    let prepared: PreparedStatement
    if let known = cache.find(statement.template) {
      guard known.isConfirmed || known.preparer === flight else { return sendDirect(statement, flight) }
      prepared = known
    } else {
      prepared = cache.add(statement.template, preparer: flight)
      let types = statement.bindings.map(\.type.oid)
      if PQsendPrepare(handle, prepared.name, statement.text, Int32(types.count), types) != 1 {
        isBroken = true
      }
      flight.steps.append(.prepare(prepared))
    }
    flight.steps.append(.execute(prepared))
    if !parameters.execute(statement.bindings, of: prepared.name, on: handle) { isBroken = true }
  }

  private func sendDirect(_ statement: SQL, _ flight: Flight) {
    flight.steps.append(.direct)
    if !parameters.execute(statement, on: handle) { isBroken = true }
  }

  func flush() {
    switch PQflush(handle) {
    case 0: wantsWrite = false
    case 1: wantsWrite = true
    default: isBroken = true
    }
  }

  // MARK: Receiving

  /// Reads what has arrived and returns the flights that it completed, each after its Sync.
  func receive(now: Int) -> [Flight] {
    lastHeard = now
    if PQconsumeInput(handle) == 0 { isBroken = true }
    if wantsWrite { flush() }
    var completed: [Flight] = []
    var consecutiveNils = 0
    while let flight = flights.first, PQisBusy(handle) == 0 {
      guard let result = PQgetResult(handle) else {
        // One nil ends the results of a statement; two in a row mean that libpq has nothing more.
        consecutiveNils += 1
        if consecutiveNils > 1 { break }
        continue
      }
      consecutiveNils = 0
      if PQresultStatus(result) == PGRES_PIPELINE_SYNC {
        PQclear(result)
        flights.removeFirst()
        completed.append(flight)
      } else {
        take(result, for: flight)
      }
    }
    if PQstatus(handle) == CONNECTION_BAD { isBroken = true }
    return completed
  }

  private func take(_ result: OpaquePointer, for flight: Flight) {
    let step = flight.cursor < flight.steps.count ? flight.steps[flight.cursor] : nil
    flight.cursor += 1
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
      accept(result, step, flight)
    case PGRES_PIPELINE_ABORTED:
      if case .prepare(let statement) = step { cache.forget(statement) }
      PQclear(result)
    case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR, PGRES_BAD_RESPONSE:
      let error = PostgresError(result: result)
      PQclear(result)
      if case .prepare(let statement) = step { cache.forget(statement) }
      if error.isStaleStatement { needsReset = true }
      if flight.error == nil { flight.error = error }
    default:
      // COPY and single-row mode are never asked for.
      PQclear(result)
      flight.error = PostgresError(.misuse, "0A000", message: "COPY is not supported")
      isBroken = true
    }
  }

  private func accept(_ result: OpaquePointer, _ step: Flight.Step?, _ flight: Flight) {
    let shape: ResultShape
    switch step {
    case .prepare(let statement):
      statement.isConfirmed = true
      return PQclear(result)
    case .execute(let statement):
      shape = statement.shape ?? ResultShape(result: result)
      statement.shape = shape
    case .direct: shape = ResultShape(result: result)
    case nil: return PQclear(result)
    }
    let answer = QueryResult(result, shape: shape)
    // A transaction opened behind the back of a shared connection would swallow the others' writes.
    if flight.purpose == .pipeline, PQresultStatus(result) == PGRES_COMMAND_OK, answer.opensTransaction {
      flight.error = PostgresError(.misuse, "25001", message: "BEGIN in a pipeline; use transaction")
      isBroken = true
    }
    flight.results.append(answer)
  }

  private func received(notice: OpaquePointer) {
    // The server committed, but gave up waiting for the standby that would make the commit safe. The name
    // of the raising function tells this from other warnings in every language of the server.
    guard let function = PQresultErrorField(notice, Int32(UInt8(ascii: "R"))) else { return }
    if String(cString: function) == "SyncRepWaitForLSN" { flights.first?.isUnreplicated = true }
  }

  // MARK: Upkeep

  /// The statements that bring the session back into shape, empty when there is nothing to do.
  func upkeep() -> [SQL] {
    if needsReset {
      needsReset = false
      cache.forgetAll()
      return ["DEALLOCATE ALL"]
    }
    guard cache.isOverfull else { return [] }
    return cache.evict().map { .script(trusted: "DEALLOCATE \($0)") }
  }

  /// Closes the socket at once, whoever still refers to this connection, and returns the flights under way,
  /// which are the caller's to fail.
  func close() -> [Flight] {
    defer { flights.removeAll() }
    isBroken = true
    if !isClosed { PQfinish(handle) }
    isClosed = true
    return flights
  }
}

extension QueryResult {
  fileprivate var opensTransaction: Bool {
    let tag = commandTag
    return tag == "BEGIN" || tag == "START TRANSACTION"
  }
}
