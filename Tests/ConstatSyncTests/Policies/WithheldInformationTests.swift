import ConstatCore
import Foundation
import Testing

@testable import ConstatSync

@Suite struct WithheldInformationTests {
  typealias Fixture = MergeFixture

  @Test func `each group hides fields that devices are shown, and no field is in two groups ORG-18`() {
    let names = WithheldInformation.table.flatMap { row in row.fields.map { "\(row.type.rawValue).\($0)" } }
    #expect(Set(names).count == names.count)
    for row in WithheldInformation.table {
      for field in row.fields { #expect(row.type.rule(of: field)?.isVisible == true, "\(row.type) \(field)") }
    }
    #expect(Set(WithheldInformation.table.map(\.group)) == Set(Organization.Information.allCases))
    // Without these a technician could not work, or a device not know whose a row is.
    let needed = ["dossier_id", "status", "street", "city", "diagnostic_code", "starts_at", "payer_id"]
    #expect(WithheldInformation.all.fields(of: .dossier).allSatisfy { !needed.contains($0) })
  }

  @Test func `the protocol's page tells every group ORG-18`() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/sync.md")
    #expect(try String(contentsOf: file, encoding: .utf8).contains(WithheldInformation.markdown))
  }

  @Test func `a cursor remembers what was withheld, and older cursors that nothing was ORG-18`() throws {
    let signer = CursorSigner(keys: [[UInt8](repeating: 7, count: 32)])
    let withheld = WithheldInformation([.prices, .notes])
    #expect(withheld.key == "notes+prices" && WithheldInformation.none.key.isEmpty)
    for key in ["", withheld.key] {
      for position in [Cursor.Position.end(of: 9), .init(version: 9, type: "dossier", id: "x")] {
        let cursor = Cursor(epoch: "e1", device: "d", schema: 3, withheld: key, position: position)
        #expect(try signer.cursor(signer.token(cursor)).checked(for: "d") == cursor)
      }
    }
    let longest = Cursor(
      epoch: UUID().uuidString, device: UUID().uuidString, schema: 3, withheld: WithheldInformation.all.key,
      position: .init(version: .max, type: "lead_analyser_booking", id: UUID().uuidString))
    #expect(signer.token(longest).utf8.count <= 512)
  }

  /// The contact's number as the office has it, which the device has come past.
  private func outcome(
    _ set: [String: JSONValue], was: [String: JSONValue], withheld: Set<Organization.Information>
  ) -> MergeOutcome {
    let key = EntityKey(.contact, Fixture.contact)
    let base = Fixture.mutation([:]).base.version
    let state = EntityState(
      key: key, values: ["phone": "0559000000", "last_name": "Etcheverry"], version: base, born: base)
    return Merge.decide(
      Fixture.mutation(set, was: was, key: key), on: state,
      by: Author(
        device: Fixture.device, technician: Fixture.technician, withheld: WithheldInformation(withheld)),
      at: Fixture.server)
  }

  @Test func `what a device overwrites without having been shown it is contested, both values kept ORG-18`() {
    let blind = outcome(["phone": "0611111111"], was: ["phone": .null], withheld: [.contactDetails])
    #expect(blind.status == .conflicted && blind.effect == .none)
    #expect(blind.conflicts.first?.theirs.value == "0559000000")
    #expect(blind.conflicts.first?.mine.value == "0611111111")
    let seen = outcome(["phone": "0611111111"], was: ["phone": "0559000000"], withheld: [.contactDetails])
    #expect(seen.status == .applied, "it was shown before it was withheld")
    let lifted = outcome(["phone": "0611111111"], was: ["phone": .null], withheld: [.prices])
    #expect(lifted == blind, "the switch was lifted after the edit: it had not been shown it")
    let other = outcome(
      ["last_name": "Etxeberri"], was: ["last_name": "Etcheverry"], withheld: [.contactDetails])
    #expect(other.status == .applied)
  }
}
