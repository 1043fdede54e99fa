public import ConstatCore

/// The end of a chain: what the next link follows, and what an organization's row keeps under
/// a lock while it seals. Comparing it with the last link shows a chain cut short.
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
  /// The canonical form that new links use.
  public static let currentVersion = 1

  /// Contiguous from 1 in the organization.
  public let ordinal: Int64
  /// Of the canonical form.
  public let version: Int
  public let sealedAt: Instant
  public let previous: ChainHash
  public let content: ChainContent
  /// SHA-256 over all of the above.
  public let hash: ChainHash

  /// Seals a document after the head of its organization's chain.
  public init(sealing content: ChainContent, after head: ChainHead, at instant: Instant) {
    ordinal = head.ordinal + 1
    version = ChainLink.currentVersion
    sealedAt = instant
    previous = head.hash
    self.content = content
    hash = ChainHash(
      of: ChainLink.version1(
        ordinal: head.ordinal + 1, sealedAt: instant, previous: head.hash, content: content))
  }

  /// A link as it was kept, for verification: the content from the document's rows, the rest
  /// from the chain's.
  public init(
    ordinal: Int64, version: Int, sealedAt: Instant, previous: ChainHash, content: ChainContent,
    hash: ChainHash
  ) {
    self.ordinal = ordinal
    self.version = version
    self.sealedAt = sealedAt
    self.previous = previous
    self.content = content
    self.hash = hash
  }

  public var head: ChainHead { ChainHead(ordinal: ordinal, hash: hash) }

  /// The hash that the content has now; nil for a version that this program does not know.
  public var recomputedHash: ChainHash? {
    guard version == 1 else { return nil }
    return ChainHash(
      of: ChainLink.version1(
        ordinal: ordinal, sealedAt: sealedAt, previous: previous, content: content))
  }

  private static func version1(
    ordinal: Int64, sealedAt: Instant, previous: ChainHash, content: ChainContent
  ) -> [UInt8] {
    var bytes = CanonicalBytes()
    bytes.field("constat-chain", 1)
    bytes.field("ordinal", ordinal)
    bytes.field("sealed_at_us", sealedAt.microseconds)
    bytes.field("previous", previous.hex)
    content.appendVersion1(to: &bytes)
    return bytes.bytes
  }
}
