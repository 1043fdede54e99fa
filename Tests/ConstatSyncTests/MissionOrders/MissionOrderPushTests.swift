import ConstatCore
import ConstatSync
import Testing

@Suite struct MissionOrderPushTests {
  typealias Fixture = MergeFixture
  let key = EntityKey(.missionOrder, MergeFixture.dossier)

  private var start: Mutation {
    Fixture.mutation(
      [
        "dossier_id": .string(Fixture.dossier), "technician_id": .string(Fixture.technician),
        "started_at": "2026-11-21T09:00:00Z",
      ], operation: .create, key: key)
  }

  private func decide(_ mutations: [Mutation], signers: Set<Signature.Signer> = []) -> [MergeOutcome] {
    var decision = PushDecision(
      author: Fixture.author, server: Fixture.server,
      missions: [Fixture.dossier: .init(signers: signers)],
      states: [EntityKey(.dossier, Fixture.dossier): Fixture.state([:])], check: .fieldSets,
      newConflictID: { "c" })
    return decision.decide(
      mutations.enumerated().map { index, mutation in
        var mutation = mutation
        mutation.seq = Int64(index + 1)
        return .mutation(mutation)
      })
  }

  private func step(
    _ number: Int64, after last: Int64? = nil, _ answers: [String: JSONValue] = [:]
  ) -> Mutation {
    var set = answers
    set["confirmed_step"] = .integer(number)
    var was = set.mapValues { _ in JSONValue.null }
    was["confirmed_step"] = number == 1 ? .null : .integer(last ?? number - 1)
    return Fixture.mutation(set, was: was, key: key)
  }

  private func signature(_ signer: String, _ id: String, image: String) -> Mutation {
    Fixture.mutation(
      [
        "dossier_id": .string(Fixture.dossier), "mission_order_id": .string(Fixture.dossier),
        "signer": .string(signer), "signer_name": "Marc", "signer_capacity": "other",
        "signed_at": "2026-11-21T10:00:00Z",
        "image_base64": .string(image),
      ], operation: .create, key: EntityKey(.signature, id))
  }

  /// One pixel.
  static let png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

  private var toTheEnd: [Mutation] {
    [start] + (1...7).map { step($0) } + [step(8, ["payer_present": false])]
  }

  private func paying(_ offer: OnlineCardOffer, at server: ServerPosition = Fixture.server) -> [MergeOutcome]
  {
    let walk =
      [start] + (1...7).map { step($0) } + [
        step(8, ["payer_present": true]), step(9, ["payment_on_site": true]),
        step(10, ["payment_means": "online_card"]),
        Fixture.mutation(
          [
            "dossier_id": .string(Fixture.dossier), "means": "online_card", "amount_cents": 39_680,
            "received_on": "2026-11-21", "received_at": "2026-11-21T10:00:00Z",
          ], operation: .create, key: EntityKey(.payment, "0199a3c0-0000-7000-8000-0000000000e5")),
      ]
    var decision = PushDecision(
      author: Fixture.author, server: server, missions: [Fixture.dossier: .init()],
      states: [EntityKey(.dossier, Fixture.dossier): Fixture.state([:])], onlineCard: offer,
      check: .fieldSets, newConflictID: { "c" })
    return Array(
      decision.decide(
        walk.enumerated().map { index, mutation in
          var mutation = mutation
          mutation.seq = Int64(index + 1)
          return .mutation(mutation)
        }
      ).suffix(2))
  }

  @Test func `MIS-18 a card through the provider is taken where the company opted for it, and else refused`()
  {
    for outcome in paying(.never) {
      #expect(outcome.rejection?.code == .valueInvalid)
      #expect(outcome.rejection?.problems.map(\.detail) == ["means-not-offered"])
    }
    let base = Fixture.mutation([:]).base.version
    let since = paying(OnlineCardOffer(isOffered: true, since: base))
    #expect(since.allSatisfy { $0.status == .applied })
    let before = paying(OnlineCardOffer(isOffered: false, since: base))
    #expect(before.allSatisfy { $0.status == .rejected }, "the device knew that it was withdrawn")
    let after = paying(OnlineCardOffer(isOffered: false, since: base + 1))
    #expect(after.allSatisfy { $0.status == .applied }, "money taken while it was offered is money taken")
  }

  @Test func `MIS-18 money is money also where a restore has forgotten that the provider was offered`() {
    let base = Fixture.mutation([:]).base
    let withdrawn = OnlineCardOffer(isOffered: false, since: base.version - 5)
    func paid(fork: Int64) -> [MutationStatus] {
      paying(withdrawn, at: ServerPosition(epoch: "e2", forks: [base.epoch: fork], version: 100)).map(
        \.status)
    }
    #expect(paid(fork: base.version - 1) == [.applied, .applied])
    #expect(paid(fork: base.version) == [.rejected, .rejected], "it knew no more than the backup does")
  }

  @Test func `MIS-07 a whole walk is applied step by step, in one push`() {
    let walk =
      toTheEnd + [
        signature("technician", Fixture.outbuilding, image: Self.png),
        signature("ordering_party", Fixture.contact, image: Self.png),
        Fixture.mutation(["finalised_at": "2026-11-21T10:00:00Z"], key: key),
      ]
    #expect(decide(walk).map(\.status) == walk.map { _ in .applied })
  }

  @Test func `a step that is skipped or not on the path is refused with its rule`() {
    let skipped = decide([start, step(1), step(3, after: 1)])
    #expect(skipped[2].rejection?.problems.first?.detail == "step-skipped")
    let wrong = decide(toTheEnd + [step(9, ["payment_on_site": true])])
    #expect(wrong.last?.rejection?.problems.first?.detail == "step-not-on-path")
  }

  @Test func `MIS-20 no order is final before both have signed, in this push or before`() {
    let end = Fixture.mutation(["finalised_at": "2026-11-21T10:00:00Z"], key: key)
    #expect(decide(toTheEnd + [end]).last?.rejection?.problems.first?.detail == "signature-missing")
    #expect(decide(toTheEnd + [end], signers: [.technician, .orderingParty]).last?.status == .applied)
  }

  @Test func `a walk that a colleague's walk made impossible is kept, not refused`() {
    let colleague = Writer(actor: "device:x", device: Fixture.colleague)
    let state = Fixture.state(
      ["dossier_id": .string(Fixture.dossier), "confirmed_step": 5], written: ["confirmed_step": 40],
      by: colleague, key: key)
    var decision = PushDecision(
      author: Fixture.author, server: Fixture.server, missions: [Fixture.dossier: .init()],
      states: [key: state], check: .fieldSets, newConflictID: { "c" })
    #expect(decision.decide([.mutation(step(3))]) == [.parked(.closed)])
  }

  /// The mission was a colleague's while the first steps came, and is the technician's again.
  @Test func `a walk whose first steps are parked is parked to its end, signatures with it`() {
    func decided(_ mission: PushDecision.Mission) -> [MergeOutcome] {
      var decision = PushDecision(
        author: Fixture.author, server: Fixture.server, missions: [Fixture.dossier: mission],
        states: [key: Fixture.state(["dossier_id": .string(Fixture.dossier)], key: key)], check: .fieldSets,
        newConflictID: { "c" })
      let group = Mutation.Group(id: "g", count: 3)
      var end = [
        signature("technician", Fixture.outbuilding, image: Self.png),
        signature("ordering_party", Fixture.contact, image: Self.png),
        Fixture.mutation(["finalised_at": "2026-11-21T10:00:00Z"], key: key),
      ]
      for place in end.indices { end[place].group = group }
      return decision.decide(end.map { .mutation($0) })
    }
    #expect(decided(.init(hasParkedSteps: true)) == Array(repeating: .parked(.closed), count: 3))
    #expect(decided(.init()).map(\.status) == Array(repeating: .rejected, count: 3))
  }

  @Test func `an order bears its dossier's id and its device's technician`() {
    var other = start
    other.set["technician_id"] = .string(Fixture.contact)
    #expect(decide([other])[0].rejection?.problems.first?.pointer == "/set/technician_id")
    let elsewhere = Fixture.mutation(
      start.set, operation: .create, key: EntityKey(.missionOrder, Fixture.contact))
    #expect(decide([elsewhere])[0].rejection?.problems.first?.pointer == "/id")
  }

  @Test(arguments: ["", "%%%%", "aGVsbG8=", String(repeating: "A", count: 300_000)])
  func `what is no small picture is no signature`(image: String) {
    let outcome = decide([start, signature("technician", Fixture.outbuilding, image: image)])[1]
    #expect(outcome.rejection?.problems.first?.pointer == "/set/image_base64")
  }

  @Test func `a picture is known by its bytes`() {
    let image = SignatureImage(base64: Self.png)
    #expect(image?.mediaType == "image/png")
    #expect(image?.bytes.count == 70)
    #expect(image?.sha256.count == 64)
    #expect(SignatureImage(base64: "/9j/4A==")?.mediaType == "image/jpeg")
  }

  @Test func `the same signature twice is one, another picture under its id is refused`() throws {
    let image = try #require(SignatureImage(base64: Self.png))
    let mutation = signature("technician", Fixture.outbuilding, image: Self.png)
    var values = mutation.set
    values["image_base64"] = nil
    values["image_sha256"] = .string(image.sha256)
    values["signed_at"] = "2026-11-21T10:00:00+00:00"
    let state = Fixture.state(values, key: mutation.key)
    #expect(Fixture.decide(mutation, on: state) == MergeOutcome(status: .applied))
    values["image_sha256"] = "00"
    let other = Fixture.decide(mutation, on: Fixture.state(values, key: mutation.key))
    #expect(other.rejection?.code == .alreadyExists)
  }

  @Test func `what both parties signed is not written over, it is proposed`() {
    let change: [String: JSONValue] = ["street": "rue X", "urgent": true, "price_incl_tax_cents": 1]
    let open = SignedOrder.divide(change, of: .dossier, isFinalised: false)
    #expect(open.applied == change && open.proposed.isEmpty)
    let signed = SignedOrder.divide(change, of: .dossier, isFinalised: true)
    #expect(signed.proposed == ["street": "rue X"])
    #expect(signed.applied == ["urgent": true, "price_incl_tax_cents": 1])
  }
}
