import ConstatCore
import ConstatLedger
import Foundation
import Testing

@Suite struct ChainTests {
  static let instant = Instant(microseconds: 1_795_000_000_123_456)

  static func content(_ number: Int, kind: ChainContent.Kind = .invoice, name: String = "Durand") throws
    -> ChainContent
  {
    let totals = try VATTotals.of([("20", 33067)])
    return ChainContent(
      kind: kind, company: "732829320", series: "FA", number: "FA-\(number)", day: .on("2026-11-21"),
      party: ChainContent.Party(reference: "C1", name: name, address: "1 rue du Port\n29200 Brest"),
      lines: [ChainContent.Line(reference: "DPE", label: "DPE", rate: .normal, amount: Money(cents: 33067))],
      totals: totals, amount: totals.gross, attributes: ["due_on": "2026-12-06", "tender": "cheque"])
  }

  static func chain(_ count: Int) throws -> [ChainLink] {
    var head = ChainHead.start
    return try (1...count).map { number in
      let kind = ChainContent.Kind.allCases[number % ChainContent.Kind.allCases.count]
      let link = ChainLink(sealing: try content(number, kind: kind), after: head, at: instant)
      head = link.head
      return link
    }
  }

  /// The link as an attacker leaves it: another content, with the old hash or a new one.
  static func forged(_ link: ChainLink, name: String, rehashed: Bool) throws -> ChainLink {
    let content = ChainContent(
      kind: link.content.kind, company: link.content.company, series: link.content.series,
      number: link.content.number, day: link.content.day,
      party: ChainContent.Party(reference: "C1", name: name, address: ""), lines: link.content.lines,
      totals: link.content.totals, amount: link.content.amount)
    let head = ChainHead(ordinal: link.ordinal - 1, hash: link.previous)
    let honest = ChainLink(sealing: content, after: head, at: link.sealedAt)
    return ChainLink(
      ordinal: link.ordinal, version: 1, sealedAt: link.sealedAt, previous: link.previous,
      content: content, hash: rehashed ? honest.hash : link.hash)
  }

  @Test func `a chain of every kind of document verifies up to its head`() throws {
    let links = try Self.chain(25)
    #expect(Chain.verify(links, end: links[24].head) == nil)
    #expect(Chain.verify([], end: .start) == nil)
    #expect(Set(links.map(\.hash)).count == 25)
  }

  @Test func `a changed document is named, and so is the link after one that was sealed anew`() throws {
    var links = try Self.chain(9)
    let honest = links
    links[4] = try Self.forged(honest[4], name: "Dupont", rehashed: false)
    #expect(Chain.verify(links)?.ordinal == 5)
    #expect(Chain.verify(links)?.fault == .content)
    #expect(Chain.verify(links)?.number == "FA-5")
    links[4] = try Self.forged(honest[4], name: "Dupont", rehashed: true)
    #expect(Chain.verify(links)?.ordinal == 6)
    #expect(Chain.verify(links)?.fault == .previousHash(expected: links[4].hash))
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
    let broken = Chain.verify(links.dropLast(), end: links[5].head)
    #expect(broken?.ordinal == 6)
    #expect(broken?.fault == .end(expected: links[5].head))
  }

  @Test func `a long chain can be verified in parts`() throws {
    let links = try Self.chain(10)
    var chain = Chain()
    for link in links.prefix(5) { #expect(chain.verify(next: link) == nil) }
    var rest = Chain(after: chain.head)
    for link in links.dropFirst(5) { #expect(rest.verify(next: link) == nil) }
    #expect(rest.verify(end: links[9].head) == nil)
  }

  @Test func `a version that this program does not know is said, not skipped`() throws {
    let link = try Self.chain(1)[0]
    let unknown = ChainLink(
      ordinal: 1, version: 2, sealedAt: link.sealedAt, previous: link.previous, content: link.content,
      hash: link.hash)
    #expect(Chain.verify([unknown])?.fault == .unknownVersion(2))
  }

  @Test func `version 1 of the canonical bytes never changes`() throws {
    let link = ChainLink(sealing: try Self.content(1), after: .start, at: Self.instant)
    #expect(link.hash.hex == "67fc7527253336369abc786ec680aa544090487652accb3ad43150ae9d554e63")
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
    let hashes = [first, second].map { ChainLink(sealing: $0, after: .start, at: Self.instant).hash }
    #expect(hashes[0] != hashes[1])
  }
}

extension BrokenLink {
  /// A hole in the ordinals.
  static func missing(_ ordinal: Int64) -> BrokenLink {
    BrokenLink(ordinal: ordinal, kind: nil, number: nil, fault: .ordinal(expected: ordinal))
  }
}
