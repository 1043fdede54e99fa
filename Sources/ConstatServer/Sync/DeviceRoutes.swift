import ConstatCore
import ConstatSync
import Foundation
import HTTPTypes
import Postgres

/// Enrolment of technicians' devices (MIS-33): a device gets a secret once, and short-lived tokens for it. A
/// revoked device may still push, into parking, so that no field work is stranded; it can pull nothing.
struct DeviceRoutes {
  static let tokenSeconds = 900
  private static let tokenFields = FieldSet([.required("secret", .text(min: 1, max: 200))])

  func register(in routes: inout Routes) {
    let office = Access.staff(.admin, .office, .technician)
    routes.get("/v1/devices", .staff(.admin, .office)) { reading in
      let page = try Page(reading.call, filters: ["technician_id", "stuck"])
      return try .list(
        await reading.query(DeviceStore.page(reading.call.organization, reading.call.query, page)), page: page
      )
    }
    routes.get("/v1/devices/{id}", .staff(.admin, .office)) { reading in
      try .resource(await reading.query(DeviceStore.one(reading.call.organization, reading.call.id())))
    }
    routes.post("/v1/devices", office, enrol)
    routes.delete("/v1/devices/{id}", .staff(.admin, .office)) { writing in
      let id = try writing.call.id()
      let device = try await writing.transaction.query(DeviceStore.one(writing.organization, id))
      guard device.rowCount == 1 else { throw Problem.notFound }
      _ = try await writing.transaction.execute(DeviceStore.revoke(writing.organization, id))
      return .noContent
    }
    routes.open(.post, "/v1/devices/{id}/token", openSession)
  }

  /// A technician enrols their own device; the office, anyone's.
  @Sendable private func enrol(_ writing: WriteCall) async throws -> Reply {
    let call = writing.call
    var body = try call.json()
    let isOffice = writing.principal.has(.admin) || writing.principal.has(.office)
    if case .object(var members) = body, members["technician_id"] == nil {
      members["technician_id"] = .string(writing.principal.accountID.uuidString)
      body = .object(members)
    }
    let values: [String: JSONValue]
    do { values = try Device.fields.checked(body, as: .creation) } catch { throw Problem(error) }
    guard let technician = values["technician_id"]?.string.flatMap(UUID.init(uuidString:)),
      isOffice || technician == writing.principal.accountID
    else { throw Problem.forbidden }
    guard
      try await writing.transaction.query(DeviceStore.isTechnician(writing.organization, technician)).rowCount
        == 1
    else {
      throw Problem.field("/technician_id", "not-a-technician", "Ce compte n'est pas celui d'un technicien")
    }
    let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? call.clock.newID()
    let secret = BearerToken(.deviceSecret, organization: writing.organization, secret: call.clock.random(32))
    let results = try await writing.transaction.pipeline(
      DeviceStore.insert(
        writing.organization, id: id, technician: technician, name: values["name"]?.string ?? "",
        platform: values["platform"]?.string ?? "other", secretHash: secret.hash)
        + [DeviceStore.one(writing.organization, id), EpochStore.position(of: writing.organization)])
    let row = results[2][0]
    let lineage = try EpochStore.position(results[3][0]).lineage
    return Reply.json(
      [
        "id": .string(id.uuidString.lowercased()),
        "technician_id": .string(technician.uuidString.lowercased()),
        "name": .string(try row.get("name")), "platform": .string(try row.get("platform")),
        "secret": .string(secret.text), "lmid": 0, "epoch": .string(lineage.epoch),
        "forks": .object(lineage.forks.mapValues { .integer($0) }),
        "schema": SchemaRange.current.json,
        "clock": .string(call.clock.now().description),
      ], status: .created, headers: [.location: "/v1/devices/\(id.uuidString.lowercased())"]
    ).shownOnce
  }

  /// Exchanges a device's secret for a token of a quarter of an hour.
  @Sendable private func openSession(_ call: Call) async throws -> Reply {
    let values = try call.fields(Self.tokenFields, as: .creation)
    let id = try call.id()
    guard let secret = values["secret"]?.string.flatMap(BearerToken.init), secret.kind == .deviceSecret else {
      throw Problem.unauthorized
    }
    let clock = call.clock
    return try await call.services.pool.transaction(opening: DeviceStore.bySecret(secret, id)) {
      transaction, results in
      guard let technician: UUID = try results[1].value() else { throw Problem.unauthorized }
      let token = BearerToken(.access, organization: secret.organization, secret: clock.random(32))
      _ = try await transaction.pipeline(
        DeviceStore.openSession(
          secret.organization, id: clock.newID(), device: id, technician: technician, accessHash: token.hash,
          refreshHash: clock.random(32), seconds: Self.tokenSeconds))
      return .json([
        "access_token": .string(token.text), "token_type": "Bearer",
        "expires_in": .integer(Int64(Self.tokenSeconds)), "clock": .string(clock.now().description),
      ])
    }
  }
}
