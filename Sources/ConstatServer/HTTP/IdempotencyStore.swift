import ConstatCore
import Crypto
import Foundation
import HTTPTypes
import NIOCore
import Postgres

/// Remembers what a POST answered, in the same transaction as its effect, so that a caller whose answer was
/// lost can ask again without doing it twice.
struct IdempotencyStore {
  let transaction: Transaction
  let principal: Principal
  let route: String
  let key: String

  static func fingerprint(_ call: Call) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: Array(call.path.utf8))
    hash.update(data: [0])
    hash.update(data: Array(call.query.canonical.utf8))
    hash.update(data: [0])
    hash.update(data: call.body)
    return Array(hash.finalize())
  }

  /// Takes the key for this transaction, or answers what was answered then.
  func claim(_ fingerprint: [UInt8]) async throws -> Reply? {
    let claimed = try await transaction.execute(
      """
      INSERT INTO system.idempotency_key (organization_id, principal, route, key, fingerprint)
      VALUES (\(principal.organization), \(principal.actor), \(route), \(key), \(fingerprint))
      ON CONFLICT (organization_id, principal, route, key) DO NOTHING
      """)
    if claimed == 1 { return nil }
    let result = try await transaction.query(
      """
      SELECT fingerprint, status, headers::text AS headers, body FROM system.idempotency_key
      WHERE organization_id = \(principal.organization) AND principal = \(principal.actor) AND route = \(route)
        AND key = \(key)
      """)
    guard result.rowCount == 1 else {
      throw Problem.conflict("idempotency-key-in-flight", "Requête déjà en cours")
    }
    let row = result[0]
    guard try row.get("fingerprint", as: [UInt8].self) == fingerprint else {
      throw Problem(
        .unprocessableContent, "idempotency-key-reused",
        "Clé d'idempotence déjà utilisée pour une autre requête")
    }
    var headers: HTTPFields = [.init("Idempotency-Replayed")!: "true"]
    if case .object(let stored) = try JSONValue.parse(Array((try row.get("headers") as String).utf8)) {
      for (name, value) in stored {
        if let field = HTTPField.Name(name), let text = value.string { headers[field] = text }
      }
    }
    let body: [UInt8] = try row.get("body")
    return Reply(.init(code: try row.get("status")), headers: headers, body: body)
  }

  func settle(_ reply: Reply) async throws {
    var reply = reply
    if reply.isSecret {
      let problem = Problem.conflict("already-answered", "Déjà fait : le secret n'est montré qu'une fois")
      reply = Reply(
        problem.status, headers: [.contentType: "application/problem+json", .contentLanguage: "fr"],
        body: problem.body(instance: "-"))
    }
    let headers = JSONValue.object(
      Dictionary(reply.headers.map { ($0.name.canonicalName, .string($0.value)) }, uniquingKeysWith: { $1 }))
    _ = try await transaction.execute(
      """
      UPDATE system.idempotency_key SET status = \(reply.status.code), headers = \(JSONB(bytes: headers.serialized())),
        body = \(Array(reply.body.readableBytesView))
      WHERE organization_id = \(principal.organization) AND principal = \(principal.actor) AND route = \(route)
        AND key = \(key)
      """)
  }

  static func prune(_ organization: UUID) -> SQL {
    """
    DELETE FROM system.idempotency_key WHERE organization_id = \(organization)
      AND created_at < clock_timestamp() - interval '24 hours'
    """
  }
}
