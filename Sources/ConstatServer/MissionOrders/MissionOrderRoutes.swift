import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// The mission order's ten steps (MIS-07), and the field return (MIS-24…28).
struct MissionOrderRoutes {
  /// Administrators and accountants only (MIS-28, AMB-04).
  static let fieldReturn = Access.staff(.admin, .accountant)

  func register(in routes: inout Routes) {
    routes.get("/v1/dossiers/{id}/mission-order", .staff) { try await missionOrder($0) }
    routes.get("/v1/dossiers/{id}/field-return", Self.fieldReturn) { try await fieldReturn($0) }
    routes.get("/v1/signatures/{id}/image", Self.fieldReturn) { try await image($0) }
  }

  /// Where and when the technician was: of the field return, so for those alone who read it (IDN-11).
  private static let whereabouts: Set = [
    "started_at", "started_latitude", "started_longitude", "finalised_at", "ended_at", "ended_latitude",
    "ended_longitude",
  ]

  /// What each step shows, under the step's name, with how far the order has come.
  private func missionOrder(_ reading: ReadCall) async throws -> Reply {
    let (organization, id) = (try reading.call.organization, try reading.call.id())
    try reading.call.query.only()
    let results = try await reading.query([
      MissionOrderStore.dossier(organization, id), MissionOrderStore.order(organization, id),
      MissionOrderStore.signatures(organization, id), MissionOrderStore.address(organization, id),
      MissionOrderStore.complement(organization, id), MissionOrderStore.contacts(organization, id),
      MissionOrderStore.outbuildings(organization, id), MissionOrderStore.diagnostics(organization, id),
      MissionOrderStore.price(organization, id), MissionOrderStore.payments(organization, id),
    ])
    guard let dossier = results[0].first else { throw Problem.notFound }
    let columns = try results[1].first.map { try JSONValue($0).object ?? [:] }
    let order = MissionOrder(columns: columns ?? [:])
    let contacts = try Self.rows(results[5])
    func contact(_ column: String) throws -> JSONValue {
      let id = try dossier.get(column, as: UUID?.self)?.uuidString.lowercased()
      return contacts.first { $0["id"]?.string == id && id != nil } ?? .null
    }
    let payments = try Self.rows(results[9])
    let seesAll = try await reading.principal().profiles.readsFieldReturn
    let shown = columns.map { columns in
      JSONValue.object(
        Dictionary(
          uniqueKeysWithValues: columns.map { name, value in
            (name, seesAll || !Self.whereabouts.contains(name) ? value : .null)
          }))
    }
    let steps: JSONValue = [
      "address": try Self.row(results[3]), "complement": try Self.row(results[4]),
      "owner": try contact("owner_id"),
      "payer": ["payer": try contact("payer_id"), "candidates": .array(contacts)],
      "outbuildings": .array(try Self.rows(results[6])), "diagnostics": .array(try Self.rows(results[7])),
      "price": try Self.row(results[8]), "payer_presence": ["payer_present": JSONValue(order.payerPresent)],
      "on_site_payment": ["payment_on_site": JSONValue(order.paymentOnSite)],
      "payment": ["payment_means": JSONValue(order.paymentMeans?.rawValue), "payments": .array(payments)],
    ]
    return .json([
      "dossier_id": .string(id.uuidString.lowercased()),
      "dossier_number": .integer(try dossier.get("dossier_number")),
      "state": .string(Self.state(order, isStarted: columns != nil)),
      "order": shown ?? .null,
      "next_step": JSONValue(order.nextStep.map { Int64($0.rawValue) }), "steps": steps,
      "signatures": .array(seesAll ? try Self.rows(results[2]) : []),
    ])
  }

  private static func state(_ order: MissionOrder, isStarted: Bool) -> String {
    guard isStarted else { return "not_started" }
    if order.finalisedAt != nil { return "finalised" }
    return order.nextStep == nil ? "at_end" : "in_progress"
  }

  /// Who was where and when, what was signed and paid, both documents (MIS-27), and every field that the device changed. There is one
  /// only once a mission order was started (MIS-26).
  private func fieldReturn(_ reading: ReadCall) async throws -> Reply {
    let (organization, id) = (try reading.call.organization, try reading.call.id())
    try reading.call.query.only()
    let results = try await reading.query([
      MissionOrderStore.order(organization, id), MissionOrderStore.signatures(organization, id),
      MissionOrderStore.payments(organization, id), MissionOrderStore.fieldChanges(organization, id),
      DeliveryStore.all(organization, dossier: id), MissionPartStore.facts(organization, dossier: id),
      MissionDocumentStore.latest(organization, dossier: id),
    ])
    guard results[0].rowCount == 1, let facts = results[5].first else { throw Problem.notFound }
    let documents = try MissionDocumentRoutes.shown(
      [.commercialOrder, .paymentReceipt], MissionPartStore.facts(facts), latest: results[6])
    return .json([
      "documents": .array(documents),
      "dossier_id": .string(id.uuidString.lowercased()), "order": try Self.row(results[0]),
      "signatures": .array(try Self.rows(results[1])), "payments": .array(try Self.rows(results[2])),
      "deliveries": .array(try Self.rows(results[4])), "changes": .array(try Self.rows(results[3])),
    ])
  }

  private func image(_ reading: ReadCall) async throws -> Reply {
    let result = try await reading.query(
      MissionOrderStore.image(try reading.call.organization, signature: reading.call.id()))
    guard let row = result.first else { throw Problem.notFound }
    let call = reading.call
    return Reply(
      .ok, headers: [.contentType: try row.get("media_type")],
      body: try await call.services.content(of: result, in: call.organization).whole())
  }

  private static func rows(_ result: QueryResult) throws -> [JSONValue] {
    try result.map { try JSONValue($0) }
  }
  private static func row(_ result: QueryResult) throws -> JSONValue {
    try result.first.map { try JSONValue($0) } ?? .null
  }
}
