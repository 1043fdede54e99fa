import ConstatCore
import Testing

@Suite struct SignInDelayTests {
  @Test(arguments: SignInDelay.allCases)
  func `the first failures cost nothing, the next ones double up to a limit`(delay: SignInDelay) {
    #expect(delay.seconds(afterFailures: 0) == 0)
    #expect(delay.seconds(afterFailures: delay.free) == 0)
    #expect(delay.seconds(afterFailures: delay.free + 1) == 2)
    #expect(delay.seconds(afterFailures: delay.free + 4) == 16)
    #expect(delay.seconds(afterFailures: delay.free + 15) == delay.limit)
    #expect(delay.seconds(afterFailures: .max) == delay.limit)
  }
}
