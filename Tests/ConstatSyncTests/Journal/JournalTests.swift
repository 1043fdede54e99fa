import ConstatCore
import ConstatSync
import Testing

@Suite struct JournalTests {
  typealias Fixture = MergeFixture
  let now = Instant(secondsSinceEpoch: 1_800_000_000)

  private func journal(_ count: Int64, groups: [ClosedRange<Int64>] = []) -> Journal {
    var journal = Journal()
    for seq in 1...count {
      var mutation = Fixture.mutation(["street": .string("rue \(seq)")], seq: seq)
      if let group = groups.first(where: { $0.contains(seq) }) {
        mutation.group = .init(id: "g\(group.lowerBound)", count: group.count)
      }
      journal.append(mutation)
    }
    return journal
  }

  private func answer(
    _ seqs: ClosedRange<Int64>, _ status: MutationStatus = .applied, version: Int64 = 20,
    epoch: String = "e1"
  ) -> PushResponse {
    PushResponse(
      epoch: epoch, lmid: seqs.upperBound,
      results: seqs.map { .init(seq: $0, status: status, version: version) })
  }

  @Test func `a batch is the oldest unanswered edits and never cuts a group`() {
    var plain = journal(5)
    #expect(plain.batch(limit: 3).map(\.seq) == [1, 2, 3])
    plain.acknowledge(answer(1...2), at: now)
    #expect(plain.batch(limit: 3).map(\.seq) == [3, 4, 5])
    let grouped = journal(6, groups: [2...4])
    #expect(grouped.batch(limit: 3).map(\.seq) == [1])
    #expect(journal(6, groups: [1...4]).batch(limit: 3).map(\.seq) == [1, 2, 3, 4])
    #expect(Journal().batch().isEmpty)
  }

  @Test func `an answer counts once`() {
    var journal = journal(2)
    journal.acknowledge(answer(1...1, .conflicted), at: now)
    journal.acknowledge(answer(1...1, .applied), at: now.adding(seconds: 60))
    #expect(journal.entries[0].result?.status == .conflicted)
    #expect(journal.entries[0].settledAt == now)
    #expect(journal.unansweredCount == 1)
  }

  @Test func `a server that has forgotten answers is told again, with the same bytes`() {
    var journal = journal(4)
    let first = journal.batch().map(\.payloadHash)
    journal.acknowledge(answer(1...4), at: now)
    journal.rewind(to: 2)
    #expect(journal.batch().map(\.seq) == [3, 4])
    #expect(journal.batch().map(\.payloadHash) == Array(first.suffix(2)))
    journal.rewind(to: 9)
    #expect(journal.unansweredCount == 2)
  }

  @Test func `an edit shows until a checkpoint holds it, and no longer where it was not applied`() {
    var journal = journal(4)
    journal.acknowledge(answer(1...1), at: now)
    journal.acknowledge(answer(2...2, .parked), at: now)
    journal.acknowledge(answer(3...3, .rejected), at: now)
    #expect(journal.pending(over: .init(epoch: "e1", version: 19)).map(\.seq) == [1, 4])
    #expect(journal.pending(over: .init(epoch: "e1", version: 20)).map(\.seq) == [4])
  }

  @Test func `an edit that a restored server answered shows until its checkpoint is there`() {
    var journal = journal(1)
    journal.acknowledge(answer(1...1, version: 1020, epoch: "e2"), at: now)
    #expect(journal.pending(over: .init(epoch: "e1", version: 2000)).map(\.seq) == [1])
    #expect(journal.pending(over: .init(epoch: "e2", version: 1020)).isEmpty)
    #expect(journal.pending(over: .init(epoch: "e3", version: 5)).isEmpty)
  }

  @Test func `what was answered long ago is forgotten from the front only`() {
    var journal = journal(4)
    journal.acknowledge(answer(1...1), at: now)
    journal.acknowledge(answer(3...3), at: now)
    journal.prune(before: now.adding(seconds: 1))
    #expect(journal.entries.map(\.mutation.seq) == [2, 3, 4])
    #expect(journal.nextSequence == 5)
    #expect(journal.isShort(of: 0) && !journal.isShort(of: 1))
    journal.acknowledge(answer(2...4), at: now)
    journal.prune(before: now.adding(seconds: 1))
    #expect(journal.entries.isEmpty && journal.nextSequence == 5 && journal.isShort(of: 3))
  }

  @Test func `a device that registers anew brings what was never answered, from one on`() {
    var journal = journal(4)
    journal.acknowledge(answer(1...2), at: now)
    let renumbered = journal.renumbered(for: Lineage(epoch: "e1"))
    #expect(renumbered.batch().map(\.seq) == [1, 2])
    #expect(renumbered.batch().map { $0.set["street"] } == ["rue 3", "rue 4"])
  }

  @Test func `and what was answered by a history that the server has lost`() {
    var journal = journal(4)
    for (seq, version) in [(Int64(1), Int64(20)), (2, 31)] {
      journal.acknowledge(
        PushResponse(
          epoch: "e1", lmid: seq, results: [MutationResult(seq: seq, status: .applied, version: version)]),
        at: now)
    }
    func streets(_ server: Lineage) -> [JSONValue?] {
      journal.renumbered(for: server).batch().map { $0.set["street"] }
    }
    #expect(streets(Lineage(epoch: "e2", forks: ["e1": 30])) == ["rue 2", "rue 3", "rue 4"])
    #expect(streets(Lineage(epoch: "e2", forks: ["e1": 31])) == ["rue 3", "rue 4"])
    #expect(streets(Lineage(epoch: "e9")) == ["rue 1", "rue 2", "rue 3", "rue 4"])
  }
}

@Suite struct LocalViewTests {
  typealias Fixture = MergeFixture
  let key = EntityKey(.dossier, MergeFixture.dossier)

  private func checkpoint(
    _ fields: [String: JSONValue], _ versions: [String: Int64] = [:]
  ) -> Checkpoint {
    Checkpoint(
      base: .init(epoch: "e1", version: 30),
      entities: [key: Entity(key: key, version: 20, born: 5, fields: fields, fieldVersions: versions)])
  }

  private func view(
    _ checkpoint: Checkpoint, _ pending: Mutation..., own: Set<Int64> = []
  ) -> LocalEntity? {
    LocalView.entity(key, in: checkpoint, pending: pending, ownVersions: own)
  }

  @Test func `the technician sees what he typed over what the server last showed`() throws {
    let start = checkpoint(["street": "A", "city": "Lyon"])
    let seen = try #require(view(start, Fixture.mutation(["street": "B"])))
    #expect(seen.values == ["street": "B", "city": "Lyon"])
    #expect(seen.pending == ["street"] && seen.contested.isEmpty)
  }

  @Test func `a typed value stays in sight after a pull, marked where somebody changed the field`() {
    let pulled = checkpoint(["street": "C"], ["street": 20])
    let edit = Fixture.mutation(["street": "B"])
    #expect(view(pulled, edit)?.values["street"] == "B")
    #expect(view(pulled, edit)?.contested == ["street"])
    #expect(view(pulled, edit, own: [20])?.contested == [])
    #expect(view(pulled, Fixture.mutation(["street": "B"], base: 25))?.contested == [])
  }

  @Test func `notes show both sides at once`() {
    let note = view(
      checkpoint(["notes": "A\n---\noffice"], ["notes": 20]),
      Fixture.mutation(["notes": "A\n---\nmine"], was: ["notes": "A"]))
    #expect(note?.values["notes"] == "A\n---\noffice\n---\nmine")
  }

  @Test func `a new row shows, a deleted one does not, and edits of a row that left wait unseen`() {
    let row = EntityKey(.outbuilding, Fixture.outbuilding)
    let create = Fixture.mutation(["kind": "cellar"], operation: .create, key: row)
    let edit = Fixture.mutation(["comment": "x"], seq: 2, key: row)
    let delete = Fixture.mutation([:], seq: 3, operation: .delete, key: row)
    let empty = Checkpoint()
    let made = LocalView.entity(row, in: empty, pending: [create, edit])
    #expect(made?.values == ["kind": "cellar", "comment": "x"])
    #expect(LocalView.entity(row, in: empty, pending: [create, edit, delete]) == nil)
    #expect(LocalView.entity(row, in: empty, pending: [edit]) == nil)
    #expect(Set(LocalView.entities(in: empty, pending: [create, edit]).keys) == [row])
  }
}
