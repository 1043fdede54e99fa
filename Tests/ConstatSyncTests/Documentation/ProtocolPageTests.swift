import ConstatCore
import Foundation
import Testing

@testable import ConstatSync

/// `docs/sync.md` is for people who have nothing else: it is held to the code.
@Suite struct ProtocolPageTests {
  private static let home = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
  private static let file = home.appending(path: "docs/sync.md")
  private static let contract = home.appending(path: "openapi/sync-fields.yaml")
  let page: String

  init() throws { page = try String(contentsOf: Self.file, encoding: .utf8) }

  private func examples(_ kind: String) throws -> [JSONValue] {
    try page.components(separatedBy: "```json \(kind)\n").dropFirst().map { part in
      try JSONValue.parse(String(part.components(separatedBy: "\n```")[0]))
    }
  }

  @Test func `its tables are the policy table and the links`() {
    #expect(page.contains(FieldRule.markdown))
    let links = Reachability.links.map {
      "| `\($0.type.rawValue)` | `\($0.field)` | `\($0.target.rawValue)` |"
    }
    #expect(page.contains(links.joined(separator: "\n")))
  }

  @Test func `the contract has the same policy table`() throws {
    #expect(try String(contentsOf: Self.contract, encoding: .utf8) == FieldRule.contract)
  }

  /// Brings page and contract up to date with a table that was changed.
  @Test(.enabled(if: Simulation.environment("CONSTAT_PRINT") != nil))
  func `the policy table is printed into page and contract`() throws {
    let start = try #require(page.range(of: "| type | scope |"))
    try (page[..<start.lowerBound] + FieldRule.markdown).write(
      to: Self.file, atomically: true, encoding: .utf8)
    try FieldRule.contract.write(to: Self.contract, atomically: true, encoding: .utf8)
  }

  @Test func `its messages are read by the code and written the same`() throws {
    let pull = try #require(examples("pull-request").first)
    #expect(try PullRequest(json: pull).json == pull)
    let events = try PullResponse(json: #require(examples("pull-response").first)).events
    #expect(events.count == 3 && !events.contains { if case .unknown = $0 { true } else { false } })
    let push = try #require(examples("push-request").first)
    let request = try PushRequest(json: push)
    #expect(request.items.allSatisfy { if case .mutation = $0 { true } else { false } })
    #expect(request.json == push)
    let answer = try PushResponse(json: #require(examples("push-response").first))
    #expect(answer.results.map(\.status) == [.conflicted, .parked, .rejected])
    let conflict = try ConflictRecord(json: #require(examples("conflict").first), id: "c")
    #expect(conflict.chosen == .mine && conflict.theirs.earlier.count == 1)
  }

  @Test func `its digest is that of its line`() throws {
    let row = Entity(
      key: EntityKey(.outbuilding, "0199a3c0-0000-7000-8000-0000000000b1"), version: 419, born: 400,
      fields: [
        "dossier_id": "0199a3c0-0000-7000-8000-0000000000d1", "kind": "cellar", "lot_number": nil,
      ], fieldVersions: ["kind": 419])
    let line = ScopeDigest.line(row)
    #expect(page.contains("```text digest-line\n" + String(decoding: line, as: UTF8.self) + "```"))
    #expect(page.contains(", \(line.count) bytes with its line feed"))
    let expected = ScopeDigest(of: [row])
    let request = try #require(examples("digest-request").first)
    #expect(try DigestRequest(json: request).json == request)
    #expect(try #require(DigestRequest(json: request).held).differing(from: expected).isEmpty)
    let response = try #require(examples("digest-response").first)
    #expect(try DigestResponse(json: response).json == response)
    #expect(try #require(DigestResponse(json: response).expected).differing(from: expected).isEmpty)
  }

  @Test func `its push is one that the rules take`() throws {
    let request = try PushRequest(json: #require(examples("push-request").first))
    let dossier = "0199a3c0-0000-7000-8000-0000000000d1"
    var decision = PushDecision(
      author: Author(device: request.device, technician: request.device),
      server: ServerPosition(epoch: "e3", version: 430), missions: [dossier: .init()],
      states: [
        EntityKey(.dossier, dossier): EntityState(
          key: EntityKey(.dossier, dossier), values: ["street": "3 rue Neuve"], version: 400, born: 400)
      ], check: .fieldSets, newConflictID: { "c" })
    #expect(decision.decide(request.items).map(\.status) == [.applied, .applied, .applied])
  }

  @Test func `it names every status, reason, code and policy`() {
    var words = MutationStatus.allCases.map(\.rawValue) + Rejection.Code.allCases.map(\.rawValue)
    words += FieldPolicy.allCases.map(\.rawValue)
    words += [ParkReason.reassigned, .closed, .deviceRevoked, .notFound, .newerSchema].map(\.rawValue)
    words += [
      PushError.sequenceGap(lmid: 0), .sequenceNotDense, .deviceForked(seq: 0), .groupIncomplete(""),
      .otherDevice,
    ].map(\.code)
    words += [CursorError.malformed, .forged, .otherDevice].map(\.code)
    for word in words { #expect(page.contains("`\(word)`"), "\(word)") }
  }

  @Test func `it tells every step of the schema`() {
    for step in SchemaStep.table {
      #expect(page.contains("| \(step.from) | \(step.from + 1) | \(step.summary) |"))
    }
  }

  @Test func `it names the limits`() {
    #expect(page.contains("at most \(SyncLimits.pushMutations) mutations"))
    #expect(page.contains("1 to \(SyncLimits.pageEvents)"))
    #expect(page.contains("(at most \(SyncLimits.groupMutations))"))
    #expect(page.contains("at most \(SyncLimits.signatureBytes / 1024) KiB"))
    #expect(page.contains("stay \(SyncLimits.journalDays) days"))
  }
}
