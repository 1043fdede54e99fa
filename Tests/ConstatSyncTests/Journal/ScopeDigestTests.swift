import ConstatCore
import ConstatSync
import Testing

@Suite struct ScopeDigestTests {
  private func outbuilding(
    _ id: Int, version: Int64 = 12, _ fields: [String: JSONValue] = ["kind": "cellar"]
  ) -> Entity {
    Entity(
      key: EntityKey(.outbuilding, Simulation.id("0b", id)), version: version, born: 10, fields: fields,
      fieldVersions: ["kind": 12])
  }

  @Test func `it is the SHA-256 of canonical lines, as anyone computes it`() throws {
    let fields: [String: JSONValue] = [
      "lot_number": "12 \"bis\"\n", "kind": "cellar", "comment": nil, "area": 4.5, "near": 0.00005,
    ]
    let digest = ScopeDigest(of: [outbuilding(2, fields), outbuilding(1)])
    // Computed with Python's json and hashlib over these lines, each ended by a line feed:
    // ["outbuilding","0000000b-…-000000000001",12,10,{"kind":"cellar"},{"kind":12}]
    // ["outbuilding","0000000b-…-000000000002",12,10,{"area":4.5,"kind":"cellar","lot_number":"12 \"bis\"\n",…
    let expected = "4f30c63f2778edce2e303baf4aab54bb6a1b97fcd2456f9eb18cf214b9408324"
    #expect(digest.parts["outbuilding"] == .init(rows: 2, sha256: expected))
  }

  @Test func `every type has its part, also where there is no row`() {
    let digest = ScopeDigest(of: [])
    #expect(Set(digest.parts.keys) == Set(EntityType.allCases.map(\.rawValue)))
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    #expect(digest.parts.values.allSatisfy { $0 == .init(rows: 0, sha256: empty) })
  }

  @Test func `an empty field is as one that is missing, and the order of rows does not count`() {
    let one = ScopeDigest(of: [outbuilding(1), outbuilding(2, ["kind": "garage", "comment": nil])])
    let other = ScopeDigest(of: [outbuilding(2, ["kind": "garage"]), outbuilding(1)])
    #expect(one == other)
  }

  @Test func `another value, version, row or birth differs, and only in its type`() {
    let base = ScopeDigest(of: [outbuilding(1)])
    var older = outbuilding(1)
    older.born = 9
    var unversioned = outbuilding(1)
    unversioned.fieldVersions = [:]
    for other in [
      [outbuilding(1, ["kind": "garage"])], [outbuilding(1, version: 13)], [],
      [outbuilding(1), outbuilding(2)], [older],
      [unversioned],
    ] {
      #expect(ScopeDigest(of: other).differing(from: base) == ["outbuilding"])
    }
  }

  @Test func `a type that one side does not know is not compared`() {
    let newer = ScopeDigest(parts: [
      "outbuilding": .init(rows: 0, sha256: "a"), "drone": .init(rows: 1, sha256: "b"),
    ])
    let held = ScopeDigest(parts: ["outbuilding": .init(rows: 0, sha256: "a")])
    #expect(held.differing(from: newer).isEmpty)
    #expect(newer.differing(from: held).isEmpty)
  }
}
