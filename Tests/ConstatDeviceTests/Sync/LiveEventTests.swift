import ConstatCore
import ConstatDevice
import Synchronization
import Testing

@Suite struct LiveEventTests {
  @Test func `a device listens through lost networks and cut messages, and ends where it is revoked`()
    async throws
  {
    let bench = try Bench()
    let attempts = Mutex(0)
    let open = bench.network.transport
    let transport = Transport(send: open.send) { request in
      #expect(request.path == "/v1/sync/events" && request.token != nil)
      switch attempts.withLock({
        $0 += 1
        return $0
      }) {
      case 1: throw TransportError("no network")
      case 2:
        let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        for part in ["retry: 2000\nevent: po", "ke\ndata: {\"v\":", "7000}\n", "\n: still here\n\n"] {
          continuation.yield(Array(part.utf8))
        }
        continuation.finish(throwing: TransportError("cut"))
        return .stream(stream)
      default:
        return .answer(.init(status: 403, body: Array(#"{"code":"device-revoked"}"#.utf8)))
      }
    }
    _ = try await bench.enrol()
    let device = try await FieldDevice.open(file: bench.file, transport: transport)
    var versions: [Int64] = []
    for await poke in device.events() { versions.append(poke.version) }
    #expect(versions == [7000, .max])
    #expect(attempts.withLock { $0 } == 3)
  }
}
