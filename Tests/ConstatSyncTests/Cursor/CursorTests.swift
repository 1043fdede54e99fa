import ConstatSync
import Testing

@Suite struct CursorTests {
  let signer = CursorSigner(keys: [[UInt8](repeating: 1, count: 32)])
  let cursor = Cursor(epoch: "e3", device: "d7", schema: 1, version: 418)

  @Test func `a cursor comes back as it was handed out`() throws {
    let within = Cursor(
      epoch: "e3", device: "d7", schema: 2, position: .init(version: 9, type: "contact", id: "c1"))
    for cursor in [cursor, within] {
      #expect(try signer.cursor(signer.token(cursor)).checked(for: "d7") == cursor)
    }
  }

  @Test func `a token is short and travels in URLs`() {
    let token = signer.token(cursor)
    #expect(token.utf8.count < 120)
    #expect(token.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) })
  }

  @Test func `a changed byte anywhere is noticed`() {
    let token = signer.token(cursor)
    for index in token.indices where token[index] != "." {
      var forged = token
      forged.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
      // The last character of each part has spare bits, which say nothing.
      let read = try? signer.cursor(forged).checked(for: "d7")
      #expect(read == nil || read == cursor)
    }
  }

  @Test func `another key's token is forged, another device's is not this one's`() {
    let other = CursorSigner(keys: [[UInt8](repeating: 2, count: 32)])
    #expect(throws: CursorError.forged) { try other.cursor(signer.token(cursor)).checked(for: "d7") }
    #expect(throws: CursorError.otherDevice) { try signer.cursor(signer.token(cursor)).checked(for: "d8") }
  }

  @Test func `a replaced key still reads the cursors that it signed`() throws {
    let both = CursorSigner(keys: [[UInt8](repeating: 2, count: 32), [UInt8](repeating: 1, count: 32)])
    #expect(try both.cursor(signer.token(cursor)).checked(for: "d7") == cursor)
    #expect(throws: CursorError.forged) { try signer.cursor(both.token(cursor)).checked(for: "d7") }
  }

  @Test(arguments: ["", "abc", "a.b.c", "é.é", "A.A", String(repeating: "A", count: 5000) + ".AAAA"])
  func `what is no cursor is malformed`(token: String) {
    #expect(throws: CursorError.malformed) { try signer.cursor(token).checked(for: "d7") }
  }

  @Test func `the end of a version comes after every row of it and before the next version`() {
    let end = Cursor.Position.end(of: 9)
    for type in EntityType.allCases.map(\.rawValue) + ["leave"] {
      #expect(Cursor.Position(version: 9, type: type, id: "fffffffe-ffff-ffff-ffff-ffffffffffff") < end)
    }
    #expect(end < Cursor.Position(version: 10, type: "appointment", id: "0"))
  }
}
