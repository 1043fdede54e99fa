/// Why a link does not hold.
public enum ChainFault: Hashable, Sendable {
  /// A link is missing, or stands twice or out of order.
  case ordinal(expected: Int64)
  /// It does not follow the link before it: that one, or this one, was replaced.
  case previousHash(expected: ChainHash)
  /// The document is no longer what was sealed.
  case content
  /// Sealed in a form that this program does not know.
  case unknownVersion(Int)
  /// The chain does not end at the head that the organization keeps: links at the end are
  /// gone, or were added.
  case end(expected: ChainHead)
}

/// The first link that does not hold.
public struct BrokenLink: Hashable, Sendable {
  public let ordinal: Int64
  /// Nil when the link is missing.
  public let kind: ChainContent.Kind?
  public let number: String?
  public let fault: ChainFault

  public init(ordinal: Int64, kind: ChainContent.Kind?, number: String?, fault: ChainFault) {
    self.ordinal = ordinal
    self.kind = kind
    self.number = number
    self.fault = fault
  }
}

/// Verification of an organization's chain, link by link in the order of their ordinals, in
/// constant memory, so that a chain of any length can be streamed through it.
public struct Chain: Sendable {
  public private(set) var head: ChainHead

  /// From the start, or from a head that was verified before.
  public init(after head: ChainHead = .start) {
    self.head = head
  }

  /// Takes the next link; the fault if it does not hold.
  public mutating func verify(next link: ChainLink) -> BrokenLink? {
    func broken(_ fault: ChainFault) -> BrokenLink {
      BrokenLink(
        ordinal: link.ordinal, kind: link.content.kind, number: link.content.number, fault: fault)
    }
    let expected = head.ordinal + 1
    guard link.ordinal == expected else {
      return link.ordinal > expected
        ? BrokenLink(ordinal: expected, kind: nil, number: nil, fault: .ordinal(expected: expected))
        : broken(.ordinal(expected: expected))
    }
    guard link.previous == head.hash else { return broken(.previousHash(expected: head.hash)) }
    guard let recomputed = link.recomputedHash else { return broken(.unknownVersion(link.version)) }
    guard recomputed == link.hash else { return broken(.content) }
    head = link.head
    return nil
  }

  /// After the last link: whether the chain reaches the head that the organization keeps.
  public func verify(end expected: ChainHead) -> BrokenLink? {
    guard head != expected else { return nil }
    return BrokenLink(
      ordinal: head.ordinal + 1, kind: nil, number: nil, fault: .end(expected: expected))
  }

  /// The first broken link of a whole chain, or nil when all hold and it ends at `expected`.
  public static func verify(
    _ links: some Sequence<ChainLink>, end expected: ChainHead? = nil
  ) -> BrokenLink? {
    var chain = Chain()
    for link in links {
      if let broken = chain.verify(next: link) { return broken }
    }
    return expected.flatMap { chain.verify(end: $0) }
  }
}
