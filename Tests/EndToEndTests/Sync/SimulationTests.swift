import ConstatCore
@testable import ConstatSimulation
import ConstatSync
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
    #expect(report.breakages.count >= 15, "broken: \(report.breakages.keys.map(\.rawValue)) \(report.text)")
    // A day on which nothing happened would prove nothing.
    let work = [
      "edits", "syncs", "office edits", "photos sent", "mission orders signed", "payments in the books",
      "payments through the provider",
    ]
    let troubles: [Trouble] = [
      .apiKills, .restore, .revocation, .doublePayments, .signedEdits, .withholding,
    ]
    for name in work + troubles.map(\.rawValue) {
      #expect(report.counts[name, default: 0] > 0, "no \(name): \(report.text)")
    }
    for trouble in Trouble.allCases { #expect(report.text.contains("  \(trouble.rawValue)\n")) }
    #expect(report.text.hasSuffix("--seed 20261122 --faults all"))
    #expect(report.text.split(separator: "\n").count <= 66, "more than a page: \(report.text)")
  }

  @Test func `a report says how to run the same day again, with the troubles that it had`() {
    for (troubles, words) in [([], "none"), ([.restore, .cuts], "cuts,restore")] as [(Set<Trouble>, String)] {
      let plan = SimulationPlan(devices: 7, seconds: 20, seed: 4_711, troubles: troubles)
      let report = SimulationReport(plan, violations: ["a value is nowhere"], counts: Tally(), durations: [])
      #expect(
        report.text.hasSuffix(
          "✘ a value is nowhere\nReplay: constat simulate --devices 7 --seconds 20 --seed 4711 --faults \(words)"
        ))
    }
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
    evidence.waiting = ["t0n1e"]
    let typed = TypedToken(text: "t0n1e", kind: .set, device: "old", author: 0)
    var oracle = Oracle(evidence: evidence, devices: [], fresh: [:], typed: [typed], officeTyped: [])
    #expect(oracle.violations() == [])
    oracle.evidence.waiting = []
    #expect(oracle.violations().first?.hasPrefix("t0n1e never reached the server") == true)
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

  /// What a device pulled and was not shown, it has not seen.
  @Test func `the oracle tells who was shown a value from who only pulled it ORG-18`() {
    func violations(_ groups: [String], was: JSONValue = nil) -> [String] {
      var evidence = Evidence()
      evidence.note(
        .init(
          table: "organization", row: "o", operation: "update", actor: "user:u", version: 2,
          changes: ["withheld_information": [[], .array(groups.map { .string($0) })]]))
      evidence.note(
        .init(
          table: "contact", row: "r", operation: "update", actor: "user:u", version: 5,
          changes: ["street": [nil, "o0n1e"]]))
      evidence.note(
        .init(
          table: "contact", row: "r", operation: "update", actor: "device:a", version: 7,
          changes: ["street": ["o0n1e", "t0n1e"]]))
      evidence.note(
        .init(
          device: "a", sequence: 1,
          mutation: [
            "type": "contact", "id": "r", "op": "set", "base": ["epoch": "e1", "v": 6],
            "set": ["street": "t0n1e"], "was": ["street": was],
          ], status: "applied", version: 7, error: nil))
      evidence.live = ["t0n1e"]
      let mine = TypedToken(text: "t0n1e", kind: .set, device: "a", author: 0)
      let theirs = TypedToken(text: "o0n1e", kind: .set, device: "", author: -1)
      return Oracle(evidence: evidence, devices: [], fresh: [:], typed: [mine], officeTyped: [theirs])
        .violations()
    }
    #expect(violations(["notes"]) == [])
    #expect(violations(["contact_addresses"]).first?.contains("was overwritten blindly") == true)
    #expect(violations(["contact_addresses"], was: "o0n1e") == [])
  }

  @Test func `the oracle sees what a device is shown of what the company withholds ORG-18`() {
    var evidence = Evidence()
    evidence.note(
      .init(
        table: "organization", row: "o", operation: "update", actor: "user:u", version: 2,
        changes: ["withheld_information": [[], ["contact_details"]]]))
    let contact = EntityKey(.contact, "r")
    let conflict = EntityKey(.syncConflict, "c")
    evidence.scope["t"] = [contact, conflict]
    func violations(_ phone: JSONValue, theirs: JSONValue, resolution: JSONValue = nil) -> [String] {
      let rows: [EntityKey: [String: JSONValue]] = [
        contact: ["phone": phone, "street": "rue Neuve"],
        conflict: ["entity_type": "contact", "field": "phone", "theirs": theirs, "resolution": resolution],
      ]
      let device = Oracle.DeviceState(name: "device 0", technician: "t", unsent: 0, rows: rows)
      return Oracle(evidence: evidence, devices: [device], fresh: [:], typed: [], officeTyped: [])
        .violations()
    }
    #expect(violations(.null, theirs: ["v": 3]) == [])
    #expect(violations("06", theirs: ["v": 3]) == ["device 0 is shown contact/r phone, which is withheld"])
    #expect(
      violations(.null, theirs: ["v": 3, "value": "06"])
        == ["device 0 is shown sync_conflict/c theirs, which is withheld"])
    #expect(
      violations(.null, theirs: [:], resolution: ["by": "user:u", "replaced": "06"])
        == ["device 0 is shown sync_conflict/c resolution, which is withheld"])
  }
}
