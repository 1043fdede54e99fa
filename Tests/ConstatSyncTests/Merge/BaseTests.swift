import ConstatCore
import ConstatSync
import Testing

/// How much of the server's history the base of an edit shows its author to have known.
@Suite struct BaseTests {
  typealias Fixture = MergeFixture

  @Test func `a base of an older epoch counts up to the fork`() {
    let restored = ServerPosition(epoch: "e2", forks: ["e1": 30], version: 1100)
    let state = Fixture.state(["street": "rue C"], written: ["street": 1040])
    let late = Fixture.mutation(["street": "rue B"], base: 1050, epoch: "e1")
    #expect(Fixture.decide(late, on: state, server: restored).status == .conflicted)
    let known = Fixture.state(["street": "rue C"], written: ["street": 25])
    let seeing = Fixture.mutation(["street": "rue B"], was: ["street": "rue C"], base: 1050, epoch: "e1")
    #expect(Fixture.decide(seeing, on: known, server: restored).status == .applied)
  }

  @Test func `an edit over what a restore has lost contests what it brought back`() {
    let restored = ServerPosition(epoch: "e2", forks: ["e1": 30], version: 1100)
    let back = Fixture.state(["street": "rue C", "notes": "chien"], written: ["street": 25, "notes": 25])
    let over = Fixture.mutation(["street": "rue B"], was: ["street": "rue X"], base: 1050, epoch: "e1")
    let contested = Fixture.decide(over, on: back, server: restored)
    #expect(contested.status == .conflicted && contested.effect == .update(["street": "rue B"]))
    #expect(contested.conflicts.first?.theirs.value == "rue C")
    let note = Fixture.mutation(
      ["notes": "digicode, au fond"], was: ["notes": "digicode"], base: 1050, epoch: "e1")
    #expect(
      Fixture.decide(note, on: back, server: restored).effect
        == .update(["notes": "chien\n---\ndigicode, au fond"]))
    // What is back had not taken away what it lacks.
    let contact = EntityKey(.contact, MergeFixture.contact)
    let list = Fixture.mutation(
      ["additional_emails": ["a", "x", "y"]], was: ["additional_emails": ["a", "b", "x"]], base: 1050,
      epoch: "e1", key: contact)
    let older = Fixture.state(
      ["additional_emails": ["a", "b"]], written: ["additional_emails": 25], key: contact)
    #expect(
      Fixture.decide(list, on: older, server: restored).effect
        == .update(["additional_emails": ["a", "x", "y"]]))
    // Whoever had not come beyond what is left saw what is there, whatever else it says.
    let early = Fixture.mutation(["street": "rue B"], was: ["street": "rue X"], base: 30, epoch: "e1")
    #expect(Fixture.decide(early, on: back, server: restored).status == .applied)
    let mine = Writer(actor: "device:" + Fixture.device, device: Fixture.device)
    let own = Fixture.state(["street": "rue C"], written: ["street": 25], by: mine)
    #expect(Fixture.decide(over, on: own, server: restored).status == .applied)
    // A deletion that is back meets the edit of a row that was there.
    let deleted = Fixture.state(["street": "rue X"], isDeleted: true)
    let forked = ServerPosition(epoch: "e2", forks: ["e1": 60], version: 1100)
    let revived = Fixture.decide(over, on: deleted, server: forked)
    #expect(revived.status == .conflicted && revived.conflicts.first?.field == ConflictRecord.deletion)
    // What it says nothing of, it does not contest.
    let silent = Fixture.mutation(["street": "rue B"], was: [:], base: 1050, epoch: "e1")
    #expect(Fixture.decide(silent, on: back, server: restored).status == .applied)
  }

  @Test func `a base ahead of the server proves nothing`() {
    let forged = Fixture.mutation(["street": "rue B"], base: 1_000_000)
    let state = Fixture.state(["street": "rue C"], written: ["street": 20])
    #expect(Fixture.decide(forged, on: state).status == .conflicted)
  }

  @Test func `of several restores the epoch of the base tells how much of it is known`() {
    let server = ServerPosition(epoch: "e3", forks: ["e1": 30, "e2": 2_000_050], version: 3_000_060)
    #expect(server.known(of: .init(epoch: "e1", version: 5_000)) == 30)
    #expect(server.known(of: .init(epoch: "e2", version: 2_000_040)) == 2_000_040)
    #expect(server.known(of: .init(epoch: "e2", version: 2_000_090)) == 2_000_050)
    #expect(server.known(of: .init(epoch: "e3", version: 3_000_060)) == 3_000_060)
    #expect(server.known(of: .init(epoch: "e3", version: 3_000_061)) == nil)
  }

  @Test func `of a history that is not the server's only the values shown tell what was seen`() {
    let state = Fixture.state(["street": "rue C"], written: ["street": 20])
    #expect(Fixture.server.known(of: .init(epoch: "e0", version: 90)) == nil)
    let blind = Fixture.mutation(["street": "rue B"], was: ["street": "rue A"], base: 90, epoch: "e0")
    #expect(Fixture.decide(blind, on: state).status == .conflicted)
    let seeing = Fixture.mutation(["street": "rue B"], was: ["street": "rue C"], base: 90, epoch: "e0")
    let outcome = Fixture.decide(seeing, on: state)
    #expect(outcome.effect == .update(["street": "rue B"]) && outcome.conflicts.isEmpty)
  }
}
