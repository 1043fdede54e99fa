import ConstatCore
import Foundation
import Testing

@Suite struct JSONTests {
  @Test func `every kind of value is read, with escapes and surrogate pairs`() throws {
    let text = #" { "a" : [ null , true , false , -12 , 2.5 , "é\u00e9\n\ud83d\ude00\/" ] , "b":{} } "#
    let expected: JSONValue = ["a": [nil, true, false, -12, 2.5, "éé\n😀/"], "b": [:]]
    #expect(try JSONValue.parse(text) == expected)
  }

  @Test func `a whole number is one value however it is written`() throws {
    for text in ["5", "5.0", "5e0", "0.5e1", "50e-1"] {
      #expect(try JSONValue.parse(text) == .integer(5), "\(text)")
    }
    #expect(try JSONValue.parse("-0") == .integer(0))
    #expect(try JSONValue.parse("-0.0") == .integer(0))
  }

  @Test(arguments: [
    ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), ("-1", -1),
  ])
  func `integers go to the edges of 64 bits`(text: String, value: Int64) throws {
    #expect(try JSONValue.parse(text) == .integer(value))
  }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e999", "-1e999",
    "99999999999999999999999999", "1e21", "9223372036854775808.0", "-1e19",
  ])
  func `a number that does not fit is refused, not rounded`(text: String) {
    #expect(throws: JSONError.numberOutOfRange(offset: 0)) { try JSONValue.parse(text) }
  }

  @Test(arguments: [
    "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "nul", "True", "'a'", "[1,]", "[,]", "{\"a\"}",
    "{\"a\":1,}", "{a:1}", "[1 2]", "1 2", "[]]", "\"a\nb\"", "\"\\x\"", "\"\\u12G4\"", "NaN", "/**/1",
    "\u{FEFF}1", "\"\t\"",
  ])
  func `what the grammar does not allow is refused`(text: String) {
    #expect(throws: JSONError.self) { try JSONValue.parse(text) }
  }

  @Test func `each refusal says which`() {
    #expect(throws: JSONError.unexpectedEnd) { try JSONValue.parse("") }
    #expect(throws: JSONError.unexpectedEnd) { try JSONValue.parse("[1") }
    #expect(throws: JSONError.unexpectedEnd) { try JSONValue.parse("\"a") }
    #expect(throws: JSONError.unexpectedByte(offset: 3)) { try JSONValue.parse("{} x") }
    #expect(throws: JSONError.duplicateKey("a")) { try JSONValue.parse(#"{"a":1,"\u0061":2}"#) }
    #expect(throws: JSONError.nullCharacter(offset: 2)) { try JSONValue.parse(#""a\u0000""#) }
    #expect(throws: JSONError.nullCharacter(offset: 1)) { try JSONValue.parse([0x22, 0x00, 0x22]) }
    #expect(throws: JSONError.invalidText(offset: 1)) { try JSONValue.parse([0x22, 0xC3, 0x28, 0x22]) }
    #expect(throws: JSONError.invalidText(offset: 1)) { try JSONValue.parse([0x22, 0xC0, 0x80, 0x22]) }
    #expect(throws: JSONError.invalidText(offset: 1)) { try JSONValue.parse(#""\ud800""#) }
    #expect(throws: JSONError.invalidText(offset: 1)) { try JSONValue.parse(#""\udc00\ud800""#) }
    #expect(throws: JSONError.invalidText(offset: 1)) { try JSONValue.parse(#""\ud800\u0041""#) }
  }

  @Test func `32 levels are read and the 33rd is refused, also a million of them`() throws {
    let deep = { (levels: Int) in
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try JSONValue.parse(deep(32))
    #expect(throws: JSONError.tooDeep(limit: 32)) { try JSONValue.parse(deep(33)) }
    #expect(throws: JSONError.tooDeep(limit: 32)) { try JSONValue.parse(deep(1_000_000)) }
  }

  @Test func `the canonical text sorts keys by bytes and escapes only what it must`() throws {
    let value: JSONValue = ["b": 1, "a": ["/\"\\\u{1}\u{1f}é\n", 2.5, 48.0], "é": nil, "z": true]
    #expect(value.description == #"{"a":["/\"\\\u0001\u001fé\n",2.5,48],"b":1,"z":true,"é":null}"#)
    #expect(JSONValue.number(.nan).description == "null")
    #expect(JSONValue.number(3).description == "3")
  }

  @Test func `whatever is written reads back as the same value`() throws {
    var random = SeededGenerator(seed: 42)
    for _ in 0..<2_000 {
      let value = JSONValue.random(depth: 4, using: &random)
      let read = try JSONValue.parse(value.serialized())
      #expect(read == value)
      #expect(read.serialized() == value.serialized())
    }
  }

  @Test func `no bytes at all stop the reader, cut and altered ones included`() throws {
    var random = SeededGenerator(seed: 7)
    var refused = 0
    for _ in 0..<3_000 {
      var bytes = JSONValue.random(depth: 4, using: &random).serialized()
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        if Bool.random(using: &random) {
          bytes[place] = UInt8.random(in: 0...255, using: &random)
        } else {
          bytes.removeSubrange(place...)
        }
      }
      do {
        let value = try JSONValue.parse(bytes)
        #expect(try JSONValue.parse(value.serialized()) == value)
      } catch { refused += 1 }
    }
    #expect(refused > 1_000)
  }

  @Test func `Foundation reads what we write, and through Codable we read what it writes`() throws {
    let value: JSONValue = ["a": [1, 2.5, nil, true, "é"], "b": ["c": -3]]
    #expect(try JSONDecoder().decode(JSONValue.self, from: Data(value.serialized())) == value)
    #expect(try JSONValue.parse([UInt8](JSONEncoder().encode(value))) == value)
  }
}

extension JSONValue {
  /// Values of every kind, with awkward texts and numbers.
  static func random(depth: Int, using random: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(.random(in: .min ... .max, using: &random))
    case 3: return JSONValue(number: .random(in: -1e6...1e6, using: &random))
    case 4:
      return JSONValue(
        number: Double(sign: .plus, exponent: .random(in: -300...62, using: &random), significand: 1.3))
    case 5: return .string(text(using: &random))
    case 6:
      return .array(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in self.random(depth: depth - 1, using: &random) }
      )
    default:
      var members: [String: JSONValue] = [:]
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        members[text(using: &random)] = self.random(depth: depth - 1, using: &random)
      }
      return .object(members)
    }
  }

  private static func text(using random: inout SeededGenerator) -> String {
    let pieces = ["a", "é", "😀", "\"", "\\", "\n", "\u{1}", "\u{7f}", "œ", "\u{301}", "/", " ", "漢"]
    return (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
      .joined()
  }
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
