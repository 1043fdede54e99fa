import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// All SQL on the chain of issued documents (CGI 286-I-3° bis): one chain per organization, its head held under a lock
/// by whoever seals until the transaction ends.
struct ChainStore {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  /// Takes the head of the chain. The first lock of a transaction after those on its documents.
  func lockHead() async throws -> ChainHead {
    let results = try await transaction.pipeline([
      "SELECT system.next_number('chain') AS ordinal",
      """
      SELECT hash FROM chain_link WHERE organization_id = \(organization) ORDER BY ordinal DESC LIMIT 1
      """,
    ])
    let ordinal: Int64 = try results[0][0].get("ordinal")
    let hash = try results[1].first.flatMap { ChainHash(bytes: try $0.get("hash", as: [UInt8].self)) }
    return ChainHead(ordinal: ordinal - 1, hash: hash ?? .genesis)
  }

  func insertion(_ link: ChainLink, kind: ChainContent.Kind, document: UUID) -> SQL {
    """
    INSERT INTO chain_link (organization_id, id, ordinal, document_kind, document_id, content, previous_hash, hash)
    VALUES (\(organization), \(clock.newID()), \(link.ordinal), \(kind.rawValue), \(document), \(link.text),
      \(link.previous.bytes), \(link.hash.bytes))
    """
  }
}
