import ConstatCore
import Foundation
import Postgres

/// What follows from a finalised mission order: files of what both parties signed and of the receipt, which the field
/// return has (MIS-27), and a note of what is owed by mail, once for each document, whoever asks how often.
struct RequestDeliveries {
  let transaction: Transaction
  let organization: UUID
  let newID: @Sendable () -> UUID
  let actor: String

  func run(dossier: UUID) async throws {
    let ground = try await transaction.query(DeliveryStore.ground(organization, dossier: dossier))
    guard let row = ground.first, let columns = try JSONValue(row).object else { return }
    let order = MissionOrder(columns: columns)
    guard order.finalisedAt != nil else { return }
    var documents: [MissionOrderPart: UUID] = [:]
    for part in [MissionOrderPart.commercialOrder, .paymentReceipt] {
      documents[part] = try await RequestEdition(
        transaction: transaction, organization: organization, newID: newID, actor: actor
      ).run(part, of: dossier)?.id
    }
    let due = MissionDelivery.due(order, copyRequested: columns["copy_requested"]?.bool ?? false)
    _ = try await transaction.pipeline(
      try due.map { kind in
        let role = kind == .receipt ? "payer" : "orderer"
        return DeliveryStore.insert(
          organization, id: newID(), dossier: dossier, kind,
          contact: try row.get("\(role)_id", as: UUID?.self),
          email: try row.get("\(role)_email", as: String?.self), document: documents[kind.part])
      })
  }
}

extension MissionDelivery.Kind {
  /// The part of the mission order that is sent.
  var part: MissionOrderPart {
    switch self {
    case .receipt: .paymentReceipt
    case .orderCopy: .commercialOrder
    }
  }
}

/// Lets what waited for an address go, once its contact has one, and all else that could go.
struct AddressDeliveriesJob: Job {
  static let kind = "address-mission-deliveries"
  static let every: Int64? = 900

  func perform(_ run: JobRun) async throws {
    var last: UUID?
    repeat { last = try await document(run, after: last) } while last != nil
    try await run.transaction { transaction in
      _ = try await transaction.execute(DeliveryStore.address(run.organization))
      try await SendMissionDeliveryJob.enqueueDue(transaction, run)
    }
  }

  /// Asks for the files that some dossiers lack; the last of them, where there may be more.
  private func document(_ run: JobRun, after last: UUID?) async throws -> UUID? {
    try await run.transaction { transaction in
      let dossiers = try await transaction.query(DeliveryStore.undocumented(run.organization, after: last))
        .map { try $0.get("dossier_id", as: UUID.self) }
      for dossier in dossiers {
        try await RequestDeliveries(
          transaction: transaction, organization: run.organization, newID: run.services.clock.newID,
          actor: "job:" + Self.kind
        ).run(dossier: dossier)
      }
      return dossiers.count < DeliveryStore.pageSize ? nil : dossiers.last
    }
  }
}
