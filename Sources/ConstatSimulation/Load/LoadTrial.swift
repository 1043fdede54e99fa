import AsyncHTTPClient
import ConstatCore
import ConstatSync
public import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import Seeds
import Synchronization

/// Many devices that sync at the pace of a working day, and many that only listen: how long a sync takes, and what one API
/// process needs for it.
public struct LoadTrial: Sendable {
  /// A sync of each device comes this often.
  public static let periodSeconds = 10
  /// What 99 of 100 syncs are to stay under.
  public static let limitMilliseconds: Int64 = 250

  private let devices: Int
  private let listeners: Int
  private let seconds: Int
  private let place: World.Place
  private let say: @Sendable (String) -> Void

  public init(
    devices: Int, listeners: Int, seconds: Int, program: String, home: URL,
    say: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    (self.devices, self.listeners, self.seconds, self.say) = (devices, listeners, seconds, say)
    place = World.Place(program: program, home: home)
  }

  public struct Report: Sendable {
    public let text: String
    /// All syncs went through, in time, and all listeners are connected.
    public let holds: Bool
  }

  public func run() async throws -> Report {
    say("Starting PostgreSQL and the API")
    let world = try await World.make(place)
    var owning = PoolConfiguration(url: world.cluster.superuserURL, size: 1, pipelineConnections: 1)
    owning.statementTimeoutMilliseconds = 120_000
    let superuser = Pool(
      owning, logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() }))
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128 + listeners
    let http = HTTPClient(configuration: configuration)
    do {
      let report = try await trial(world, superuser, http)
      try? await http.shutdown()
      await superuser.shutdown()
      await world.remove()
      return report
    } catch {
      try? await http.shutdown()
      await superuser.shutdown()
      await world.remove()
      throw error
    }
  }

  private func trial(_ world: World, _ superuser: Pool, _ http: HTTPClient) async throws -> Report {
    let store = LoadStore(founded: try await OrganizationStore.found(superuser))
    let known = try await store.make(max(devices, 1))
    let address = world.address ?? ""
    let atStart = world.apiResidentBytes ?? 0
    var lines = [
      "Load: \(devices) devices, one sync per \(Self.periodSeconds) s each, \(listeners) listeners"
    ]
    var holds = true
    let (listening, pokes) = (Counter(), Counter())
    let listenersTask = Task {
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<listeners {
          let token = known[number % known.count].token
          group.addTask { await Self.listen(http, address, token, listening, pokes) }
          if number % 50 == 49 { try? await Task.sleep(for: .milliseconds(20)) }
        }
      }
    }
    if listeners > 0 {
      for _ in 0..<200 where listening.value < listeners { try await Task.sleep(for: .milliseconds(100)) }
      let resident = world.apiResidentBytes ?? 0
      lines.append(
        "  \(listening.value) listeners connected: \(Self.megabytes(resident)) resident, "
          + "\((resident - atStart) / max(1, listening.value) / 1024) KiB each")
      if listening.value < listeners { holds = false }
    }
    if devices > 0 {
      say("\(devices) devices sync for \(seconds) s")
      let (durations, failures, peak) = await sync(known, world, http, address)
      let (p50, p99) = (percentile(durations, 50), percentile(durations, 99))
      lines.append("  \(durations.count) syncs, \(failures) failed, p50 \(p50.text), p99 \(p99.text)")
      lines.append("  p99 is to stay under \(Self.limitMilliseconds) ms")
      lines.append(
        "  API: \(Self.megabytes(atStart)) resident at first, \(Self.megabytes(peak)) at most; \(pokes.value) pokes"
      )
      holds = holds && failures == 0 && p99.milliseconds < Self.limitMilliseconds
    }
    listenersTask.cancel()
    await listenersTask.value
    return Report(text: lines.joined(separator: "\n"), holds: holds)
  }

  private static func megabytes(_ bytes: Int) -> String { "\(bytes / 1_048_576) MiB" }

  private static func listen(
    _ http: HTTPClient, _ address: String, _ token: String, _ listening: Counter, _ pokes: Counter
  ) async {
    var request = HTTPClientRequest(url: address + "/v1/sync/events")
    request.headers.add(name: "Authorization", value: "Bearer \(token)")
    guard let response = try? await http.execute(request, timeout: .hours(1)), response.status == .ok else {
      return
    }
    var isFirst = true
    do {
      for try await _ in response.body {
        if isFirst { listening.add() } else { pokes.add() }
        isFirst = false
      }
    } catch {}
  }

  private func sync(
    _ known: [LoadStore.Device], _ world: World, _ http: HTTPClient, _ address: String
  ) async -> (durations: [Duration], failures: Int, peak: Int) {
    let (durations, failures) = (Durations(), Counter())
    let end = ContinuousClock.now + .seconds(seconds)
    return await withTaskGroup(of: Int.self) { group in
      for (number, device) in known.prefix(devices).enumerated() {
        group.addTask {
          await LoadDevice(device, number: number, address: address, http: http)
            .work(until: end, period: .seconds(Self.periodSeconds), durations, failures)
          return 0
        }
      }
      group.addTask {
        var peak = 0
        while ContinuousClock.now < end {
          peak = max(peak, world.apiResidentBytes ?? 0)
          try? await Task.sleep(for: .milliseconds(250))
        }
        return peak
      }
      var peak = 0
      for await one in group { peak = max(peak, one) }
      return (durations.all, failures.value, peak)
    }
  }
}

/// One device by the wire alone: what the SDK does on the device is not the server's load.
private struct LoadDevice {
  let device: LoadStore.Device
  let address: String
  let http: HTTPClient
  private var random: SeededRandom
  private var cursor: String?
  private var base = Mutation.Base(epoch: "", version: 0)
  private var street = "1 rue Neuve"
  private var sequence: Int64 = 0

  init(_ device: LoadStore.Device, number: Int, address: String, http: HTTPClient) {
    (self.device, self.address, self.http) = (device, address, http)
    random = SeededRandom(seed: UInt64(number))
  }

  consuming func work(
    until end: ContinuousClock.Instant, period: Duration, _ durations: Durations, _ failures: Counter
  ) async {
    var next = ContinuousClock.now + .milliseconds(random.below(Int(period.milliseconds)))
    while next < end {
      try? await Task.sleep(until: next, clock: .continuous)
      next += period
      let start = ContinuousClock.now
      do {
        // Every third sync has something to say.
        if cursor != nil, random.chance(33) { try await push() }
        try await pull()
        durations.add(ContinuousClock.now - start)
      } catch {
        failures.add()
      }
    }
  }

  private mutating func push() async throws {
    sequence += 1
    let fresh = "\(sequence) rue du Port"
    let mutation = Mutation(
      seq: sequence, hlc: "", base: base, key: EntityKey(.dossier, device.dossier), operation: .set,
      dossier: device.dossier, set: ["street": .string(fresh)], was: ["street": .string(street)])
    let answer = try await post(
      "/v1/sync/push", PushRequest(device: device.id, mutations: [mutation]).json)
    guard try PushResponse(json: answer).results.count == 1 else { throw Failed() }
    street = fresh
  }

  private mutating func pull() async throws {
    while true {
      let page = try PullResponse(json: try await post("/v1/sync/pull", PullRequest(cursor: cursor).json))
      cursor = page.cursor
      base = Mutation.Base(epoch: page.epoch, version: page.version)
      if !page.more { return }
    }
  }

  private func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
    var request = HTTPClientRequest(url: address + path)
    request.method = .POST
    request.headers.add(name: "Authorization", value: "Bearer \(device.token)")
    request.headers.add(name: "Content-Type", value: "application/json")
    request.body = .bytes(ByteBuffer(bytes: body.serialized()))
    let response = try await http.execute(request, timeout: .seconds(30))
    let bytes = try await response.body.collect(upTo: 16 << 20)
    guard response.status == .ok else { throw Failed() }
    return try JSONValue.parse(Array(bytes.readableBytesView))
  }
}

private struct Failed: Error {}

private final class Counter: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func add() { count.withLock { $0 += 1 } }
}

private final class Durations: Sendable {
  private let kept = Mutex<[Duration]>([])
  var all: [Duration] { kept.withLock { $0 } }
  func add(_ duration: Duration) { kept.withLock { $0.append(duration) } }
}
