import ConstatCore
@testable import ConstatSimulation
import Foundation
import Support
import Testing

/// Real devices, a real API, a real PostgreSQL, and a bad day: a short one, of which `make simulate` is the long one.
@Suite struct SimulationTests {
  /// The program beside the tests.
  private static var program: String {
    URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "constat").path
  }

  @Test func `nothing typed is lost to faults, kills and revocations, and the oracle sees what is broken`()
    async throws
  {
    let plan = SimulationPlan(devices: 4, seconds: 10, seed: 20_261_122)
    let report = try await Simulation(plan, program: Self.program, home: TestServer.root)
      .run(breaking: Breakage.allCases)
    #expect(report.violations == [], "\(report.text)")
    for breakage in Breakage.allCases {
      #expect(report.breakages[breakage]?.isEmpty == false, "\(breakage.rawValue) was not seen")
    }
    // A day on which nothing happened would prove nothing.
    for name in ["edits", "syncs", "office edits", "api kills"] {
      #expect(report.counts[name, default: 0] > 0, "no \(name): \(report.text)")
    }
  }

  @Test func `the oracle tells a blind overwrite from one whose author had seen the value`() {
    func violations(base: Int64, was: JSONValue) -> [String] {
      var evidence = Evidence()
      evidence.note(
        .init(
          table: "dossier", row: "r", operation: "update", actor: "device:a", version: 5,
          changes: ["street": [nil, "t0n1e"]]))
      evidence.note(
        .init(
          table: "dossier", row: "r", operation: "update", actor: "device:b", version: 7,
          changes: ["street": ["t0n1e", "t1n1e"]]))
      evidence.note(
        .init(
          device: "a", sequence: 1, mutation: ["id": "r", "op": "set", "set": ["street": "t0n1e"]],
          status: "applied", version: 5, error: nil))
      evidence.note(
        .init(
          device: "b", sequence: 1,
          mutation: [
            "id": "r", "op": "set", "base": ["epoch": "e1", "v": .integer(base)], "set": ["street": "t1n1e"],
            "was": ["street": was],
          ], status: "applied", version: 7, error: nil))
      evidence.live = ["t1n1e"]
      let typed = ["a", "b"].enumerated().map {
        TypedToken(text: "t\($0)n1e", kind: .set, device: $1, author: $0)
      }
      return Oracle(evidence: evidence, devices: [], fresh: [:], typed: typed, officeTyped: []).violations()
    }
    #expect(violations(base: 4, was: nil).count == 1)
    #expect(violations(base: 4, was: "t0n1e") == [])
    #expect(violations(base: 6, was: nil) == [])
  }
}
