import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support

/// An organization with one mission planned for Marc, and his device.
struct FieldWork {
  let server: TestServer
  let org: TestOrganization
  let dossier: UUID
  let owner: UUID
  let appointment: UUID

  /// One pixel.
  static let png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

  /// The visit is another technician's from now on, and the mission with it: Nadia's, unless it is said whose.
  func reassign(to person: UUID? = nil) async throws {
    try await server.asOwner(org.id) { transaction in
      _ = try await transaction.execute(
        "UPDATE appointment SET technician_id = \(person ?? org.nadia.id) WHERE id = \(appointment)")
    }
  }

  static func planned(_ server: TestServer, _ slug: String = "cabinet-basque") async throws -> FieldWork {
    let org = try await server.organization(slug)
    let clock = server.services.clock
    let (owner, dossier, appointment) = (clock.newID(), clock.newID(), clock.newID())
    try await server.asOwner(org.id) { transaction in
      _ = try await transaction.pipeline([
        """
        INSERT INTO contact (organization_id, id, last_name, phone) VALUES (\(org.id), \(owner), 'Etcheverry', '0559000000')
        """,
        """
        INSERT INTO company (organization_id, id, name, siren) VALUES (\(org.id), \(clock.newID()), 'Cabinet', '732829320')
        """,
        """
        INSERT INTO dossier (organization_id, id, number, nature, status, street, city, owner_id, payer_id, created_by)
        VALUES (\(org.id), \(dossier), 1, 'sale_rental_management', 'scheduled', '1 rue de la Paix', 'Bayonne', \(owner),
          \(owner), 'sql:test')
        """,
        """
        INSERT INTO dossier_contact (organization_id, id, dossier_id, contact_id)
        VALUES (\(org.id), \(clock.newID()), \(dossier), \(owner))
        ON CONFLICT (organization_id, dossier_id, contact_id) DO NOTHING
        """,
        """
        INSERT INTO appointment (organization_id, id, dossier_id, technician_id, starts_at, ends_at, time_zone)
        VALUES (\(org.id), \(appointment), \(dossier), \(org.marc.id), '2026-12-01T08:00Z', '2026-12-01T10:00Z',
          'Europe/Paris')
        """,
      ])
    }
    return FieldWork(server: server, org: org, dossier: dossier, owner: owner, appointment: appointment)
  }

  func enrol(_ person: TestOrganization.Person) async throws -> RawDevice {
    let enrolled = try await server.post("/v1/devices", as: person.token, ["name": "Téléphone"])
    let id = enrolled["id"].string ?? ""
    let session = try await server.post("/v1/devices/\(id)/token", ["secret": enrolled["secret"]])
    return RawDevice(server: server, id: id, token: session["access_token"].string ?? "")
  }
}

/// A device that speaks the wire by hand.
/// Used by one task at a time.
final class RawDevice: @unchecked Sendable {
  let server: TestServer
  let id: String
  let token: String
  var cursor: String?
  var version: Int64 = 0
  var epoch = ""
  var seq: Int64 = 0
  /// The rows it holds, by type and id, with their fields.
  var rows: [EntityKey: [String: JSONValue]] = [:]

  init(server: TestServer, id: String, token: String) {
    self.server = server
    self.id = id
    self.token = token
  }

  /// Pulls to the end; the missions that left.
  @discardableResult
  func pull(limit: Int = 500) async throws -> [String] {
    var left: [String] = []
    while true {
      let answer = try await server.post(
        "/v1/sync/pull", as: token,
        PullRequest(cursor: cursor, limit: limit).json)
      guard let page = try? PullResponse(json: answer.json) else { throw Unreadable(text: answer.text) }
      if page.reset { rows = [:] }
      for event in page.events {
        switch event {
        case .put(let entity): rows[entity.key] = entity.fields
        case .delete(let key, _): rows[key] = nil
        case .leave(let mission, _, _):
          left.append(mission)
          rows = rows.filter { $0.key.id != mission && $0.value["dossier_id"]?.string != mission }
        case .unknown: break
        }
      }
      cursor = page.cursor
      epoch = page.epoch
      version = page.version
      if !page.more { return left }
    }
  }

  func mutation(
    _ type: EntityType, _ id: String, in dossier: UUID, _ operation: Mutation.Operation = .set,
    set: [String: JSONValue] = [:], was: [String: JSONValue] = [:], group: Mutation.Group? = nil
  ) -> Mutation {
    seq += 1
    return Mutation(
      seq: seq, hlc: "", base: .init(epoch: epoch, version: version), key: EntityKey(type, id.lowercased()),
      operation: operation, dossier: dossier.uuidString.lowercased(), set: set, was: was, group: group)
  }

  func push(_ mutations: [Mutation]) async throws -> TestServer.Answer {
    try await server.post("/v1/sync/push", as: token, PushRequest(device: id, mutations: mutations).json)
  }
}

struct Unreadable: Error { let text: String }
