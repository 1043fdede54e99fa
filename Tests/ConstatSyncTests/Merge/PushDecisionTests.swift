import ConstatCore
import ConstatSync
import Testing

@Suite struct PushDecisionTests {
  typealias Fixture = MergeFixture
  let dossierKey = EntityKey(.dossier, MergeFixture.dossier)
  let contactKey = EntityKey(.contact, MergeFixture.contact)
  let rowKey = EntityKey(.outbuilding, MergeFixture.outbuilding)

  private func decision(
    closed: ParkReason? = nil, states: [EntityState] = [], isRevoked: Bool = false,
    missions: [String: PushDecision.Mission]? = nil
  ) -> PushDecision {
    var drawn = 0
    return PushDecision(
      author: Author(device: Fixture.device, technician: Fixture.technician, isRevoked: isRevoked),
      server: Fixture.server,
      missions: missions ?? [Fixture.dossier: .init(closed: closed, shared: [contactKey])],
      states: Dictionary(uniqueKeysWithValues: (states + [Fixture.state([:])]).map { ($0.key, $0) }),
      diagnosticCodes: ["asbestos"], check: .fieldSets,
      newConflictID: {
        drawn += 1
        return "c\(drawn)"
      })
  }

  private func decide(_ mutations: [Mutation], _ decision: PushDecision) -> ([MergeOutcome], PushDecision) {
    var decision = decision
    return (decision.decide(mutations.map { .mutation($0) }), decision)
  }

  private func outcome(_ mutation: Mutation, _ decision: PushDecision? = nil) -> MergeOutcome {
    decide([mutation], decision ?? self.decision()).0[0]
  }

  @Test func `a field that devices do not write is refused by name and nothing is changed`() {
    for (type, field) in [
      (dossierKey, "number"), (dossierKey, "archived_at"), (contactKey, "private_comment"),
    ] {
      let (outcomes, decision) = decide(
        [Fixture.mutation([field: "x", "street": "y"], key: type)], decision())
      #expect(outcomes[0].rejection?.code == .fieldNotWritable)
      #expect(outcomes[0].rejection?.problems.map(\.pointer) == ["/set/" + field])
      #expect(decision.writes.isEmpty)
    }
  }

  @Test func `a value that the field does not take is refused with its place`() {
    let refused = outcome(Fixture.mutation(["room_count": "many", "postcode": "not one"]))
    #expect(refused.rejection?.code == .valueInvalid)
    #expect(refused.rejection?.problems.map(\.pointer) == ["/set/room_count", "/set/postcode"])
  }

  @Test func `a device reports a visit, and no other status`() {
    #expect(outcome(Fixture.mutation(["status": "visited"])).status == .applied)
    let refused = outcome(Fixture.mutation(["status": "finalised"]))
    #expect(refused.rejection?.code == .valueInvalid)
    #expect(refused.rejection?.problems.first?.code == .notInChoice)
  }

  @Test func `money beside a step that cannot be taken waits for a person`() {
    let group = Mutation.Group(id: "g", count: 2)
    func grouped(_ mutation: Mutation) -> Mutation {
      Mutation(
        seq: mutation.seq, hlc: "", base: mutation.base, key: mutation.key, operation: mutation.operation,
        dossier: mutation.dossier, set: mutation.set, was: mutation.was, group: group)
    }
    let order = EntityKey(.missionOrder, Fixture.dossier)
    let step = Fixture.mutation(["confirmed_step": 9], key: order)
    let money = Fixture.mutation(
      [
        "dossier_id": .string(Fixture.dossier), "means": "cash", "amount_cents": 100,
        "received_on": "2026-12-01", "received_at": "2026-12-01T09:00:00Z",
      ], seq: 2, operation: .create, key: EntityKey(.payment, Fixture.outbuilding))
    let started = Fixture.state(
      ["dossier_id": .string(Fixture.dossier), "started_at": "2026-12-01T08:00:00Z", "confirmed_step": 1],
      key: order)
    let (outcomes, decision) = decide([grouped(step), grouped(money)], decision(states: [started]))
    #expect(outcomes.map(\.parked) == [.closed, .closed], "\(outcomes)")
    #expect(decision.writes.isEmpty)
    #expect(decide([step], self.decision(states: [started])).0[0].status == .rejected)
  }

  @Test func `a device goes on with a contact that it made, whether or not anything leads there yet`() {
    let id = "00000000-0000-7000-8000-0000000000c2"
    let edit = Fixture.mutation(["phone": "0559000000"], key: EntityKey(.contact, id))
    let role = Fixture.mutation(["payer_id": .string(id)])
    for (writer, status) in [(Fixture.author.writer, MutationStatus.applied), (Fixture.office, .parked)] {
      var made = Fixture.state([:], by: writer, key: EntityKey(.contact, id))
      made.writers[made.born] = writer
      #expect(outcome(edit, decision(states: [made])).status == status)
      #expect(outcome(role, decision(states: [made])).status == status)
      made.fieldVersions = ["last_name": 50]
      made.writers[50] = Fixture.office
      #expect(outcome(edit, decision(states: [made])).status == .parked, "somebody else wrote in it")
    }
  }

  @Test func `operations that devices do not have are refused`() {
    #expect(outcome(Fixture.mutation([:], operation: .delete)).rejection?.code == .operationNotAllowed)
    #expect(outcome(Fixture.mutation([:], operation: .create)).rejection?.code == .operationNotAllowed)
    let payment = Fixture.mutation(["amount_cents": 1], key: EntityKey(.payment, Fixture.outbuilding))
    #expect(outcome(payment).rejection?.code == .operationNotAllowed)
    let conflict = Fixture.mutation(["state": "resolved"], key: EntityKey(.syncConflict, Fixture.outbuilding))
    #expect(outcome(conflict).rejection?.code == .operationNotAllowed)
  }

  @Test func `edits of a mission that left are parked with the reason`() {
    for reason in [ParkReason.reassigned, .closed] {
      #expect(outcome(Fixture.mutation(["street": "x"]), decision(closed: reason)) == .parked(reason))
    }
    #expect(outcome(Fixture.mutation(["street": "x"]), decision(missions: [:])) == .parked(.notFound))
  }

  /// Whoever brings a row back writes all of it, and owns it since. That must not be so of values which a device is not
  /// shown: it would overwrite them unseen later.
  @Test func `no device brings back a row with withheld values that it would own, but for notes ORG-18`() {
    let edits: [EntityType: (EntityKey, [String: JSONValue])] = [
      .contact: (contactKey, ["last_name": "x"]), .dossier: (dossierKey, ["street": "x"]),
    ]
    for (_, type, fields) in WithheldInformation.table where !fields.allSatisfy({ $0.isNote(of: type) }) {
      guard let (key, set) = edits[type] else {
        Issue.record("a deleted \(type) comes back with \(fields)")
        continue
      }
      // A dossier takes its mission with it, and no mission leads to a contact that is gone.
      let deleted = [Fixture.state(["phone": "0559"], isDeleted: true, key: key)].filter { _ in
        type != .dossier
      }
      let missions = type == .dossier ? [:] : [Fixture.dossier: PushDecision.Mission()]
      for operation in [Mutation.Operation.set, .create] where operation == .set || type.rule.mayCreate {
        let edit = Fixture.mutation(set, operation: operation, key: key)
        #expect(outcome(edit, decision(states: deleted, missions: missions)) == .parked(.notFound))
      }
    }
  }

  @Test func `what a revoked device still held is rescued whole`() {
    let (outcomes, decision) = decide([Fixture.mutation(["street": "x"])], decision(isRevoked: true))
    #expect(outcomes == [.parked(.deviceRevoked)])
    #expect(decision.writes.isEmpty)
  }

  @Test func `another mission's row is out of reach under whatever dossier`() {
    let foreign = Fixture.state(["dossier_id": .string(Fixture.colleague)], key: rowKey)
    #expect(
      outcome(Fixture.mutation(["comment": "x"], key: rowKey), decision(states: [foreign]))
        == .parked(.notFound))
    let stranger = EntityKey(.contact, Fixture.colleague)
    let contact = Fixture.state(["last_name": "Z"], key: stranger)
    #expect(
      outcome(Fixture.mutation(["phone": "0601020304"], key: stranger), decision(states: [contact]))
        == .parked(.notFound))
  }

  @Test func `a dossier cannot be made to lead to a contact that its mission does not know`() {
    let other = Fixture.mutation(["payer_id": .string(Fixture.colleague)])
    #expect(outcome(other) == .parked(.notFound))
    #expect(outcome(Fixture.mutation(["payer_id": .string(Fixture.contact)])).status == .applied)
  }

  @Test func `an unknown diagnostic is kept for the office`() {
    let key = EntityKey(.dossierDiagnostic, Fixture.outbuilding)
    let values: [String: JSONValue] = ["dossier_id": .string(Fixture.dossier), "diagnostic_code": "radon"]
    #expect(outcome(Fixture.mutation(values, operation: .create, key: key)) == .parked(.notFound))
  }

  @Test func `a new row belongs to the dossier that it was made in`() {
    let elsewhere = Fixture.mutation(
      ["dossier_id": .string(Fixture.colleague), "kind": "cellar"], operation: .create, key: rowKey)
    #expect(outcome(elsewhere).rejection?.problems.first?.pointer == "/set/dossier_id")
  }

  @Test func `a mutation that cannot be read is refused and the next one is decided`() {
    var decision = decision()
    let outcomes = decision.decide([
      .malformed(seq: 1, payload: ["seq": 1], FieldProblems("/mutations/0/type", .required, "")),
      .mutation(Fixture.mutation(["street": "x"], seq: 2)),
    ])
    #expect(outcomes.map(\.status) == [.rejected, .applied])
    #expect(outcomes[0].rejection?.code == .malformed)
  }

  @Test func `the mutations of one push see one another, and what they write is told once, new rows first`()
    throws
  {
    let new = EntityKey(.contact, Fixture.colleague)
    let (outcomes, decision) = decide(
      [
        Fixture.mutation(["street": "rue B"], seq: 1),
        Fixture.mutation(["last_name": "Durand"], seq: 2, operation: .create, key: new),
        Fixture.mutation(["payer_id": .string(new.id)], seq: 3),
        Fixture.mutation(["street": "rue C"], was: ["street": "rue B"], seq: 4),
        Fixture.mutation(["phone": "0601020304"], seq: 5, key: new),
      ], decision())
    #expect(outcomes.map(\.status) == [.applied, .applied, .applied, .applied, .applied])
    #expect(decision.writes.map(\.key) == [new, dossierKey])
    #expect(decision.writes[0].effect == .insert(["last_name": "Durand", "phone": "0601020304"]))
    #expect(decision.writes[1].effect == .update(["street": "rue C", "payer_id": .string(new.id)]))
  }

  @Test func `two edits of one contested field in one push are one conflict`() {
    let state = Fixture.state(["key_pickup": "agence"], written: ["key_pickup": 20])
    var start = decision(states: [])
    start = decision(missions: start.missions)
    var decision = PushDecision(
      author: Fixture.author, server: Fixture.server, missions: start.missions, states: [dossierKey: state],
      check: .fieldSets, newConflictID: { "c1" })
    let outcomes = decision.decide([
      .mutation(Fixture.mutation(["key_pickup": "gardien"], seq: 1)),
      .mutation(Fixture.mutation(["key_pickup": "voisin"], was: ["key_pickup": "gardien"], seq: 2)),
    ])
    #expect(outcomes.map { $0.conflicts.map(\.id) } == [["c1"], ["c1"]])
    #expect(decision.conflicts.count == 1)
    #expect(decision.conflicts.first?.mine.value == "voisin")
    #expect(outcomes[1].result(seq: 2, version: 101).conflicts == ["c1"])
  }

  @Test func `a row made and deleted in one push leaves nothing to write`() {
    let values: [String: JSONValue] = ["dossier_id": .string(Fixture.dossier), "kind": "cellar"]
    let (outcomes, decision) = decide(
      [
        Fixture.mutation(values, seq: 1, operation: .create, key: rowKey),
        Fixture.mutation([:], seq: 2, operation: .delete, key: rowKey),
      ], decision())
    #expect(outcomes.map(\.status) == [.applied, .applied])
    #expect(decision.writes.isEmpty)
  }
}

@Suite struct GroupTests {
  typealias Fixture = MergeFixture

  private func group(_ sets: [[String: JSONValue]]) -> [PushRequest.Item] {
    sets.enumerated().map { index, set in
      var mutation = Fixture.mutation(set, seq: Int64(index + 1))
      mutation.group = .init(id: "g", count: sets.count)
      return .mutation(mutation)
    }
  }

  private func decision() -> PushDecision {
    PushDecision(
      author: Fixture.author, server: Fixture.server, missions: [Fixture.dossier: .init()],
      states: [EntityKey(.dossier, Fixture.dossier): Fixture.state([:])], check: .fieldSets,
      newConflictID: { "c" })
  }

  @Test func `a refused member refuses its group`() {
    var decision = decision()
    let outcomes = decision.decide(group([["street": "x"], ["number": 7]]))
    #expect(outcomes.map { $0.rejection?.code } == [.groupRejected, .fieldNotWritable])
    #expect(decision.writes.isEmpty)
  }

  @Test func `a parked member parks its group`() {
    var decision = decision()
    let outcomes = decision.decide(group([["street": "x"], ["payer_id": .string(Fixture.contact)]]))
    #expect(outcomes == [.parked(.notFound), .parked(.notFound)])
    #expect(decision.writes.isEmpty)
  }

  @Test func `what follows a fallen group is decided on its own`() {
    var decision = decision()
    let single = PushRequest.Item.mutation(Fixture.mutation(["street": "y"], was: ["street": .null], seq: 3))
    let outcomes = decision.decide(group([["street": "x"], ["number": 7]]) + [single])
    #expect(outcomes[2].status == .applied)
    #expect(decision.writes.map(\.effect) == [.update(["street": "y"])])
  }
}

extension String {
  /// Merged with all that is there, whoever wrote it.
  fileprivate func isNote(of type: EntityType) -> Bool { type.rule(of: self)?.policy == .note }
}
