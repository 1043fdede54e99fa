import ConstatCore
import Foundation
import Postgres

/// Notes what a finalised mission order owes by mail: once for each document, whoever asks how often.
struct RequestDeliveries {
  let transaction: Transaction
  let organization: UUID
  let newID: @Sendable () -> UUID

  func run(dossier: UUID) async throws {
    let ground = try await transaction.query(DeliveryStore.ground(organization, dossier: dossier))
    guard let row = ground.first, let columns = try JSONValue(row).object else { return }
    let due = MissionDelivery.due(
      MissionOrder(columns: columns), copyRequested: columns["copy_requested"]?.bool ?? false)
    _ = try await transaction.pipeline(
      try due.map { kind in
        let role = kind == .receipt ? "payer" : "orderer"
        return DeliveryStore.insert(
          organization, id: newID(), dossier: dossier, kind,
          contact: try row.get("\(role)_id", as: UUID?.self),
          email: try row.get("\(role)_email", as: String?.self))
      })
  }
}

/// Lets what waited for an address go, once its contact has one.
struct AddressDeliveriesJob: Job {
  static let kind = "address-mission-deliveries"
  static let every: Int64? = 900

  func perform(_ run: JobRun) async throws {
    try await run.transaction { transaction in
      _ = try await transaction.execute(DeliveryStore.address(run.organization))
    }
  }
}
