import ConstatConformance
import ConstatCore
import Testing

@Suite struct ExpectationTests {
  private func fits(_ expected: JSONValue, _ actual: JSONValue) -> Bool {
    Expectation.difference(expected, actual) == nil
  }

  @Test func `an object may have more members than expected, a list no more items`() {
    #expect(fits(["a": 1], ["a": 1, "b": 2]))
    #expect(!fits(["a": 1, "b": 2], ["a": 1]))
    #expect(!fits(["a": 1], ["a": 2]))
    #expect(fits([1, 2], [1, 2]) && !fits([1], [1, 2]) && !fits([1, 2], [1]) && !fits([1, 2], [2, 1]))
    #expect(!fits(["a": .null], [:]), "null is not missing")
    #expect(fits(["@only": ["a": 1]], ["a": 1]) && !fits(["@only": ["a": 1]], ["a": 1, "b": 2]))
  }

  @Test func `words stand for kinds of values`() {
    #expect(fits("@uuid", "0199a3c0-0000-7000-8000-0000000000d1") && !fits("@uuid", "0199A3C0"))
    #expect(!fits("@uuid", "0199A3C0-0000-7000-8000-0000000000D1"), "ids are in lower case")
    #expect(fits("@instant", "2026-11-21T09:12:00Z") && !fits("@instant", "2026-11-21"))
    #expect(fits("@integer", 3) && !fits("@integer", 3.5) && !fits("@integer", "3"))
    #expect(fits("@string", "") && fits("@boolean", false) && fits("@object", [:]) && fits("@any", .null))
    #expect(fits("@cursor", "MXxl") && !fits("@cursor", ""))
    #expect(fits(["a": "@absent"], [:]) && !fits(["a": "@absent"], ["a": .null]))
    #expect(!fits("@misspelt", "x") && !fits(["@misspelt": 1], ["@misspelt": 1]))
  }

  @Test func `matchers compare what the word for equal cannot`() {
    #expect(fits(["@contains": [["a": 1]]], [["b": 2], ["a": 1, "c": 3]]))
    #expect(!fits(["@contains": [["a": 1], ["a": 2]]], [["a": 1]]))
    #expect(fits(["@lacks": [["a": 2]]], [["a": 1]]) && !fits(["@lacks": [["a": 1]]], [["a": 1]]))
    #expect(fits(["@above": 3], 4) && !fits(["@above": 3], 3) && fits(["@least": 3], 3))
    #expect(fits(["@not": "x"], "y") && !fits(["@not": "x"], "x"))
  }

  @Test func `the first difference is told by its place`() {
    let found = Expectation.difference(
      ["results": [["seq": 1, "status": "applied"]]], ["results": [["seq": 1, "status": "merged"]]])
    #expect(found == #"/results/0/status is "merged", expected "applied""#)
    #expect(Expectation.difference(["a/b": 1], [:])?.hasPrefix("/a~1b is missing") == true)
  }

  @Test func `variables keep their kind, within a text they are written out`() throws {
    var variables = Variables(["v": 12, "device": "d1"], newID: { "id-1" })
    let filled = try variables.filled([
      "v": "${v}", "hlc": "001-0000-${device}", "again": ["${new.a}", "${new.a}"],
    ])
    #expect(filled == ["v": 12, "hlc": "001-0000-d1", "again": ["id-1", "id-1"]])
    #expect(try variables.filled("/v1/x/${device}?v=${v}") == "/v1/x/d1?v=12")
    #expect(throws: VectorFault.self) { try variables.filled("${nobody}") }
  }

  @Test func `pointers lead into objects and lists`() {
    let value: JSONValue = ["a": [["b/c": 7]], "empty": []]
    #expect(value.at("/a/0/b~1c") == 7 && value.at("") == value)
    #expect(value.at("/a/1") == nil && value.at("/empty/0") == nil && value.at("/a/0/b~1c/d") == nil)
  }

  @Test func `a vector with a misspelt member is refused`() throws {
    let step: JSONValue = ["title": "t", "request": ["path": "/"], "answer": ["status": 200]]
    _ = try Vector(name: "v", json: ["title": "t", "steps": [step]])
    #expect(throws: VectorFault.self) { try Vector(name: "v", json: ["title": "t", "step": [step]]) }
    #expect(throws: VectorFault.self) {
      let wrong: JSONValue = ["title": "t", "request": ["path": "/"], "answer": ["stauts": 200]]
      return try Vector(name: "v", json: ["title": "t", "steps": [wrong]])
    }
  }
}
