import ConstatCore
import ConstatSync
import Testing

@Suite struct WireTests {
  typealias Fixture = MergeFixture

  @Test func `a pull comes back as it was sent`() throws {
    let pull = PullRequest(
      cursor: "abc", limit: 20, schema: 1,
      report: DeviceReport(
        unsentCount: 3, oldestUnsentAt: Instant("2026-11-21T10:00:00Z"),
        clock: Instant("2026-11-21T11:00:00Z")))
    #expect(try PullRequest(json: pull.json) == pull)
    let entity = Entity(
      key: EntityKey(.dossier, Fixture.dossier), version: 9, born: 3,
      fields: ["street": "x", "floor": .null],
      fieldVersions: ["street": 9])
    let page = PullResponse(
      epoch: "e1", version: 12,
      events: [
        .put(entity), .delete(EntityKey(.contact, Fixture.contact), version: 10),
        .leave(mission: Fixture.dossier, version: 11, reason: .reassigned),
      ], cursor: "c", more: true, reset: false, lmid: 4)
    #expect(try PullResponse(json: JSONValue.parse(page.json.serialized())) == page)
  }

  @Test func `a push and its answer come back as they were sent`() throws {
    var mutation = Fixture.mutation(["street": "x"], was: ["street": "y"])
    mutation.group = .init(id: "g", count: 1)
    let push = PushRequest(device: Fixture.device, mutations: [mutation])
    #expect(try PushRequest(json: JSONValue.parse(push.json.serialized())) == push)
    let problem = FieldProblem(pointer: "/set/x", code: .unknownField, detail: "ce champ est inconnu")
    let answer = PushResponse(
      epoch: "e1", lmid: 5,
      results: [
        .init(seq: 1, status: .conflicted, version: 3, conflicts: ["c1"]),
        .init(seq: 2, status: .parked, version: 3, parked: .reassigned, isReplay: true),
        .init(seq: 3, status: .rejected, version: 3, rejection: Rejection(.fieldNotWritable, [problem])),
      ])
    #expect(try PushResponse(json: JSONValue.parse(answer.json.serialized())) == answer)
  }

  @Test func `members and events of a newer server do not trouble an older device`() throws {
    let page = try PullResponse(
      json: [
        "epoch": "e1", "v": 3, "cursor": "c", "lmid": 0, "newer": [1],
        "events": [["op": "merge", "v": 2], ["op": "put", "type": "hologram", "id": "x", "v": 2]],
      ])
    #expect(page.events.allSatisfy { if case .unknown = $0 { true } else { false } })
    #expect(!page.more && !page.reset && page.schema == SchemaRange(minimum: 1, maximum: 1))
  }

  @Test func `members that this code does not know are kept and are part of what a mutation is`() throws {
    var json = Fixture.mutation(["street": "x"]).json.object ?? [:]
    let plain = try Mutation(json: .object(json))
    json["photo"] = ["sha256": "00"]
    let newer = try Mutation(json: .object(json))
    #expect(newer.json == .object(json))
    #expect(newer.payloadHash != plain.payloadHash)
  }

  @Test func `a mutation is the same whatever the case of its ids and the nulls beside them`() throws {
    let mutation = Fixture.mutation(["street": "x", "city": "y"])
    var shouted = mutation.json.object ?? [:]
    shouted["id"] = .string(Fixture.dossier.uppercased())
    shouted["group"] = .null
    #expect(try Mutation(json: .object(shouted)).payloadHash == mutation.payloadHash)
    #expect(Fixture.mutation(["street": "x", "city": "z"]).payloadHash != mutation.payloadHash)
  }

  @Test(arguments: ["type", "id", "op", "dossier", "base"])
  func `a mutation without a member that it needs is told apart from the others`(member: String) throws {
    var broken = Fixture.mutation(["street": "x"]).json.object ?? [:]
    broken[member] = Optional.none
    let sound = Fixture.mutation(["street": "x"], seq: 2)
    let push = try PushRequest(
      json: ["device": .string(Fixture.device), "mutations": [.object(broken), sound.json]])
    guard case .malformed(let seq, let payload, let problems) = push.items[0] else {
      Issue.record("taken for sound")
      return
    }
    #expect(seq == 1 && payload == .object(broken))
    #expect(problems.problems.map(\.pointer) == ["/mutations/0/" + member])
    #expect(push.items[1] == .mutation(sound))
  }

  @Test(arguments: [
    "[]", "{}", #"{"device":"x","mutations":[]}"#,
    #"{"device":"00000000-0000-7000-8000-0000000000a1","mutations":{}}"#,
    #"{"device":"00000000-0000-7000-8000-0000000000a1","mutations":[1]}"#,
    #"{"device":"00000000-0000-7000-8000-0000000000a1","mutations":[{"seq":-1}]}"#,
    #"{"device":"00000000-0000-7000-8000-0000000000a1","mutations":[{"seq":"1"}]}"#,
  ])
  func `a push in which no mutation can be answered is refused whole`(body: String) throws {
    let json = try JSONValue.parse(body)
    #expect(throws: FieldProblems.self) { try PushRequest(json: json) }
  }

  @Test func `a push holds at most 500 mutations, a page at most 500 events, a group at most 50`() {
    let many = PushRequest(
      device: Fixture.device, mutations: (1...501).map { Fixture.mutation(["street": "x"], seq: $0) })
    #expect(throws: FieldProblems("/mutations", .tooMany, "au plus 500 modifications sont acceptées")) {
      try PushRequest(json: many.json)
    }
    #expect(throws: FieldProblems.self) { try PullRequest(json: ["limit": 501]) }
    #expect(throws: FieldProblems.self) { try PullRequest(json: ["limit": 0]) }
    var mutation = Fixture.mutation(["street": "x"])
    mutation.group = .init(id: "g", count: 51)
    #expect(throws: FieldProblems.self) { try Mutation(json: mutation.json) }
  }

  @Test func `a pull without members starts from nothing`() throws {
    #expect(try PullRequest(json: [:]) == PullRequest(cursor: nil, limit: 500, schema: 1))
    #expect(try PullRequest(json: ["cursor": nil, "limit": nil]).cursor == nil)
  }

  @Test func `a rejection of a newer server is still a rejection`() throws {
    let result = try MutationResult(
      json: ["seq": 1, "status": "rejected", "v": 3, "error": ["code": "mood", "detail": "non"]])
    #expect(result.status == .rejected && result.rejection != nil)
  }
}

@Suite struct HybridClockTests {
  @Test func `readings grow though the wall clock goes back`() {
    var clock = HybridClock(device: "d1")
    let noon = Instant(secondsSinceEpoch: 1_800_000_000)
    let times = [noon, noon, noon.adding(seconds: -3600), noon.adding(seconds: 1)]
    let readings = times.map { clock.tick(at: $0) }
    #expect(readings == readings.sorted() && Set(readings).count == 4)
    #expect(readings.map(\.description) == readings.map(\.description).sorted())
    #expect(readings[2].counter == 2 && readings[3].counter == 0)
  }

  @Test func `a full counter takes a millisecond from the future`() {
    let last = HybridTime(milliseconds: 5, counter: .max, device: "d1")
    var clock = HybridClock(device: "d1", last: last)
    #expect(clock.tick(at: .min) == HybridTime(milliseconds: 6, counter: 0, device: "d1"))
  }

  @Test func `a reading is a text and back`() {
    let time = HybridTime(milliseconds: 1_763_769_600_000, counter: 255, device: "d1-2")
    #expect(time.description == "001763769600000-00ff-d1-2")
    #expect(HybridTime(time.description) == time)
    for text in ["", "1-2-3", "00176376960000x-0000-d", "001763769600000-00ff-", "+01763769600000-0000-d"] {
      #expect(HybridTime(text) == nil)
    }
  }

  @Test func `a clock ten years off is flagged, five minutes are not`() {
    let now = Instant(secondsSinceEpoch: 1_800_000_000)
    let early = HybridTime(milliseconds: 1_500_000_000_000, counter: 0, device: "d1")
    #expect(HybridClock.skew(of: early, at: now) == -300_000_000)
    let near = HybridTime(milliseconds: 1_800_000_300_000, counter: 0, device: "d1")
    #expect(HybridClock.skew(of: near, at: now) == nil)
  }
}
