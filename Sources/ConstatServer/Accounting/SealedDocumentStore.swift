import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Reads the chain and, for each link, its document's own rows as they are now.
struct SealedDocumentStore {
  let transaction: Transaction
  let organization: UUID
  /// How many links are read at a time.
  private static let batch = 200

  /// All organizations, or the one of a slug, by their slugs.
  static func organizations(in pool: Pool, slug: String?) async throws -> [(id: UUID, slug: String)] {
    let condition: SQL = slug.map { "WHERE slug = \($0)" } ?? ""
    return try await pool.query("SELECT organization_id, slug FROM organization \(condition) ORDER BY slug")
      .map {
        (try $0.get("organization_id"), try $0.get("slug"))
      }
  }

  /// Makes row-level security show this organization, for a caller who is not a request.
  func enter() async throws {
    _ = try await transaction.query(
      "SELECT set_config('app.organization_id', \(organization.uuidString), true)")
  }

  /// The next links after an ordinal, each with its document rebuilt; nil where its rows are gone, or hold
  /// another hash than the link.
  func links(after ordinal: Int64) async throws -> [(link: ChainLink, document: ChainContent?)] {
    let rows = try await transaction.query(
      """
      SELECT ordinal, document_kind, document_id, content, previous_hash, hash FROM chain_link
      WHERE organization_id = \(organization) AND ordinal > \(ordinal) ORDER BY ordinal LIMIT \(Self.batch)
      """)
    var statements: [SQL] = []
    var wanted: [(kind: ChainContent.Kind, first: Int)] = []
    for row in rows {
      let kind = ChainContent.Kind(rawValue: try row.get("document_kind")) ?? .invoice
      wanted.append((kind, statements.count))
      statements += self.statements(kind, try row.get("document_id"))
    }
    let results = try await transaction.pipeline(statements)
    return try zip(rows, wanted).map { row, want in
      let (previous, hash): ([UInt8], [UInt8]) = (try row.get("previous_hash"), try row.get("hash"))
      let link = ChainLink(
        ordinal: try row.get("ordinal"), previous: ChainHash(bytes: previous) ?? .genesis,
        text: try row.get("content"), hash: ChainHash(bytes: hash) ?? .genesis)
      let document = results[want.first].first
      guard let document, try document.get("hash", as: [UInt8]?.self) == hash else { return (link, nil) }
      return (link, try content(want.kind, document, Array(results[want.first...].dropFirst())))
    }
  }

  /// The statements that read one document: its row first, with its hash.
  private func statements(_ kind: ChainContent.Kind, _ id: UUID) -> [SQL] {
    switch kind {
    case .invoice, .creditNote:
      [InvoiceStore.record(organization, id)] + InvoiceStore.parts(organization, id)
    case .payment: [PaymentStore.record(organization, id)]
    case .reversal: [PaymentStore.reversal(organization, id)]
    case .depositSlip: DepositSlipStore.record(organization, id)
    }
  }

  private func content(_ kind: ChainContent.Kind, _ row: Row, _ more: [QueryResult]) throws -> ChainContent {
    switch kind {
    case .invoice, .creditNote: try InvoiceRecord(row: row, parts: InvoiceParts(more.prefix(3))).sealed
    case .payment: try PaymentRecord(row: row).sealed
    case .reversal: try ReversalRecord(row: row).sealed
    case .depositSlip: try DepositSlipRecord(row: row, items: more[0]).sealed
    }
  }

  /// After the last link: whether the chain is as long as the organization counted, and whether every
  /// document that should be in it is.
  func end(of chain: Chain) async throws -> BrokenLink? {
    let results = try await transaction.pipeline([
      "SELECT last FROM system.counter WHERE organization_id = \(organization) AND series = 'chain'",
      unsealed,
    ])
    let counted = try results[0].value(Int64.self) ?? 0
    if counted != chain.head.ordinal {
      return chain.verify(end: ChainHead(ordinal: counted, hash: chain.head.hash))
    }
    guard let row = results[1].first else { return nil }
    let next = chain.head.ordinal + 1
    return BrokenLink(
      ordinal: next, kind: ChainContent.Kind(rawValue: try row.get("kind")), number: try row.get("number"),
      fault: .ordinal(expected: next))
  }

  /// The first document that is issued yet has no link.
  private var unsealed: SQL {
    """
    SELECT d.kind, d.number FROM (
      SELECT i.kind, i.number, i.id FROM invoice i WHERE i.organization_id = \(organization) AND i.status = 'issued'
      UNION ALL SELECT 'payment', p.number, p.id FROM payment p WHERE p.organization_id = \(organization)
      UNION ALL SELECT 'payment_reversal', p.number || '-I', r.id FROM payment_reversal r
        JOIN payment p ON p.organization_id = r.organization_id AND p.id = r.payment_id
        WHERE r.organization_id = \(organization)
      UNION ALL SELECT 'deposit_slip', s.number, s.id FROM deposit_slip s
        WHERE s.organization_id = \(organization) AND s.status = 'closed'
    ) d
    WHERE NOT EXISTS (SELECT FROM chain_link l WHERE l.organization_id = \(organization)
      AND l.document_kind = d.kind AND l.document_id = d.id)
    ORDER BY d.number LIMIT 1
    """
  }
}
