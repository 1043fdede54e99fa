import ConstatCore
import HTTPTypes
import Postgres

/// `GET /v1/sync/events`: server-sent events that say that there is something to pull. A device hears of what changed on
/// it, staff of everything.
struct LiveRoutes {
  let hub: LiveHub

  func register(in routes: inout Routes) {
    routes.get("/v1/sync/events", .staff.or(.device), listen)
  }

  @Sendable private func listen(_ reading: ReadCall) async throws -> Reply {
    try reading.call.query.only([])
    let organization = try reading.call.organization
    let result = try await reading.query(LiveStore.head(organization))
    let principal = try await reading.principal()
    guard result.rowCount == 1, let credential = reading.call.token?.hash else { throw Problem.notFound }
    let head = result[0]
    if try head.get("revoked", as: Bool.self) {
      throw PullRoutes.revoked(lmid: try head.get("last_sequence"))
    }
    var reply = Reply(
      .ok,
      headers: [
        .contentType: "text/event-stream", .cacheControl: "no-store", .init("X-Accel-Buffering")!: "no",
      ])
    reply.stream = hub.listen(
      organization, technician: principal.kind == .device ? principal.accountID : nil, credential: credential,
      at: try head.get("version"))
    return reply
  }
}
