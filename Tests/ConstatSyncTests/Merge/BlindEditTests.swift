import ConstatCore
import ConstatSync
import Testing

/// Edits of fields that the device was not shown, although it had come past what they hold (ORG-18).
@Suite struct BlindEditTests {
  typealias Fixture = MergeFixture
  private static let contact = EntityKey(.contact, MergeFixture.contact)
  private static let dossier = EntityKey(.dossier, MergeFixture.dossier)

  /// A company that withholds all it can, and one that withholds nothing: the switch as it is when the edit arrives.
  private static let switches = [WithheldInformation.all, .none]
  private static let mine = Writer(actor: "device:" + MergeFixture.device, device: MergeFixture.device)

  private func decide(
    _ key: EntityKey, _ field: String, _ set: JSONValue, was: JSONValue, on current: JSONValue,
    by writer: Writer = Fixture.office, withheld: WithheldInformation, open: [ConflictRecord] = []
  ) -> MergeOutcome {
    Merge.decide(
      Fixture.mutation([field: set], was: [field: was], base: 30, key: key),
      on: Fixture.state([field: current], written: [field: 20], by: writer, key: key),
      by: Author(device: Fixture.device, technician: Fixture.technician, withheld: withheld),
      at: Fixture.server, openConflicts: Dictionary(uniqueKeysWithValues: open.map { ($0.field, $0) }))
  }

  @Test(arguments: switches)
  func `items that a device adds without seeing any come to what is there, its own too ORG-18`(
    _ withheld: WithheldInformation
  ) {
    let first = decide(
      Self.contact, "additional_emails", ["b"], was: .null, on: ["a"], withheld: withheld)
    #expect(first.effect == .update(["additional_emails": ["a", "b"]]))
    let second = decide(
      Self.contact, "additional_emails", ["c"], was: .null, on: ["a", "b"], by: Self.mine,
      withheld: withheld)
    #expect(second.effect == .update(["additional_emails": ["a", "b", "c"]]))
    #expect(second.conflicts.isEmpty && second.status == .merged)
  }

  @Test(arguments: switches)
  func `a note written without seeing the one before stands below it, its device's own too ORG-18`(
    _ withheld: WithheldInformation
  ) {
    let first = decide(Self.dossier, "notes", "A", was: .null, on: "office", withheld: withheld)
    #expect(first.effect == .update(["notes": "office\n---\nA"]))
    #expect(first.conflicts.first?.chosen == .both)
    let second = decide(
      Self.dossier, "notes", "B", was: .null, on: "office\n---\nA", by: Self.mine, withheld: withheld)
    #expect(second.effect == .update(["notes": "office\n---\nA\n---\nB"]))
    #expect(second.conflicts.isEmpty)
    let again = decide(
      Self.dossier, "notes", "B", was: .null, on: "office\n---\nA\n---\nB", by: Self.mine, withheld: withheld)
    #expect(again.effect == .none && again.conflicts.isEmpty)
  }

  @Test(arguments: switches)
  func `a note or list that its device had seen is edited as sent ORG-18`(_ withheld: WithheldInformation) {
    for writer in [Fixture.office, Self.mine] {
      let note = decide(Self.dossier, "notes", "A2", was: "A", on: "A", by: writer, withheld: withheld)
      #expect(note == MergeOutcome(status: .applied, effect: .update(["notes": "A2"])))
      let list = decide(
        Self.contact, "additional_emails", ["b"], was: ["a"], on: ["a"], by: writer, withheld: withheld)
      #expect(list == MergeOutcome(status: .applied, effect: .update(["additional_emails": ["b"]])))
    }
  }

  @Test(arguments: switches)
  func `a value that its device was not shown is contested, whatever the switch says by then ORG-18`(
    _ withheld: WithheldInformation
  ) throws {
    let blind = decide(Self.contact, "phone", "06", was: .null, on: "0559", withheld: withheld)
    #expect(blind.status == .conflicted && blind.effect == .none)
    var record = try #require(blind.conflicts.first)
    #expect(record.theirs.value == "0559" && record.mine.value == "06" && record.chosen == .theirs)
    record.id = "c1"
    // The device goes on from its own value: it still has not seen the office's.
    let next = decide(
      Self.contact, "phone", "07", was: "06", on: "0559", withheld: withheld, open: [record])
    #expect(next.status == .conflicted && next.effect == .none)
    #expect(next.conflicts.map(\.id) == ["c1"] && next.conflicts.first?.mine.value == "07")
  }

  @Test(arguments: switches)
  func `a value that was empty, seen, or the device's own is overwritten without a conflict ORG-18`(
    _ withheld: WithheldInformation
  ) {
    let applied = MergeOutcome(status: .applied, effect: .update(["phone": "07"]))
    func outcome(was: JSONValue, on current: JSONValue, by writer: Writer) -> MergeOutcome {
      decide(Self.contact, "phone", "07", was: was, on: current, by: writer, withheld: withheld)
    }
    #expect(outcome(was: .null, on: .null, by: Fixture.office) == applied)
    #expect(outcome(was: "06", on: "06", by: Fixture.office) == applied)
    #expect(outcome(was: .null, on: "06", by: Self.mine) == applied)
  }

  @Test func `a field that is never withheld goes by its version alone`() {
    let outcome = decide(Self.dossier, "key_pickup", "gardien", was: .null, on: "agence", withheld: .all)
    #expect(outcome == MergeOutcome(status: .applied, effect: .update(["key_pickup": "gardien"])))
  }
}
