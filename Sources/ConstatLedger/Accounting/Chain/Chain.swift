/// Why a link does not hold.
public enum ChainFault: Hashable, Sendable {
  /// A link is missing, or stands twice or out of order.
  case ordinal(expected: Int64)
  /// It does not follow the link before it: that one, or this one, was replaced.
  case previousHash(expected: ChainHash)
  /// The text that was sealed has changed.
  case text
  /// The document's rows no longer say what was sealed.
  case document
  /// The document's rows are gone.
  case documentMissing
  /// Sealed in a form that this program does not know.
  case unknownVersion(String)
  /// The chain does not end at the head that the organization keeps: links at the end are
  /// gone, or were added.
  case end(expected: ChainHead)
}

/// The first link that does not hold.
public struct BrokenLink: Hashable, Sendable {
  public let ordinal: Int64
  /// What was sealed, as the link's text says; nil when the link is missing.
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

  /// Takes the next link with the document rebuilt from its own rows (nil: they are gone), and
  /// returns the fault if either does not hold.
  public mutating func verify(next link: ChainLink, document: ChainContent?) -> BrokenLink? {
    let fields = CanonicalText.read(link.text, first: 5)
    func broken(_ fault: ChainFault) -> BrokenLink {
      BrokenLink(
        ordinal: link.ordinal, kind: fields["kind"].flatMap(ChainContent.Kind.init(rawValue:)),
        number: fields["number"], fault: fault)
    }
    if let fault = sealFault(of: link) {
      guard case .ordinal(let expected) = fault, link.ordinal > expected else { return broken(fault) }
      return BrokenLink(ordinal: expected, kind: nil, number: nil, fault: fault)
    }
    guard let document else { return broken(.documentMissing) }
    let version = fields["constat-document"] ?? ""
    guard let text = Int(version).flatMap(document.canonicalText(version:)) else {
      return broken(.unknownVersion(version))
    }
    guard text.utf8.elementsEqual(link.text.utf8) else { return broken(.document) }
    head = link.head
    return nil
  }

  /// After the last link: whether the chain ends at the head that the organization keeps.
  public func verify(end expected: ChainHead) -> BrokenLink? {
    guard head != expected else { return nil }
    return BrokenLink(
      ordinal: head.ordinal + 1, kind: nil, number: nil, fault: .end(expected: expected))
  }

  /// The first broken link of a whole chain, or nil when all hold and it ends at `expected`.
  public static func verify(
    _ links: some Sequence<(link: ChainLink, document: ChainContent?)>, end expected: ChainHead? = nil
  ) -> BrokenLink? {
    var chain = Chain()
    for (link, document) in links {
      if let broken = chain.verify(next: link, document: document) { return broken }
    }
    return expected.flatMap { chain.verify(end: $0) }
  }

  /// What is wrong with the link itself, its document apart.
  private func sealFault(of link: ChainLink) -> ChainFault? {
    let expected = head.ordinal + 1
    guard link.ordinal == expected else { return .ordinal(expected: expected) }
    guard link.previous == head.hash else { return .previousHash(expected: head.hash) }
    return link.recomputedHash == link.hash ? nil : .text
  }
}
