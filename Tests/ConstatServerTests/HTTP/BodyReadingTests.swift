@testable import ConstatServer
import HTTPTypes
import Testing

@Suite struct BodyReadingTests {
  private func parts(_ sizes: [Int]) -> AsyncStream<[UInt8]> {
    AsyncStream { stream in
      for size in sizes { stream.yield([UInt8](repeating: 7, count: size)) }
      stream.finish()
    }
  }

  @Test func `a body in parts is whole up to its limit, and refused beyond it`() async throws {
    #expect(try await BodyReading.gathered(parts([3, 4]), limit: 7).count == 7)
    #expect(try await BodyReading.gathered(parts([]), limit: 7).isEmpty)
    let problem = await #expect(throws: Problem.self) {
      try await BodyReading.gathered(parts([3, 5]), limit: 7)
    }
    #expect(problem?.status == .contentTooLarge)
  }

  @Test func `a body that comes slower than anyone's network is given up`() async throws {
    // As if it had begun a minute and a half ago: 64 KiB may take that, a few bytes may not.
    let begun = Duration.seconds(-30)
    #expect(try await BodyReading.gathered(parts([65_536, 1]), limit: 1 << 20, grace: begun).count == 65_537)
    let problem = await #expect(throws: Problem.self) {
      try await BodyReading.gathered(parts([1, 1]), limit: 1 << 20, grace: begun)
    }
    #expect(problem?.code == "body-too-slow" && problem?.headers[.connection] == "close")
  }
}
