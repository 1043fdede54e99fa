import ConstatCore
import Crypto
import Foundation
import Postgres

/// Asks for a file of a part of the mission order as it is now: the edition is written down with what it says, and a job
/// makes the file. Whoever asks again for what has not changed gets the same edition; so does whoever asks for the order
/// that both parties have signed, whatever the office has changed since.
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
    let obstacles = part.obstacles(try MissionPartStore.facts(row))
    guard obstacles.isEmpty else { return (nil, obstacles) }
    let content = try source.content(of: Array(results.dropFirst()))
    // Read after the content: where that has signatures, the finalisation that made the first edition is seen here.
    let isSigned = content["signatures"]?.array?.isEmpty == false
    var edition: Row?
    if isSigned {
      edition = try await transaction.pipeline(
        MissionDocumentStore.askedAgain(organization, dossier: dossier, part, sha256: nil))[1].first
    }
    if edition == nil {
      let sha256 = Array(SHA256.hash(data: content.serialized()))
      edition = try await transaction.pipeline(
        [
          MissionDocumentStore.insert(
            organization, id: newID(), dossier: dossier, part, isSigned: isSigned, content: content,
            sha256: sha256, by: actor)
        ] + MissionDocumentStore.askedAgain(organization, dossier: dossier, part, sha256: sha256))[2].first
    }
    guard let edition else { return nil }
    let id: UUID = try edition.get("id")
    if try edition.get("_is_to_render", as: Bool.self) {
      _ = try await transaction.execute(
        JobStore.enqueue(
          RenderMissionDocumentJob(document: id), in: organization, id: newID(), uniqueKey: id.wire))
    }
    return (id, [])
  }
}
