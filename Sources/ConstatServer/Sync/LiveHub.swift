import Foundation
import Logging
import Postgres
import Synchronization

/// Tells listeners that there is something new to pull, and never what. One poller for the process asks for the versions
/// of the organizations that have listeners, four times a second: a NOTIFY in every transaction would take the
/// database's one lock for it at each commit, and a listener costs the database nothing while nothing happens.
///
/// Each listener has room for one message. One that reads slowly is told the last version only.
final class LiveHub: Sendable {
  typealias Stream = AsyncStream<[UInt8]>

  /// How often versions are asked for, and how many times until credentials are.
  static let interval: Duration = .milliseconds(250)
  private static let credentialTicks = 4
  /// A quiet connection says so, for proxies that close silent ones, and to find those whose other end is gone.
  static let keepAlive: Duration = .seconds(20)
  private static let silence = Array(": still here\n\n".utf8)

  private struct Listener {
    let credential: [UInt8]
    /// The device's; nil hears of every change in the organization.
    let technician: UUID?
    let continuation: Stream.Continuation
    var toldAt: ContinuousClock.Instant
  }

  private struct Room {
    var version: Int64
    var listeners: [Int: Listener] = [:]
  }

  private struct State {
    var rooms: [UUID: Room] = [:]
    var lastListener = 0
    var poller: Task<Void, Never>?
    var isClosed = false
  }

  private let pool: Pool
  private let news: FeedNews
  private let logger = Logger(label: "constat.live")
  private let state = Mutex(State())

  init(pool: Pool, news: FeedNews) {
    self.pool = pool
    self.news = news
  }

  deinit { state.withLock { $0.poller?.cancel() } }

  /// How many are listening.
  var count: Int { state.withLock { $0.rooms.values.reduce(0) { $0 + $1.listeners.count } } }

  /// Messages for one connection, of which the first tells the organization's version. They end when the credential
  /// does, or the server.
  func listen(_ organization: UUID, technician: UUID?, credential: [UInt8], at version: Int64) -> Stream {
    let (stream, continuation) = Stream.makeStream(bufferingPolicy: .bufferingNewest(1))
    let id: Int? = state.withLock { state in
      guard !state.isClosed else { return nil }
      state.lastListener += 1
      // Versions that the room learns of from now on are told; one that it knows already is told at once.
      let known = max(version, state.rooms[organization]?.version ?? version)
      state.rooms[organization, default: Room(version: version)].listeners[state.lastListener] = Listener(
        credential: credential, technician: technician, continuation: continuation, toldAt: .now)
      continuation.yield(Array("retry: 2000\n".utf8) + Self.poke(known))
      if state.poller == nil { state.poller = poll() }
      return state.lastListener
    }
    guard let id else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in self?.leave(organization, id) }
    return stream
  }

  /// Ends every stream, and takes no listener any more.
  func close() {
    let (poller, listeners) = state.withLock { state in
      state.isClosed = true
      defer { state.rooms = [:] }
      return (state.poller, state.rooms.values.flatMap(\.listeners.values))
    }
    poller?.cancel()
    for listener in listeners { listener.continuation.finish() }
  }

  private func leave(_ organization: UUID, _ id: Int) {
    state.withLock { state in
      state.rooms[organization]?.listeners[id] = nil
      if state.rooms[organization]?.listeners.isEmpty == true { state.rooms[organization] = nil }
    }
  }

  private static func poke(_ version: Int64) -> [UInt8] {
    Array("event: poke\ndata: {\"v\":\(version)}\n\n".utf8)
  }

  // MARK: The poller

  /// Runs until nobody listens. The hub is held for one round only, so that it goes with its server.
  private func poll() -> Task<Void, Never> {
    Task { [weak self] in
      var tick = 0
      while (try? await Task.sleep(for: Self.interval)) != nil {
        tick += 1
        guard await self?.round(tick) == true else { return }
      }
    }
  }

  /// False where the last listener has left: the poller ends with that answer.
  private func round(_ tick: Int) async -> Bool {
    let isNeeded = state.withLock { state in
      if state.rooms.isEmpty { state.poller = nil }
      return !state.rooms.isEmpty
    }
    guard isNeeded else { return false }
    do {
      if tick % Self.credentialTicks == 0 { try await endFallen() }
      try await tellChanges()
    } catch is CancellationError {
      return false
    } catch {
      // The listeners stay: what they missed meanwhile is told once the database is back.
      logger.warning("no versions", metadata: ["error.type": "\(type(of: error))"])
    }
    keepAlive()
    return true
  }

  private func tellChanges() async throws {
    let known = state.withLock { $0.rooms.mapValues(\.version) }
    guard !known.isEmpty else { return }
    let versions = try await pool.query(LiveStore.versions(Array(known.keys)))
    for row in versions {
      let (organization, version): (UUID, Int64) = (try row.get("organization_id"), try row.get("version"))
      guard let before = known[organization], version > before else { continue }
      let technicians = state.withLock {
        Set($0.rooms[organization]?.listeners.values.compactMap(\.technician) ?? [])
      }
      var touched: [UUID: Int64] = [:]
      if !technicians.isEmpty {
        let results = try await pool.pipeline([
          PrincipalStore.enter(organization, actor: "live"),
          LiveStore.touched(organization, Array(technicians), after: before),
        ])
        for row in results[1] { touched[try row.get("technician_id")] = try row.get("version") }
      }
      news.heard(version, of: organization)
      tell(organization, version, touched, known: technicians)
    }
  }

  /// `known` are the technicians that were looked at: a device that came meanwhile is told of everything.
  private func tell(_ organization: UUID, _ version: Int64, _ touched: [UUID: Int64], known: Set<UUID>) {
    state.withLock { state in
      guard var room = state.rooms[organization] else { return }
      room.version = max(room.version, version)
      for (id, listener) in room.listeners {
        var news: Int64? = version
        if let technician = listener.technician, known.contains(technician) { news = touched[technician] }
        guard let news else { continue }
        listener.continuation.yield(Self.poke(news))
        room.listeners[id]?.toldAt = .now
      }
      state.rooms[organization] = room
    }
  }

  /// Ends the streams of those who signed out, expired or were revoked.
  private func endFallen() async throws {
    let rooms = state.withLock { $0.rooms.mapValues { $0.listeners.mapValues(\.credential) } }
    for (organization, listeners) in rooms {
      let results = try await pool.pipeline([
        PrincipalStore.enter(organization, actor: "live"),
        LiveStore.standing(organization, Array(Set(listeners.values))),
      ])
      let standing = try Set(results[1].map { try $0.get("access_hash", as: [UInt8].self) })
      let fallen = listeners.filter { !standing.contains($0.value) }.map(\.key)
      let ended = state.withLock { state in fallen.compactMap { state.rooms[organization]?.listeners[$0] } }
      for listener in ended { listener.continuation.finish() }
    }
  }

  private func keepAlive() {
    state.withLock { state in
      for (organization, room) in state.rooms {
        for (id, listener) in room.listeners where listener.toldAt.duration(to: .now) >= Self.keepAlive {
          // A poke that was not read yet comes before silence.
          if case .dropped(let poke) = listener.continuation.yield(Self.silence) {
            listener.continuation.yield(poke)
          }
          state.rooms[organization]?.listeners[id]?.toldAt = .now
        }
      }
    }
  }
}
