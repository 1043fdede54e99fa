import ConstatCore
public import ConstatLedger
public import Foundation
public import Postgres

/// Verifies an organization's chain of issued documents: each link against the one before it, and each
/// document's own rows, read afresh, against the text that was sealed. Needs no right to write.
public struct VerifyChain: Sendable {
  private let querying: Pool

  public init(querying: Pool) {
    self.querying = querying
  }

  /// What was found of one organization.
  public struct Report: Sendable {
    public let organization: UUID
    public let slug: String
    /// How many links hold, from the first on.
    public let verifiedLinks: Int64
    public let broken: BrokenLink?
  }

  /// The first link that does not hold, nil when all do.
  public func verify(_ organization: UUID) async throws -> BrokenLink? {
    try await verified(organization).broken
  }

  /// Every organization's chain, or one's by its slug. For the owner's role: others see one organization at a
  /// time.
  public func reports(slug: String? = nil) async throws -> [Report] {
    var reports: [Report] = []
    for (id, slug) in try await SealedDocumentStore.organizations(in: querying, slug: slug) {
      let (links, broken) = try await verified(id)
      reports.append(Report(organization: id, slug: slug, verifiedLinks: links, broken: broken))
    }
    return reports
  }

  /// How many links hold, and the first that does not. Links are read some hundreds at a time, so a chain of
  /// any length fits; one snapshot of the database serves them all.
  func verified(_ organization: UUID) async throws -> (links: Int64, broken: BrokenLink?) {
    try await querying.transaction(.snapshot) { transaction, _ in
      let documents = SealedDocumentStore(transaction: transaction, organization: organization)
      try await documents.enter()
      var chain = Chain()
      while true {
        let links = try await documents.links(after: chain.head.ordinal)
        guard !links.isEmpty else { break }
        for (link, document) in links {
          if let broken = chain.verify(next: link, document: document) { return (chain.head.ordinal, broken) }
        }
      }
      return (chain.head.ordinal, try await documents.end(of: chain))
    }
  }
}

extension ChainFault {
  /// A stable word for scripts and callers.
  public var code: String {
    switch self {
    case .ordinal: "link-missing"
    case .previousHash: "previous-link-replaced"
    case .text: "sealed-text-changed"
    case .document: "document-changed"
    case .documentMissing: "document-missing"
    case .unknownVersion: "unknown-version"
    case .end: "end-cut-or-added"
    }
  }
}
