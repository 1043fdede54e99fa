import ConstatCore
import Foundation
import HTTPTypes
import NIOCore
import Postgres

/// For whoever runs or explores a server: probes, metrics and the contract. Outside `/v1` and without a
/// credential; a proxy keeps `/metrics` from the outside.
struct InstallationRoutes {
  let installation: Installation

  func register(in routes: inout Routes) {
    // Never touches the database: a process that answers must not be restarted because PostgreSQL is away.
    routes.open(.get, "/livez") { _ in .json(["status": "alive"]) }
    routes.open(.get, "/readyz") { try await ready($0.services.pool) }
    routes.open(.get, "/metrics") { await metrics($0.services.pool) }
    let contract = installation.contract.document.serialized()
    routes.open(.get, "/openapi.json") { _ in .json(bytes: ByteBuffer(bytes: contract)) }
    let page = Array(DocumentationPage(installation.contract).html.utf8)
    routes.open(.get, "/docs") { _ in
      Reply(
        .ok,
        headers: [
          .contentType: "text/html; charset=utf-8",
          .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ],
        body: page)
    }
  }

  private func ready(_ pool: Pool) async throws -> Reply {
    if installation.isDraining { throw Self.notReady("draining") }
    let version: Int?
    do { version = try await InstallationStore(pool: pool).schemaVersion() } catch is PostgresError {
      throw Self.notReady("database-unreachable")
    }
    guard let version, version >= installation.schemaVersion else { throw Self.notReady("schema-behind") }
    return .json(["status": "ready", "schema_version": .integer(Int64(version))])
  }

  private static func notReady(_ reason: String) -> Problem {
    Problem(
      .serviceUnavailable, "not-ready", "Serveur non prêt", members: ["reason": .string(reason)],
      headers: [.retryAfter: "5"])
  }

  private func metrics(_ pool: Pool) async -> Reply {
    let now = await pool.statistics()
    var text = installation.metrics.rendered()
    text += "# TYPE constat_pool_connections gauge\n"
    for (state, count) in [("shared", now.shared), ("exclusive", now.exclusive), ("idle", now.idle)] {
      text += "constat_pool_connections{state=\"\(state)\"} \(count)\n"
    }
    text += "# TYPE constat_pool_waiting gauge\nconstat_pool_waiting \(now.waiting)\n"
    return Reply(
      .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"], body: Array(text.utf8))
  }
}
