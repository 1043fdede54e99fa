import ConstatCore
import ConstatSync
import Testing

@Suite struct SchemaTests {
  typealias Fixture = MergeFixture

  @Test func `the steps lead without gap from the first schema to the one that is spoken`() {
    #expect(SchemaStep.table.map(\.from) == Array(1..<SchemaRange.current.maximum))
    #expect(Upcaster.current.schema == SchemaRange.current.maximum)
    #expect(SchemaRange.current.contains(SchemaRange.current.minimum))
  }

  @Test(arguments: [("technician", "technician"), ("ordering_party", "unspecified")])
  func `a signature of schema 1 gets the capacity that it could not say`(signer: String, capacity: String) {
    var old = Fixture.mutation(
      ["signer": .string(signer)], operation: .create, key: EntityKey(.signature, Fixture.outbuilding))
    old.schema = 1
    let new = Upcaster.current.upcast(old)
    #expect(new.set["signer_capacity"] == .string(capacity) && new.schema == SchemaRange.current.maximum)
    #expect(Upcaster.current.upcast(new) == new)
    #expect(new.payloadHash != old.payloadHash, "what is stored and known again is the old one")
  }

  @Test func `steps follow each other, rename and split, and leave a newer mutation alone`() {
    let steps = Upcaster(steps: [
      SchemaStep(from: 1, changed: [.dossier], summary: "") {
        $0.replace("address") { ["street": $0, "city": .null] }
      },
      SchemaStep(from: 2, changed: [], summary: "") { $0.replace("street") { ["road": $0] } },
    ])
    var mutation = Fixture.mutation(
      ["address": "rue A", "floor": "2"], was: ["address": "rue B", "floor": .null])
    mutation.schema = 1
    let latest = steps.upcast(mutation)
    #expect(latest.set == ["road": "rue A", "city": .null, "floor": "2"])
    #expect(latest.was == ["road": "rue B", "city": .null, "floor": .null] && latest.schema == 3)
    mutation.schema = 2
    #expect(steps.upcast(mutation).set == mutation.set)
    mutation.schema = 4
    #expect(steps.upcast(mutation) == mutation)
    #expect(steps.needsAll(from: 1, to: 3) && steps.needsAll(from: 2, to: 1))
    #expect(!steps.needsAll(from: 2, to: 3) && !steps.needsAll(from: 1, to: 1))
  }

  @Test func `an old edit shows on the device as the new app shows it`() {
    var old = Fixture.mutation(
      ["dossier_id": .string(Fixture.dossier), "signer": "ordering_party"], operation: .create,
      key: EntityKey(.signature, Fixture.outbuilding))
    old.schema = 1
    let view = LocalView.entity(old.key, in: Checkpoint(), pending: [old])
    #expect(view?.values["signer_capacity"] == "unspecified")
  }

  @Test func `fields of a newer schema are merged as observed, beside the known ones`() {
    let (decision, outcomes) = decide([newer(["street": "rue N", "ceiling_height": 250])])
    #expect(outcomes.map(\.status) == [.applied])
    #expect(decision.states[Self.key]?.values["ceiling_height"] == 250)
    #expect(decision.states[Self.key]?.extraFields == ["ceiling_height"])
    var known = Fixture.state(["street": "rue B", "ceiling_height": 240], written: ["ceiling_height": 60])
    known.extraFields = ["ceiling_height"]
    let (_, contested) = decide([newer(["ceiling_height": 250])], on: known)
    #expect(contested[0].status == .conflicted)
    #expect(
      contested[0].conflicts.first?.theirs.value == 240 && contested[0].conflicts.first?.chosen == .mine)
  }

  @Test func `what a newer device may do is parked, what an equal one may not is rejected`() {
    var wrong = newer(["number": 7])
    var (_, outcomes) = decide([wrong])
    #expect(outcomes[0].parked == .newerSchema)
    wrong.schema = SchemaRange.current.maximum
    (_, outcomes) = decide([wrong])
    #expect(outcomes[0].rejection?.code == .fieldNotWritable)
    (_, outcomes) = decide([newer(["Bad Name": 1])])
    #expect(outcomes[0].parked == .newerSchema)
    (_, outcomes) = decide([
      newer(["long": .string(String(repeating: "x", count: SyncLimits.unknownFieldBytes))])
    ])
    #expect(outcomes[0].parked == .newerSchema)
  }

  @Test func `a mutation of a type that is still to come is parked whole, an unreadable one is not`() throws {
    let json: JSONValue = [
      "device": .string(Fixture.device),
      "mutations": [
        ["seq": 1, "schema": 99, "type": "room", "dossier": .string(Fixture.dossier)],
        ["seq": 2, "schema": 2, "type": "room", "dossier": .string(Fixture.dossier)],
      ],
    ]
    var decision = makeDecision(on: nil)
    let outcomes = decision.decide(try PushRequest(json: json).items)
    #expect(outcomes[0].parked == .newerSchema && outcomes[1].rejection?.code == .malformed)
  }

  @Test func `what the server does not know comes back beside what it does`() throws {
    let json: JSONValue = [
      "op": "put", "type": "dossier", "id": .string(Fixture.dossier), "v": 9, "born": 4,
      "fields": ["street": "rue B"], "extra": ["ceiling_height": 250, "street": "no"],
      "fv": ["ceiling_height": 9],
    ]
    guard case .put(let entity) = try SyncEvent(json: json) else { throw Missing() }
    #expect(entity.fields == ["street": "rue B", "ceiling_height": 250])
  }

  private struct Missing: Error {}
  private static let key = EntityKey(.dossier, Fixture.dossier)

  private func newer(_ set: [String: JSONValue]) -> Mutation {
    var mutation = Fixture.mutation(set)
    mutation.schema = SchemaRange.current.maximum + 1
    return mutation
  }

  private func makeDecision(on state: EntityState?) -> PushDecision {
    PushDecision(
      author: Fixture.author, server: Fixture.server, missions: [Fixture.dossier: .init()],
      states: state.map { [Self.key: $0] } ?? [:], check: .fieldSets, newConflictID: { "c" })
  }

  private func decide(
    _ mutations: [Mutation], on state: EntityState = Fixture.state(["street": "rue B"])
  ) -> (PushDecision, [MergeOutcome]) {
    var decision = makeDecision(on: state)
    let outcomes = decision.decide(mutations.map { .mutation($0) })
    return (decision, outcomes)
  }
}
