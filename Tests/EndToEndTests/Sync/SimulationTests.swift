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

  @Test
  func `nothing is lost to faults, kills, revocations and a restore, and the oracle sees what is broken`()
    async throws
  {
    let plan = SimulationPlan(devices: 4, seconds: 14, seed: 20_261_122)
    let report = try await Simulation(plan, program: Self.program, home: TestServer.root)
      .run(breaking: Breakage.allCases)
    #expect(report.violations == [], "\(report.text)")
    for (breakage, said) in report.breakages {
      #expect(!said.isEmpty, "\(breakage.rawValue) was not seen: \(report.text)")
    }
    // On a busy machine a day may end without a rescue, or a double payment; hardly without all of them.
    #expect(report.breakages.count >= 12, "broken: \(report.breakages.keys.map(\.rawValue)) \(report.text)")
    // A day on which nothing happened would prove nothing.
    let work = [
      "edits", "syncs", "office edits", "photos sent", "mission orders signed", "payments in the books",
    ]
    let troubles: [Trouble] = [.apiKills, .restore, .revocation, .doublePayments, .signedEdits]
    for name in work + troubles.map(\.rawValue) {
      #expect(report.counts[name, default: 0] > 0, "no \(name): \(report.text)")
    }
    for trouble in Trouble.allCases { #expect(report.text.contains("  \(trouble.rawValue)\n")) }
    #expect(report.text.hasSuffix("--seed 20261122 --faults all"))
  }

  /// What an office typed between a backup and its restore may be gone; before the backup it may not.
  @Test func `only what the server had to forget is excused`() {
    func violations(_ stretches: ClosedRange<Int>) -> [String] {
      let chronicle = Chronicle()
      chronicle.backUp()
      chronicle.restored()
      let typed = TypedToken(text: "o0n1e", kind: .set, device: "", author: -1, stretches: stretches)
      var oracle = Oracle(evidence: Evidence(), devices: [], fresh: [:], typed: [], officeTyped: [typed])
      if chronicle.hasForgotten(stretches) { oracle.beyondRecall = ["o0n1e"] }
      return oracle.violations()
    }
    #expect(violations(0...0) == ["o0n1e of the office was never written"])
    #expect(violations(1...1) == [])
    #expect(violations(0...1) == [])
    #expect(violations(2...2) == ["o0n1e of the office was never written"])
  }

  /// A device that enrols anew is one device: what it typed is looked for under all of its names.
  @Test func `an edit that was told again under a new name is found`() {
    var evidence = Evidence()
    evidence.note(
      .init(
        device: "new", sequence: 1, mutation: ["id": "r", "op": "set", "set": ["street": "t0n1e"]],
        status: "parked", version: 5, error: nil))
    evidence.held = ["t0n1e"]
    let typed = TypedToken(text: "t0n1e", kind: .set, device: "old", author: 0)
    var oracle = Oracle(evidence: evidence, devices: [], fresh: [:], typed: [typed], officeTyped: [])
    #expect(oracle.violations() == [])
    oracle.evidence.held = []
    #expect(oracle.violations() == ["t0n1e never reached the server"])
    oracle.identities = [["old", "new"]]
    #expect(oracle.violations().first?.hasPrefix("t0n1e was parked and is nowhere") == true)
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
