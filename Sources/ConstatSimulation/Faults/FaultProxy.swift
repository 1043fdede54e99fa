import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Seeds
import Synchronization

/// The network between the devices and the API: a proxy on the loopback interface that loses, repeats, delays, reorders
/// and cuts. Each device has a lane of its own, its first path segment, and on it a sequence of troubles of its own.
final class FaultProxy: Sendable {
  private enum Fate: String {
    case pass, loseRequest, loseAnswer, duplicate, delay, reorder, cutRequest, cutAnswer
  }

  private struct State: Sendable {
    var lanes: [SeededRandom]
    var isFaulty = true
    var tally = Tally()
  }

  private let state: Mutex<State>
  private let troubles: Set<Trouble>
  private let upstream: @Sendable () -> String?
  /// Passes gzip on as it is, which the shared client would unpack.
  private static let http = HTTPClient(configuration: .init(decompression: .disabled))
  /// What passes of a request and of an answer: uploads speak in headers of their own (tus 1.0).
  private static let requestFields: [HTTPField.Name] =
    [.authorization, .contentType, .accept, .contentEncoding, .acceptEncoding]
    + ["Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset", "Upload-Checksum"]
    .compactMap { HTTPField.Name($0) }
  private static let answerFields: [HTTPField.Name] =
    [.contentType, .retryAfter, .contentEncoding, .location]
    + ["Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Expires"].compactMap { HTTPField.Name($0) }
  /// What was given up by its sender and is still under way.
  private let ghosts = Mutex<[Task<Void, Never>]>([])

  init(_ plan: SimulationPlan, lanes: Int, upstream: @escaping @Sendable () -> String?) {
    state = Mutex(
      State(lanes: (0..<lanes).map { SeededRandom(seed: plan.seed &+ 7_919 &* UInt64($0 + 1)) }))
    troubles = plan.troubles
    self.upstream = upstream
  }

  var tally: Tally { state.withLock(\.tally) }

  /// From now on all passes; what is still under way has arrived when this returns.
  func heal() async {
    state.withLock { $0.isFaulty = false }
    for ghost in ghosts.withLock({ $0 }) { await ghost.value }
  }

  /// Serves until cancelled.
  func run(onListening: @escaping @Sendable (Int) async -> Void) async throws {
    let application = Application(
      responder: CallbackResponder<ProxyContext> { request, context in try await self.pass(request, context)
      },
      configuration: .init(address: .hostname("127.0.0.1", port: 0), backlog: 512),
      onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
      logger: Logger(label: "proxy", factory: { _ in SwiftLogNoOpLogHandler() }))
    try await application.run()
  }

  private func pass(_ request: Request, _ context: ProxyContext) async throws -> Response {
    let path = request.uri.path.drop { $0 == "/" }
    guard let slash = path.firstIndex(of: "/"), let lane = Int(path[..<slash]) else {
      return Response(status: .notFound)
    }
    let body = try await request.body.collect(upTo: 64 << 20)
    let sent = Forwarded(
      method: request.method, path: String(path[slash...]), headers: request.headers, body: body)
    let (fate, pause) = fate(lane)
    switch fate {
    case .pass: break
    case .loseRequest:
      throw try await hangUp(context)
    case .loseAnswer:
      _ = try? await forward(sent)
      throw try await hangUp(context)
    case .cutRequest:
      _ = try? await forward(sent, cut: true)
      throw try await hangUp(context)
    case .duplicate:
      _ = try? await forward(sent)
    case .delay:
      try await Task.sleep(for: pause)
    case .reorder:
      let ghost = Task {
        try? await Task.sleep(for: pause)
        _ = try? await self.forward(sent)
      }
      ghosts.withLock { $0.append(ghost) }
      throw try await hangUp(context)
    case .cutAnswer:
      let answer = try await forward(sent)
      return Self.response(answer, cut: true)
    }
    do { return Self.response(try await forward(sent), cut: false) } catch {
      // As a gateway answers for a server that is not there.
      return Response(status: .badGateway)
    }
  }

  private func fate(_ lane: Int) -> (Fate, Duration) {
    state.withLock { state in
      guard state.isFaulty, state.lanes.indices.contains(lane) else { return (.pass, .zero) }
      let dice = state.lanes[lane].below(100)
      let choices: [(Trouble, Fate)] = [
        (.lostRequests, .loseRequest), (.lostAnswers, .loseAnswer), (.duplicates, .duplicate),
        (.delays, .delay),
        (.reordering, .reorder), (.cuts, state.lanes[lane].chance(50) ? .cutRequest : .cutAnswer),
      ]
      let pause = Duration.milliseconds(20 + state.lanes[lane].below(400))
      guard dice < choices.count * 5, troubles.contains(choices[dice / 5].0) else { return (.pass, pause) }
      state.tally.add(choices[dice / 5].0)
      return (choices[dice / 5].1, pause)
    }
  }

  private struct Forwarded: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let headers: HTTPFields
    let body: ByteBuffer
  }

  private struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: ByteBuffer
  }

  /// `cut`: half of the body arrives, then the connection ends.
  private func forward(_ sent: Forwarded, cut: Bool = false) async throws -> Answer {
    guard let upstream = upstream() else { throw ServerAway() }
    var request = HTTPClientRequest(url: upstream + sent.path)
    request.method = HTTPMethod(rawValue: sent.method.rawValue)
    for name in Self.requestFields {
      if let value = sent.headers[name] { request.headers.add(name: name.canonicalName, value: value) }
    }
    let length = sent.body.readableBytes
    if cut, let half = sent.body.getSlice(at: sent.body.readerIndex, length: length / 2) {
      request.body = .stream(Torn(half: half), length: .known(Int64(length)))
    } else if length > 0 {
      request.body = .bytes(sent.body)
    }
    let response = try await Self.http.execute(request, timeout: .seconds(10))
    return Answer(
      status: Int(response.status.code), headers: response.headers,
      body: try await response.body.collect(upTo: 64 << 20))
  }

  private static func response(_ answer: Answer, cut: Bool) -> Response {
    var headers: HTTPFields = [:]
    for name in Self.answerFields {
      if let value = answer.headers.first(name: name.canonicalName) { headers[name] = value }
    }
    let status = HTTPResponse.Status(code: answer.status)
    let body = answer.body
    guard cut, let half = body.getSlice(at: body.readerIndex, length: body.readableBytes / 2) else {
      return Response(status: status, headers: headers, body: .init(byteBuffer: body))
    }
    return Response(
      status: status, headers: headers,
      body: .init(contentLength: body.readableBytes) { writer in
        try await writer.write(half)
        throw Cut()
      })
  }

  /// Closes the connection without an answer.
  private func hangUp(_ context: ProxyContext) async throws -> any Error {
    try? await context.channel.close()
    return Cut()
  }
}

/// Half a body, and then nothing.
private struct Torn: AsyncSequence, Sendable {
  let half: ByteBuffer

  struct AsyncIterator: AsyncIteratorProtocol {
    var half: ByteBuffer?
    mutating func next() async throws -> ByteBuffer? {
      guard let half else { throw Cut() }
      self.half = nil
      return half
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(half: half) }
}

private struct Cut: Error {}
private struct ServerAway: Error {}

struct ProxyContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}
