import ConstatCore
import ConstatSync
import Testing

/// An edit that was parked may be of any schema, or an attempt: what other devices are shown of it is what they can read.
@Suite struct ParkedOutlineTests {
  private let id = "0199a3c0-0000-7000-8000-0000000000d1"

  private func outline(_ set: JSONValue, type: JSONValue = "dossier", op: JSONValue = "set") -> ParkedOutline?
  {
    ParkedOutline(of: [
      "seq": 3, "type": type, "id": .string(id), "op": op, "set": set, "was": ["street": "1 rue X"],
    ])
  }

  @Test func `it has the row, the operation and the values of known fields, and nothing else`() throws {
    let shown = try #require(
      outline([
        "street": "3 rue Neuve", "floor": nil, "latitude": 43.49, "price_incl_tax_cents": 380_00,
        "jacuzzi": true,
      ]))
    #expect(shown.json == ["type": "dossier", "id": .string(id), "op": "set", "set": .object(shown.values)])
    #expect(
      shown.values == [
        "street": "3 rue Neuve", "floor": nil, "latitude": 43.49, "price_incl_tax_cents": 380_00,
      ])
    #expect(ParkedOutline(of: shown.json) == shown)
    let list = try #require(outline(["additional_emails": ["a@b.test", "c@d.test"]], type: "contact"))
    #expect(list.values == ["additional_emails": ["a@b.test", "c@d.test"]])
  }

  @Test func `what names no row of a known type has none`() {
    #expect(outline([:], type: "jacuzzi") == nil && outline([:], type: 7) == nil)
    #expect(outline([:], op: "drop") == nil)
    #expect(ParkedOutline(of: ["type": "dossier", "id": "d1", "op": "set"]) == nil)
    #expect(ParkedOutline(of: []) == nil && ParkedOutline(of: nil) == nil)
  }

  @Test func `values that are too long, too deep or too large for a reader are cut or left out`() throws {
    var deep: JSONValue = "x"
    for _ in 0..<30 { deep = [deep] }
    let shown = try #require(
      outline([
        "street": deep, "city": ["a": "b"], "latitude": 1e300,
        "notes": .string(String(repeating: "é", count: 9_000)),
      ]))
    #expect(Set(shown.values.keys) == ["notes"])
    #expect(shown.values["notes"]?.string?.unicodeScalars.count == 500)
    #expect(shown.values["notes"]?.string?.hasSuffix("é…") == true)
    let image = outline(["signer": "technician", "image_base64": "AAAA"], type: "signature", op: "create")
    #expect(image?.values == ["signer": "technician"])
  }
}
