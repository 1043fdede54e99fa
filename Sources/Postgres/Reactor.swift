import CLibPQ
import Foundation
import Logging
import Synchronization

/// What other threads ask of the reactor.
enum Command: Sendable {
  case pipeline(Flight)
  case begin(Flight)
  /// A step, a commit or a rollback on a leased connection.
  case use(Connection, lease: UInt64, Flight)
  case cancel(Flight)
  case dialed(Connection.Role, Result<ConnectionHandle, PostgresError>)
  case statistics(@Sendable (PoolStatistics) -> Void)
  case shutdown(@Sendable () -> Void)
}

/// The one thread that talks to libpq for a pool.
///
/// It sleeps in `poll(2)` until a socket or the inbox has something, so a request costs two hops between
/// threads and no lock but the inbox's. All state below the inbox is confined to this thread, hence unchecked.
final class Reactor: @unchecked Sendable {
  private struct Inbox {
    var commands: [Command] = []
    var isSleeping = false
    var isStarted = false
    var isStopped = false
  }

  private let inbox = Mutex(Inbox())
  private let wakeup = Wakeup()
  private let switchboard: Switchboard
  private var pollSet: [pollfd] = []

  init(_ configuration: PoolConfiguration, logger: Logger) {
    switchboard = Switchboard(configuration, logger: logger)
  }

  deinit { wakeup.close() }

  /// Hands over a command; false when the reactor has stopped and never will answer.
  func submit(_ command: Command) -> Bool {
    enum Next { case nothing, wake, start, refuse }
    let next = inbox.withLock { inbox -> Next in
      if case .shutdown = command, !inbox.isStarted { inbox.isStopped = true }
      if inbox.isStopped { return .refuse }
      inbox.commands.append(command)
      if !inbox.isStarted {
        inbox.isStarted = true
        return .start
      }
      guard inbox.isSleeping else { return .nothing }
      inbox.isSleeping = false
      return .wake
    }
    switch next {
    case .nothing: break
    case .wake: wakeup.signal()
    case .start:
      let thread = Thread { self.loop() }
      thread.name = "postgres"
      thread.start()
    case .refuse: return false
    }
    return true
  }

  private func loop() {
    switchboard.dial = { [self] role, configuration in
      Dialer.dial(configuration) { result in
        if !self.submit(.dialed(role, result)), case .success(let handle) = result {
          PQfinish(handle.pointer)
        }
      }
    }
    var commands: [Command] = []
    while !switchboard.isFinished {
      inbox.withLock { swap(&$0.commands, &commands) }
      switchboard.now = monotonicMilliseconds()
      for command in commands { switchboard.handle(command) }
      commands.removeAll(keepingCapacity: true)
      switchboard.settle()
      if !switchboard.isFinished { sleepUntilSomethingHappens() }
    }
    stop()
  }

  private func sleepUntilSomethingHappens() {
    let mayStay = inbox.withLock { inbox -> Bool in
      inbox.isSleeping = inbox.commands.isEmpty
      return inbox.isSleeping
    }
    pollSet.removeAll(keepingCapacity: true)
    pollSet.append(pollfd(fd: wakeup.readEnd, events: Int16(POLLIN), revents: 0))
    let connections = switchboard.connections
    for connection in connections {
      let events = connection.wantsWrite ? POLLIN | POLLOUT : POLLIN
      pollSet.append(pollfd(fd: connection.descriptor, events: Int16(events), revents: 0))
    }
    let ready = poll(&pollSet, nfds_t(pollSet.count), mayStay ? switchboard.timeoutMilliseconds : 0)
    inbox.withLock { $0.isSleeping = false }
    guard ready > 0 else { return }
    switchboard.now = monotonicMilliseconds()
    if pollSet[0].revents != 0 { wakeup.drain() }
    var isAnswerComplete = false
    var isInMidAnswer = false
    for (index, connection) in connections.enumerated() where pollSet[index + 1].revents != 0 {
      if switchboard.receive(on: connection) { isAnswerComplete = true } else { isInMidAnswer = true }
    }
    // The server sends a long answer in pieces of eight kilobytes. Waking for each costs it and us more than reading it.
    if isInMidAnswer && !isAnswerComplete { usleep(Self.gatheringMicroseconds) }
  }

  /// How long to let the rest of a long answer come in.
  private static let gatheringMicroseconds: UInt32 = 200

  private func stop() {
    switchboard.dial = { _, _ in }
    let late = inbox.withLock { inbox -> [Command] in
      inbox.isStopped = true
      return inbox.commands
    }
    for command in late { switchboard.refuse(command) }
  }
}
