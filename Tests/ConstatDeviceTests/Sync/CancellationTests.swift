import Foundation
import Synchronization
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

@testable import ConstatDevice

@Suite struct CancellationTests {
  @Test func `who cancels does not wait for the network, and what is under way is not cancelled`()
    async throws
  {
    let (begun, tellBegun) = AsyncStream.makeStream(of: Void.self)
    let (gate, openGate) = AsyncStream.makeStream(of: Void.self)
    let (ended, tellEnded) = AsyncStream.makeStream(of: Bool.self)
    let caller = Task {
      try await Abandonable<Int>.run {
        tellBegun.finish()
        for await _ in gate {}
        tellEnded.yield(Task.isCancelled)
        return 1
      }
    }
    for await _ in begun {}
    caller.cancel()
    await #expect(throws: CancellationError.self) { try await caller.value }
    openGate.finish()
    var iterator = ended.makeAsyncIterator()
    #expect(await iterator.next() == false)
    #expect(try await Abandonable<Int>.run { 2 } == 2)
  }

  @Test func `listening that is cancelled before it begins, as it does or later ends, each time`()
    async throws
  {
    // Nobody answers there; where the cancellation comes too late, that is how it ends.
    let request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:9/v1/sync/events")))
    for pause in 0..<60 {
      let (gate, openGate) = AsyncStream.makeStream(of: Void.self)
      let caller = Task {
        for await _ in gate {}
        return try await HTTPListening.open(request, timeoutSeconds: 5)
      }
      if pause % 3 == 0 { caller.cancel() }
      openGate.finish()
      for _ in 0..<pause * 5 { await Task.yield() }
      caller.cancel()
      await #expect(throws: (any Error).self) { try await caller.value }
    }
  }
}
