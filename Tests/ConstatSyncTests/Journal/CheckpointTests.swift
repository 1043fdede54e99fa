import ConstatCore
import ConstatSync
import Testing

@Suite struct CheckpointTests {
  static let mission = "00000000-0000-7000-8000-0000000000d1"
  static let other = "00000000-0000-7000-8000-0000000000d2"

  private func put(_ type: EntityType, _ id: String, _ fields: [String: JSONValue]) -> SyncEvent {
    .put(Entity(key: EntityKey(type, id), version: 5, born: 5, fields: fields))
  }

  private func page(
    _ events: [SyncEvent], v: Int64 = 10, more: Bool = false, reset: Bool = false, epoch: String = "e1"
  ) -> PullResponse {
    PullResponse(
      epoch: epoch, version: v, events: events, cursor: "c\(v)", more: more, reset: reset, lmid: 0)
  }

  private func ids(_ checkpoint: Checkpoint) -> [String] { checkpoint.entities.keys.map(\.id).sorted() }

  @Test func `pages show together or not at all, at the version of the last`() {
    var staging = Staging(first: page([put(.dossier, Self.mission, [:])], v: 10, more: true))
    #expect(!staging.isComplete && staging.cursor == "c10")
    staging.append(page([put(.dossier, Self.other, [:])], v: 12))
    let checkpoint = Checkpoint().applying(staging)
    #expect(ids(checkpoint) == [Self.mission, Self.other])
    #expect(checkpoint.base == .init(epoch: "e1", version: 12) && checkpoint.cursor == "c12")
  }

  @Test func `a reset replaces what the device had, and one in the middle the earlier pages too`() {
    let old = Checkpoint().applying(Staging(first: page([put(.dossier, Self.mission, [:])])))
    let fresh = old.applying(Staging(first: page([put(.dossier, Self.other, [:])], reset: true)))
    #expect(ids(fresh) == [Self.other])
    var staging = Staging(first: page([put(.dossier, "x", [:])], more: true))
    staging.append(page([put(.dossier, Self.other, [:])], reset: true, epoch: "e2"))
    #expect(ids(old.applying(staging)) == [Self.other])
  }

  @Test func `a mission that leaves takes with it all that only it led to`() {
    let rows = [
      put(.dossier, Self.mission, ["owner_id": "c1", "payer_id": "c2", "module_id": "m1"]),
      put(.dossier, Self.other, ["owner_id": "c2"]),
      put(.outbuilding, "o1", ["dossier_id": .string(Self.mission)]),
      put(.appointment, "a1", ["dossier_id": .string(Self.mission)]),
      put(.leadAnalyserBooking, "l1", ["appointment_id": "a1"]),
      put(.dossierContact, "dc1", ["dossier_id": .string(Self.mission), "contact_id": "c3"]),
      put(.contact, "c1", [:]), put(.contact, "c2", [:]), put(.contact, "c3", [:]),
      put(.contact, "c4", [:]), put(.module, "m1", [:]), put(.diagnosticType, "t1", [:]),
    ]
    let full = Checkpoint().applying(Staging(first: page(rows)))
    let all = [Self.mission, Self.other, "a1", "c1", "c2", "c3", "dc1", "l1", "m1", "o1", "t1"]
    #expect(ids(full) == all.sorted())
    let leave = SyncEvent.leave(mission: Self.mission, version: 11, reason: .reassigned)
    #expect(ids(full.applying(Staging(first: page([leave])))) == [Self.other, "c2", "t1"])
  }

  @Test func `a link that goes takes its row with it, without a word from the server`() {
    let full = Checkpoint().applying(
      Staging(first: page([put(.dossier, Self.mission, ["owner_id": "c1"]), put(.contact, "c1", [:])])))
    let relinked = full.applying(
      Staging(first: page([put(.dossier, Self.mission, ["owner_id": "c2"])])))
    #expect(ids(relinked) == [Self.mission])
  }

  @Test func `deletions and unknown events pass over what the device never had`() {
    let events: [SyncEvent] = [.delete(EntityKey(.contact, "c9"), version: 3), .unknown(["op": "new"])]
    let checkpoint = Checkpoint().applying(Staging(first: page(events)))
    #expect(checkpoint.entities.isEmpty && checkpoint.base.version == 10)
  }
}
