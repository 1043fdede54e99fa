import ArgumentParser
import ConstatSimulation
import Testing

@testable import ConstatCLI

/// `constat simulate` as it is typed.
@Suite struct SimulateTests {
  private func parsed(_ words: String...) throws -> Simulate {
    try #require(try Constat.parseAsRoot(["simulate"] + words) as? Simulate)
  }

  @Test func `faults are all, none, or those that are named`() throws {
    #expect(try parsed().troubles() == Set(Trouble.allCases))
    #expect(try parsed("--faults", "none").troubles().isEmpty)
    #expect(
      try parsed("--faults", "lost-answers,api-kills,restore").troubles() == [
        .lostAnswers, .apiKills, .restore,
      ])
    for trouble in Trouble.allCases {
      #expect(try parsed("--faults", trouble.rawValue).troubles() == [trouble])
    }
    #expect(throws: (any Error).self) { try parsed("--faults", "lost-answers,gremlins") }
  }

  @Test func `a day has devices, a length and a seed`() throws {
    let day = try parsed("--devices", "8", "--seconds", "60", "--seed", "4711")
    #expect(day.devices == 8 && day.seconds == 60 && day.seed == 4_711)
    #expect(throws: (any Error).self) { try parsed("--devices", "0") }
    #expect(throws: (any Error).self) { try parsed("--seconds", "0") }
  }
}
