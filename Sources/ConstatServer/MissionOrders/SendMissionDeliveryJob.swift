import ConstatCore
import Foundation
import Postgres

/// Sends one of the mission's papers to whom it was promised (MIS-22, MIS-23). Only workers that can send mail take it.
struct SendMissionDeliveryJob: Job {
  static let kind = "send-mission-delivery"
  let delivery: UUID

  func perform(_ run: JobRun) async throws {
    guard let transport = run.services.mail else { throw NotEquipped() }
    let (organization, id) = (run.organization, delivery)
    let found = try await run.transaction { try await $0.query(DeliveryStore.ready(organization, id)) }
    guard let row = found.first, let kind = MissionDelivery.Kind(rawValue: try row.get("kind")) else {
      return
    }
    let number: Int64 = try row.get("dossier_number")
    let mediaType: String = try row.get("media_type")
    do {
      try await transport.send(
        OutgoingMail(
          id: id, recipient: try row.get("email"), kind: kind, dossierNumber: number,
          fileName: MissionDocumentRoutes.fileName(kind.part, number, mediaType),
          mediaType: mediaType, file: try await run.services.content(of: found, in: organization).whole()))
    } catch let error where !(error is CancellationError) {
      if run.attempt >= Self.maximumAttempts {
        try await run.transaction { transaction in
          _ = try await transaction.execute(DeliveryStore.failed(organization, id, "\(type(of: error))"))
        }
      }
      throw error
    }
    try await run.transaction { _ = try await $0.execute(DeliveryStore.sent(organization, id)) }
  }

  /// Every delivery that has an address and a file.
  static func enqueueDue(_ transaction: Transaction, _ run: JobRun) async throws {
    let due = try await transaction.query(DeliveryStore.due(run.organization))
    _ = try await transaction.pipeline(
      try due.map { row in
        let delivery: UUID = try row.get("id")
        return try JobStore.enqueue(
          SendMissionDeliveryJob(delivery: delivery), in: run.organization, id: run.services.clock.newID(),
          uniqueKey: delivery.wire)
      })
  }
}
