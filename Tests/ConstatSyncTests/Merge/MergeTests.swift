import ConstatCore
import ConstatSync
import Testing

@Suite struct MergeTests {
  typealias Fixture = MergeFixture

  @Test func `an edit that nobody interfered with is applied as sent`() {
    let outcome = Fixture.decide(
      Fixture.mutation(["street": "rue B"], was: ["street": "rue A"]), on: Fixture.state(["street": "rue A"]))
    #expect(outcome == MergeOutcome(status: .applied, effect: .update(["street": "rue B"])))
  }

  @Test func `an observed field that the office changed meanwhile takes the device's value and keeps both`()
    throws
  {
    let outcome = Fixture.decide(
      Fixture.mutation(["street": "rue B"], was: ["street": "rue A"]),
      on: Fixture.state(["street": "rue C"], written: ["street": 20]))
    #expect(outcome.status == .conflicted)
    #expect(outcome.effect == .update(["street": "rue B"]))
    let conflict = try #require(outcome.conflicts.first)
    #expect(conflict.baseJSON == ["v": 10, "value": "rue A"])
    #expect(conflict.theirsJSON == ["v": 20, "value": "rue C", "actor": "user:marie"])
    #expect(conflict.mineJSON["value"] == "rue B")
    #expect(conflict.mineJSON["device"] == .string(Fixture.device))
    #expect(conflict.chosen == .mine && conflict.policy == "observed" && conflict.id == nil)
  }

  @Test func `an office field keeps the server's value and the conflict holds the device's`() throws {
    let outcome = Fixture.decide(
      Fixture.mutation(["price_incl_tax_cents": 20_000], was: ["price_incl_tax_cents": 15_000]),
      on: Fixture.state(["price_incl_tax_cents": 18_000], written: ["price_incl_tax_cents": 20]))
    #expect(outcome.status == .conflicted && outcome.effect == .none)
    let conflict = try #require(outcome.conflicts.first)
    #expect(conflict.chosen == .theirs)
    #expect(conflict.mine.value == 20_000 && conflict.theirs.value == 18_000)
  }

  @Test func `independent edits of one row both stand, and the answer says that they were merged`() {
    let outcome = Fixture.decide(
      Fixture.mutation(["street": "rue B"]), on: Fixture.state(["city": "Lyon"], written: ["city": 20]))
    #expect(outcome == MergeOutcome(status: .merged, effect: .update(["street": "rue B"])))
  }

  @Test func `two people who typed the same value do not contest it`() {
    let outcome = Fixture.decide(
      Fixture.mutation(["street": "rue B"]), on: Fixture.state(["street": "rue B"], written: ["street": 20]))
    #expect(outcome == MergeOutcome(status: .merged))
  }

  @Test func `two notations of one moment are one value`() {
    let key = EntityKey(.missionOrder, Fixture.dossier)
    let outcome = Fixture.decide(
      Fixture.mutation(["ended_at": "2026-11-21T10:00:00Z"], key: key),
      on: Fixture.state(["ended_at": "2026-11-21T11:00:00.000+01:00"], written: ["ended_at": 20], key: key))
    #expect(outcome.effect == .none && outcome.conflicts.isEmpty)
  }

  @Test func `a value that changed and changed back is still contested`() {
    let outcome = Fixture.decide(
      Fixture.mutation(["street": "rue B"], was: ["street": "rue A"]),
      on: Fixture.state(["street": "rue A"], written: ["street": 20]))
    #expect(outcome.status == .conflicted)
  }

  @Test func `a device does not contest its own earlier edits`() {
    let mine = Writer(actor: "device:" + Fixture.device, device: Fixture.device)
    let outcome = Fixture.decide(
      Fixture.mutation(["street": "rue C"], was: ["street": "rue B"]),
      on: Fixture.state(["street": "rue B"], written: ["street": 20], by: mine))
    #expect(outcome == MergeOutcome(status: .applied, effect: .update(["street": "rue C"])))
  }

  @Test func `a colleague's device is someone else`() {
    let other = Writer(actor: "device:" + Fixture.colleague, device: Fixture.colleague)
    let outcome = Fixture.decide(
      Fixture.mutation(["street": "rue C"], was: ["street": "rue A"]),
      on: Fixture.state(["street": "rue B"], written: ["street": 20], by: other))
    #expect(outcome.status == .conflicted)
  }

  @Test func `a version whose writer is unknown counts as someone else's`() {
    var state = Fixture.state(["street": "rue B"], written: ["street": 20])
    state.writers = [:]
    #expect(Fixture.decide(Fixture.mutation(["street": "rue C"]), on: state).status == .conflicted)
  }

  @Test func `a list keeps the items of both sides and nobody has to decide`() {
    let key = EntityKey(.contact, Fixture.contact)
    let outcome = Fixture.decide(
      Fixture.mutation(
        ["additional_emails": ["a@x.fr", "d@x.fr"]], was: ["additional_emails": ["a@x.fr", "b@x.fr"]],
        key: key),
      on: Fixture.state(
        ["additional_emails": ["a@x.fr", "b@x.fr", "c@x.fr"]], written: ["additional_emails": 20], key: key))
    #expect(
      outcome
        == MergeOutcome(
          status: .merged, effect: .update(["additional_emails": ["a@x.fr", "c@x.fr", "d@x.fr"]])))
  }

  @Test func `a row that does not exist is parked, not lost`() {
    #expect(Fixture.decide(Fixture.mutation(["street": "x"]), on: nil) == .parked(.notFound))
    let deletion = Fixture.mutation(
      [:], operation: .delete, key: EntityKey(.outbuilding, Fixture.outbuilding))
    #expect(Fixture.decide(deletion, on: nil) == .parked(.notFound))
  }
}

@Suite struct NoteMergeTests {
  typealias Fixture = MergeFixture
  let key = EntityKey(.dossier, MergeFixture.dossier)

  @Test func `two notes written apart stand one below the other`() throws {
    let outcome = Fixture.decide(
      Fixture.mutation(["notes": "chien méchant"]),
      on: Fixture.state(["notes": "digicode 12B"], written: ["notes": 20]))
    #expect(outcome.effect == .update(["notes": "digicode 12B\n---\nchien méchant"]))
    #expect(outcome.conflicts.first?.chosen == .both)
  }

  @Test func `a note that goes on keeps what was merged before its device has seen it`() {
    let mine = Writer(actor: "device", device: Fixture.device)
    let outcome = Fixture.decide(
      Fixture.mutation(["notes": "chien méchant, attaché"], was: ["notes": "chien méchant"]),
      on: Fixture.state(["notes": "digicode 12B\n---\nchien méchant"], written: ["notes": 20], by: mine))
    #expect(outcome.effect == .update(["notes": "digicode 12B\n---\nchien méchant, attaché"]))
    #expect(outcome.conflicts.isEmpty)
  }

  @Test func `a paragraph that both rewrote is kept twice, one that one removed is gone`() {
    #expect(ValueMerge.note(base: "A", mine: "A1", theirs: "A2") == "A2\n---\nA1")
    #expect(ValueMerge.note(base: "A\n---\nB", mine: "B", theirs: "A\n---\nB\n---\nC") == "B\n---\nC")
    #expect(ValueMerge.note(base: "A", mine: .null, theirs: "A") == .null)
  }

  @Test func `merging again changes nothing`() {
    let once = ValueMerge.note(base: "A", mine: "A\n---\nB", theirs: "A\n---\nC")
    #expect(once == "A\n---\nC\n---\nB")
    #expect(ValueMerge.note(base: "A", mine: "A\n---\nB", theirs: once) == once)
  }
}

@Suite struct CoalescingTests {
  typealias Fixture = MergeFixture

  @Test func `a second edit of a contested field goes into the open conflict`() throws {
    let state = Fixture.state(["key_pickup": "agence"], written: ["key_pickup": 20])
    var first = try #require(
      Fixture.decide(Fixture.mutation(["key_pickup": "gardien"]), on: state).conflicts.first)
    first.id = "c1"
    let second = Fixture.decide(
      Fixture.mutation(["key_pickup": "voisin"], was: ["key_pickup": "gardien"], seq: 2), on: state,
      open: [first])
    #expect(second.conflicts.map(\.id) == ["c1"])
    #expect(second.conflicts.first?.mine.value == "voisin")
    #expect(second.conflicts.first?.mine.seq == 2)
    #expect(second.conflicts.first?.theirs.earlier == [])
  }

  @Test func `a third party's value does not displace the first rival's`() throws {
    let office = Fixture.state(["street": "rue C"], written: ["street": 20])
    var record = try #require(
      Fixture.decide(Fixture.mutation(["street": "rue B"]), on: office).conflicts.first)
    record.id = "c1"
    let other = Writer(actor: "device:x", device: Fixture.colleague)
    let later = Fixture.state(["street": "rue D"], written: ["street": 30], by: other)
    let outcome = Fixture.decide(
      Fixture.mutation(["street": "rue E"], was: ["street": "rue B"], seq: 2), on: later, open: [record])
    #expect(outcome.conflicts.first?.theirs.value == "rue D")
    #expect(outcome.conflicts.first?.theirs.earlier == ["rue C"])
  }

  @Test func `an edit by someone who has seen the rival is applied and noted in the conflict`() throws {
    let state = Fixture.state(["key_pickup": "agence"], written: ["key_pickup": 20])
    var record = try #require(
      Fixture.decide(Fixture.mutation(["key_pickup": "gardien"]), on: state).conflicts.first)
    record.id = "c1"
    let outcome = Fixture.decide(
      Fixture.mutation(["key_pickup": "voisin"], was: ["key_pickup": "agence"], base: 25, seq: 2), on: state,
      open: [record])
    #expect(outcome.status == .applied)
    #expect(outcome.effect == .update(["key_pickup": "voisin"]))
    #expect(outcome.conflicts.first?.chosen == .mine)
    #expect(outcome.conflicts.first?.theirs.value == "agence")
  }

  @Test func `a conflict reads back from its columns`() throws {
    var record = try #require(
      Fixture.decide(
        Fixture.mutation(["street": "rue B"], was: ["street": "rue A"]),
        on: Fixture.state(["street": "rue C"], written: ["street": 20])
      ).conflicts.first)
    record.id = "c1"
    record.theirs.earlier = ["rue X"]
    #expect(try ConflictRecord(json: .object(record.columns), id: "c1") == record)
  }
}

@Suite struct DeletionTests {
  typealias Fixture = MergeFixture
  let key = EntityKey(.outbuilding, MergeFixture.outbuilding)

  @Test func `an edit brings back a row that was deleted meanwhile`() throws {
    let outcome = Fixture.decide(
      Fixture.mutation(["comment": "humide"], key: key),
      on: Fixture.state(["kind": "cellar", "lot_number": "12"], isDeleted: true, key: key))
    #expect(outcome.status == .conflicted)
    #expect(outcome.effect == .restore(["kind": "cellar", "lot_number": "12", "comment": "humide"]))
    let conflict = try #require(outcome.conflicts.first)
    #expect(
      conflict.field == "_deleted" && conflict.policy == "edit_beats_delete" && conflict.chosen == .mine)
    #expect(conflict.mine.value == ["comment": "humide"])
  }

  @Test func `a value that was changed before the deletion is contested too`() {
    let outcome = Fixture.decide(
      Fixture.mutation(["lot_number": "14"], was: ["lot_number": "12"], key: key),
      on: Fixture.state(["lot_number": "13"], isDeleted: true, key: key))
    #expect(outcome.conflicts.map(\.field) == ["lot_number", "_deleted"])
  }

  @Test func `a deletion yields to an edit that its device had not seen`() throws {
    let deletion = Fixture.mutation([:], operation: .delete, key: key)
    let outcome = Fixture.decide(
      deletion, on: Fixture.state(["lot_number": "13"], written: ["lot_number": 20], key: key))
    #expect(outcome.status == .conflicted && outcome.effect == .none)
    let conflict = try #require(outcome.conflicts.first)
    #expect(conflict.field == "_deleted" && conflict.chosen == .theirs && conflict.mine.value == .null)
    #expect(conflict.theirs.value == ["lot_number": "13"])
  }

  @Test func `a deletion of a row that nobody touched is carried out, and twice is as once`() {
    let deletion = Fixture.mutation([:], operation: .delete, key: key)
    #expect(Fixture.decide(deletion, on: Fixture.state(["kind": "attic"], key: key)).effect == .delete)
    let again = Fixture.decide(deletion, on: Fixture.state(["kind": "attic"], isDeleted: true, key: key))
    #expect(again == MergeOutcome(status: .applied))
  }

  @Test func `a device that brought a row back is not taken to know all that came back with it`() {
    let mine = Writer(actor: "device", device: Fixture.device)
    var revived = Fixture.state(["lot_number": "office 13", "comment": "mine"], born: 60, key: key)
    revived.writers = [60: mine]
    let edit = Fixture.decide(
      Fixture.mutation(["lot_number": "14"], was: ["lot_number": "12"], key: key), on: revived)
    #expect(edit.status == .conflicted)
    var deletion = Fixture.mutation([:], operation: .delete, key: key)
    deletion.was = ["lot_number": "12", "comment": "mine"]
    #expect(Fixture.decide(deletion, on: revived).effect == .none)
    deletion.was = ["lot_number": "office 13", "comment": "mine"]
    #expect(Fixture.decide(deletion, on: revived).effect == .delete)
  }
}

/// Edits without what their device showed: refused by nobody, they count as having seen what their base proves.
@Suite struct UnsaidTests {
  typealias Fixture = MergeFixture
  private static let mine = Writer(actor: "device:" + Fixture.device, device: Fixture.device)
  private static let contact = EntityKey(.contact, MergeFixture.contact)

  @Test func `what the base has come past is seen, what is above it is not`() {
    let state = Fixture.state(["street": "rue C", "city": "Lyon"], written: ["street": 20, "city": 8])
    let edit = Fixture.decide(Fixture.mutation(["street": "rue B", "city": "Paris"], was: [:]), on: state)
    #expect(edit.status == .conflicted && edit.conflicts.map(\.field) == ["street"])
    #expect(edit.effect == .update(["street": "rue B", "city": "Paris"]))
  }

  @Test(arguments: [Mutation.Operation.set, .create])
  func `no base shows that a value was seen which may be withheld ORG-18`(_ operation: Mutation.Operation)
    throws
  {
    func decide(_ set: [String: JSONValue], _ held: [String: JSONValue], by writer: Writer) -> MergeOutcome {
      Fixture.decide(
        Fixture.mutation(set, was: [:], base: 30, operation: operation, key: Self.contact),
        on: Fixture.state(held, written: held.mapValues { _ in 20 }, by: writer, key: Self.contact))
    }
    let phone = decide(["phone": "06"], ["phone": "0559", "email": "a@b.fr"], by: Fixture.office)
    #expect(phone.status == .conflicted && phone.effect == .none, "\(phone)")
    let record = try #require(phone.conflicts.first)
    #expect(record.mine.value == "06" && record.theirs.value == "0559" && record.chosen == .theirs)
    let list = decide(["additional_emails": ["b"]], ["additional_emails": ["a"]], by: Fixture.office)
    #expect(list.effect == .update(["additional_emails": ["a", "b"]]))
    let applied = MergeOutcome(status: .applied, effect: .update(["phone": "06"]))
    #expect(decide(["phone": "06"], [:], by: Fixture.office) == applied)
    #expect(decide(["phone": "06"], ["phone": "07"], by: Self.mine) == applied)
  }

  @Test func `its own edit a device has seen, what came back with a row it has not`() {
    let key = EntityKey(.outbuilding, MergeFixture.outbuilding)
    var revived = Fixture.state(["kind": "garage", "comment": "mine"], born: 60, key: key)
    revived.writers = [60: Self.mine, 70: Self.mine]
    let edit = Fixture.mutation(["kind": "attic"], was: [:], key: key)
    let unseen = Fixture.decide(edit, on: revived)
    #expect(unseen.status == .conflicted && unseen.conflicts.first?.theirs.value == "garage", "\(unseen)")
    revived.fieldVersions = ["kind": 70]
    #expect(
      Fixture.decide(edit, on: revived)
        == MergeOutcome(status: .applied, effect: .update(["kind": "attic"])))
    let other = Fixture.decide(Fixture.mutation(["lot_number": "3"], was: [:], key: key), on: revived)
    #expect(other == MergeOutcome(status: .applied, effect: .update(["lot_number": "3"])))
  }
}

@Suite struct CreationTests {
  typealias Fixture = MergeFixture
  let payment = EntityKey(.payment, MergeFixture.outbuilding)
  let values: [String: JSONValue] = ["means": "cheque", "amount_cents": 10_000]

  @Test func `a new row is inserted with its values`() {
    let outcome = Fixture.decide(Fixture.mutation(values, operation: .create, key: payment), on: nil)
    #expect(outcome == MergeOutcome(status: .applied, effect: .insert(values)))
  }

  @Test func `the same payment twice is one payment`() {
    let state = Fixture.state(["means": "cheque", "amount_cents": 10_000, "source": "field"], key: payment)
    let outcome = Fixture.decide(Fixture.mutation(values, operation: .create, key: payment), on: state)
    #expect(outcome == MergeOutcome(status: .applied))
  }

  @Test func `another amount under the same id is refused, since money never changes`() {
    let state = Fixture.state(["means": "cheque", "amount_cents": 9_000], key: payment)
    let outcome = Fixture.decide(Fixture.mutation(values, operation: .create, key: payment), on: state)
    #expect(outcome == .rejected(Rejection(.alreadyExists)))
  }

  @Test func `two devices that start one mission order share it, and who started it stays`() throws {
    let key = EntityKey(.missionOrder, Fixture.dossier)
    let other = Writer(actor: "device:x", device: Fixture.colleague)
    let state = Fixture.state(
      ["dossier_id": .string(Fixture.dossier), "technician_id": "other", "confirmed_step": 2],
      born: 20, key: key)
    var foreign = state
    foreign.writers = [20: other]
    let outcome = Fixture.decide(
      Fixture.mutation(
        ["dossier_id": .string(Fixture.dossier), "technician_id": "me", "confirmed_step": 0],
        operation: .create, key: key), on: foreign)
    #expect(outcome.status == .conflicted)
    #expect(outcome.effect == .update(["confirmed_step": 0]))
    #expect(outcome.conflicts.first { $0.field == "technician_id" }?.chosen == .theirs)
  }
}
