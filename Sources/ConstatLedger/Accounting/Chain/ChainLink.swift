/// The end of a chain: what the next link follows. The organization keeps it under a lock while
/// it seals; comparing it with the last link shows a chain cut short.
public struct ChainHead: Hashable, Sendable, Codable {
  /// The ordinal of the last link; zero before the first.
  public let ordinal: Int64
  public let hash: ChainHash

  public static let start = ChainHead(ordinal: 0, hash: .genesis)

  public init(ordinal: Int64, hash: ChainHash) {
    self.ordinal = ordinal
    self.hash = hash
  }
}

/// One sealed document in the chain of an organization. Invoices, credit notes, payments,
/// reversals and closed deposit slips are links of one chain: hashing only the last line of an
/// invoice, or only payments, is how others were found wanting.
public struct ChainLink: Hashable, Sendable {
  /// Contiguous from 1 in the organization.
  public let ordinal: Int64
  public let previous: ChainHash
  /// The canonical text of the document, kept as it was sealed. Its first field is the version
  /// of its form.
  public let text: String
  /// SHA-256 over ordinal, previous hash and text.
  public let hash: ChainHash

  /// Seals a document after the head of its organization's chain.
  public init(sealing content: ChainContent, after head: ChainHead) {
    ordinal = head.ordinal + 1
    previous = head.hash
    text = content.canonicalText
    hash = ChainLink.hash(ordinal: head.ordinal + 1, previous: head.hash, text: text)
  }

  /// A link as it was kept, for verification.
  public init(ordinal: Int64, previous: ChainHash, text: String, hash: ChainHash) {
    self.ordinal = ordinal
    self.previous = previous
    self.text = text
    self.hash = hash
  }

  public var head: ChainHead { ChainHead(ordinal: ordinal, hash: hash) }

  /// The hash that the link's own ordinal, previous hash and text have.
  public var recomputedHash: ChainHash {
    ChainLink.hash(ordinal: ordinal, previous: previous, text: text)
  }

  private static func hash(ordinal: Int64, previous: ChainHash, text: String) -> ChainHash {
    var sealed = CanonicalText()
    sealed.field("ordinal", ordinal)
    sealed.field("previous", previous.hex)
    return ChainHash(of: Array(sealed.text.utf8) + Array(text.utf8))
  }
}
