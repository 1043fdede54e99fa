import ConstatCore
import ConstatLedger
import Foundation
import Testing

@Suite struct ChainTests {
  static func content(_ number: Int, kind: ChainContent.Kind = .invoice, name: String = "Durand") throws
    -> ChainContent
  {
    let totals = try VATTotals.of([("20", 33067)])
    return ChainContent(
      kind: kind, company: "732829320", series: "FA", number: "FA-\(number)", day: .on("2026-11-21"),
      party: ChainContent.Party(reference: "C1", name: name, address: "1 rue du Port\n29200 Brest"),
      lines: [ChainContent.Line(reference: "DPE", label: "DPE", rate: .normal, amount: Money(cents: 33067))],
      totals: totals, amount: totals.gross, attributes: ["due_on": "2026-12-06", "means": "cheque"])
  }

  typealias Sealed = (link: ChainLink, document: ChainContent?)

  static func chain(_ count: Int) throws -> [Sealed] {
    var head = ChainHead.start
    return try (1...count).map { number in
      let kind = ChainContent.Kind.allCases[number % ChainContent.Kind.allCases.count]
      let content = try content(number, kind: kind)
      let link = ChainLink(sealing: content, after: head)
      head = link.head
      return (link: link, document: content)
    }
  }

  @Test func `a chain of every kind of document verifies up to its head`() throws {
    let links = try Self.chain(25)
    #expect(Chain.verify(links, end: links[24].link.head) == nil)
    #expect(Chain.verify([], end: .start) == nil)
    #expect(Set(links.map(\.link.hash)).count == 25)
  }

  @Test func `a document that was changed, or is gone, is named`() throws {
    var links = try Self.chain(9)
    links[4].document = try Self.content(5, kind: .invoice, name: "Dupont")
    #expect(
      Chain.verify(links) == BrokenLink(ordinal: 5, kind: .invoice, number: "FA-5", fault: .document))
    links[4].document = nil
    #expect(Chain.verify(links)?.fault == .documentMissing)
  }

  @Test func `a forged text is named, and the link after it where its hash was forged too`() throws {
    var links = try Self.chain(9)
    let honest = links[4].link
    let forged = try Self.content(5, kind: .invoice, name: "Dupont")
    links[4] = (
      ChainLink(ordinal: 5, previous: honest.previous, text: forged.canonicalText, hash: honest.hash), forged
    )
    #expect(Chain.verify(links)?.ordinal == 5)
    #expect(Chain.verify(links)?.fault == .text)
    links[4].link = ChainLink(sealing: forged, after: links[3].link.head)
    #expect(Chain.verify(links)?.ordinal == 6)
    #expect(Chain.verify(links)?.fault == .previousHash(expected: links[4].link.hash))
  }

  @Test func `a missing, repeated or swapped link is named`() throws {
    let links = try Self.chain(6)
    var missing = links
    missing.remove(at: 2)
    #expect(Chain.verify(missing) == BrokenLink.missing(3))
    var repeated = links
    repeated.insert(links[2], at: 3)
    #expect(Chain.verify(repeated)?.fault == .ordinal(expected: 4))
    var swapped = links
    swapped.swapAt(1, 2)
    #expect(Chain.verify(swapped) == BrokenLink.missing(2))
  }

  @Test func `a chain cut short is noticed by the head that is kept`() throws {
    let links = try Self.chain(6)
    let broken = Chain.verify(links.dropLast(), end: links[5].link.head)
    #expect(broken?.ordinal == 6)
    #expect(broken?.fault == .end(expected: links[5].link.head))
  }

  @Test func `a long chain can be verified in parts`() throws {
    let links = try Self.chain(10)
    var chain = Chain()
    for (link, document) in links.prefix(5) { #expect(chain.verify(next: link, document: document) == nil) }
    var rest = Chain(after: chain.head)
    for (link, document) in links.dropFirst(5) { #expect(rest.verify(next: link, document: document) == nil) }
    #expect(rest.verify(end: links[9].link.head) == nil)
  }

  @Test(arguments: ["constat-document=1:2\n", "constat-document=99:1\n", "", "constat-document=x"])
  func `a form that this program does not know is said, not skipped`(text: String) throws {
    var sealed = ChainLink(sealing: try Self.content(1), after: .start)
    sealed = ChainLink(ordinal: 1, previous: .genesis, text: text, hash: sealed.hash)
    sealed = ChainLink(ordinal: 1, previous: .genesis, text: text, hash: sealed.recomputedHash)
    let fault = Chain.verify([(link: sealed, document: try Self.content(1))])?.fault
    #expect(fault == .unknownVersion(text == "constat-document=1:2\n" ? "2" : ""))
  }

  @Test func `version 1 of the canonical text never changes`() throws {
    let link = ChainLink(sealing: try Self.content(1), after: .start)
    #expect(link.text.hasPrefix("constat-document=1:1\nkind=7:invoice\ncompany=9:732829320\n"))
    #expect(link.hash.hex == "e919b8e28318238b13faa14b9c1a9c460b6cc64257ab001b8b1a7297f384ad38")
    #expect(ChainHash(hex: link.hash.hex) == link.hash)
    #expect(ChainHash(hex: "00") == nil)
    let json = try JSONEncoder().encode(link.head)
    #expect(try JSONDecoder().decode(ChainHead.self, from: json) == link.head)
  }

  @Test func `no content can imitate another by moving a boundary between fields`() throws {
    let first = ChainContent(
      kind: .payment, company: "a", series: "bc", number: "1", day: .on("2026-01-01"), party: nil,
      lines: [], totals: .zero, amount: .zero, attributes: ["x": "1\ny=1:2"])
    let second = ChainContent(
      kind: .payment, company: "ab", series: "c", number: "1", day: .on("2026-01-01"), party: nil,
      lines: [], totals: .zero, amount: .zero, attributes: ["x": "1", "y": "2"])
    let hashes = [first, second].map { ChainLink(sealing: $0, after: .start).hash }
    #expect(hashes[0] != hashes[1])
  }
}

extension BrokenLink {
  /// A hole in the ordinals.
  static func missing(_ ordinal: Int64) -> BrokenLink {
    BrokenLink(ordinal: ordinal, kind: nil, number: nil, fault: .ordinal(expected: ordinal))
  }
}
