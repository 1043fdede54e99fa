import ConstatCore
import Crypto
import Foundation
import Postgres

/// Asks for a file of a part of the mission order as it is now: the edition is written down with what it says, and a job
/// makes the file. Whoever asks again for what has not changed gets the same edition.
struct RequestEdition {
  let transaction: Transaction
  let organization: UUID
  let newID: @Sendable () -> UUID
  let actor: String

  /// The edition's id, and what stands against the part where there is none. Nil: no such dossier.
  func run(_ part: MissionOrderPart, of dossier: UUID) async throws -> (
    id: UUID?, obstacles: [MissionOrderPart.Obstacle]
  )? {
    let source = MissionPartContent(part: part, organization: organization, dossier: dossier)
    let results = try await transaction.pipeline(
      [MissionPartStore.facts(organization, dossier: dossier)] + source.queries)
    guard let row = results[0].first else { return nil }
    let facts = try MissionPartStore.facts(row)
    let obstacles = part.obstacles(facts)
    guard obstacles.isEmpty else { return (nil, obstacles) }
    let content = try source.content(of: Array(results.dropFirst()))
    let written = try await transaction.pipeline(
      MissionDocumentStore.request(
        organization, id: newID(), dossier: dossier, part,
        isSigned: part == .commercialOrder && facts.isOrderSigned, content: content,
        sha256: Array(SHA256.hash(data: content.serialized())), by: actor))
    let edition = written[2][0]
    let id: UUID = try edition.get("id")
    if try edition.get("state", as: String.self) == MissionDocument.State.queued.rawValue {
      _ = try await transaction.execute(
        JobStore.enqueue(
          RenderMissionDocumentJob(document: id), in: organization, id: newID(), uniqueKey: id.wire))
    }
    return (id, [])
  }
}
