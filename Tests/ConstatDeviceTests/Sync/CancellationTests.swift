import Synchronization
import Testing

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
}
