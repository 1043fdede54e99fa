import ConstatCore
import ConstatSync
import Testing

@Suite struct PushPlanTests {
  typealias Fixture = MergeFixture

  private func request(_ seqs: ClosedRange<Int64>, street: String = "rue B") -> PushRequest {
    PushRequest(
      device: Fixture.device, mutations: seqs.map { Fixture.mutation(["street": .string(street)], seq: $0) })
  }

  private func stored(_ request: PushRequest) -> [Int64: PushPlan.Stored] {
    Dictionary(
      uniqueKeysWithValues: request.items.map {
        ($0.seq, .init(payloadHash: $0.payloadHash, result: .init(seq: $0.seq, status: .merged, version: 12)))
      })
  }

  @Test func `what was settled is answered again and what is new is decided`() throws {
    let push = request(1...3)
    let plan = try PushPlan(push, from: Fixture.device, lmid: 2, stored: stored(request(1...2)))
    #expect(plan.replays.map(\.seq) == [1, 2])
    #expect(plan.replays.allSatisfy { $0.isReplay && $0.status == .merged && $0.version == 12 })
    #expect(plan.fresh.map(\.seq) == [3])
  }

  @Test func `a result beyond the last settled mutation betrays a copy, even of the same body`() {
    #expect(throws: PushError.deviceForked(seq: 3)) {
      try PushPlan(request(1...3), from: Fixture.device, lmid: 2, stored: stored(request(1...3)))
    }
  }

  @Test func `a gap is refused with the sequence that is due`() {
    #expect(throws: PushError.sequenceGap(lmid: 4)) {
      try PushPlan(request(6...7), from: Fixture.device, lmid: 4, stored: [:])
    }
  }

  @Test func `another payload under a settled sequence tells a copied device`() {
    let settled = stored(request(1...2))
    #expect(throws: PushError.deviceForked(seq: 1)) {
      try PushPlan(request(1...3, street: "rue C"), from: Fixture.device, lmid: 2, stored: settled)
    }
  }

  @Test func `sequences that are no neighbours are refused, in whatever order`() {
    for seqs: [Int64] in [[1, 3], [2, 1], [1, 1]] {
      let push = PushRequest(
        device: Fixture.device, mutations: seqs.map { Fixture.mutation(["street": "x"], seq: $0) })
      #expect(throws: PushError.sequenceNotDense) {
        try PushPlan(
          push, from: Fixture.device, lmid: 1,
          stored: stored(PushRequest(device: Fixture.device, mutations: [])))
      }
    }
  }

  @Test func `a push of another device is refused`() {
    #expect(throws: PushError.otherDevice) {
      try PushPlan(request(1...1), from: Fixture.colleague, lmid: 0, stored: [:])
    }
  }

  @Test func `a group that is cut in two is refused before anything is settled`() {
    var mutation = Fixture.mutation(["street": "x"])
    mutation.group = .init(id: "g", count: 2)
    let push = PushRequest(device: Fixture.device, mutations: [mutation])
    #expect(throws: PushError.groupIncomplete("g")) {
      try PushPlan(push, from: Fixture.device, lmid: 0, stored: [:])
    }
  }

  @Test func `an empty push is answered with nothing`() throws {
    let plan = try PushPlan(
      PushRequest(device: Fixture.device, mutations: []), from: Fixture.device, lmid: 7, stored: [:])
    #expect(plan.replays.isEmpty && plan.fresh.isEmpty)
  }
}
