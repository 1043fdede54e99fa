import ConstatCore
import Crypto
import Foundation
import Postgres

/// Makes the file of an edition, then lets go what waited for it. Only workers that can render take it.
struct RenderMissionDocumentJob: Job {
  static let kind = "render-mission-document"
  let document: UUID

  func perform(_ run: JobRun) async throws {
    guard let renderer = run.services.renderer else { throw NotEquipped() }
    let (organization, id) = (run.organization, document)
    let source = try await run.transaction { transaction in
      try await transaction.query(MissionDocumentStore.queued(organization, id)).first.map { row in
        (part: try row.get("part", as: String.self), content: try PushStore.json(row, "content"))
      }
    }
    guard let source, let part = MissionOrderPart(rawValue: source.part) else { return }
    do {
      let drawings = try await drawings(of: source.content, run)
      let (bytes, mediaType) = try await renderer.render(part, source.content, drawings: drawings)
      let sha256 = Array(SHA256.hash(data: bytes))
      try await run.keep(bytes, sha256: sha256, mediaType: mediaType)
      try await run.transaction { transaction in
        _ = try await transaction.pipeline([
          BlobStore.settle(organization, sha256: sha256),
          MissionDocumentStore.rendered(
            organization, id, sha256: sha256, mediaType: mediaType, size: bytes.count),
        ])
        try await SendMissionDeliveryJob.enqueueDue(transaction, run)
      }
    } catch let error where !(error is CancellationError || error is JobRun.LeaseLost) {
      if run.attempt >= Self.maximumAttempts {
        try await run.transaction { transaction in
          _ = try await transaction.execute(
            MissionDocumentStore.failed(organization, id, "\(type(of: error))"))
        }
      }
      throw error
    }
  }

  private func drawings(of content: JSONValue, _ run: JobRun) async throws -> [String: [UInt8]] {
    var drawings: [String: [UInt8]] = [:]
    for signature in content["signatures"]?.array ?? [] {
      guard let sha256 = signature["image_sha256"]?.string else { continue }
      let blob = try await run.transaction {
        try await $0.query(MissionDocumentStore.drawing(run.organization, sha256: sha256))
      }
      drawings[sha256] = try await run.services.content(of: blob, in: run.organization).whole()
    }
    return drawings
  }
}

/// This worker lacks what the job needs; one that has it will take the job.
struct NotEquipped: Error {}
