import ConstatCore
import HTTPTypes
import Postgres

/// `GET /v1/sync/events`: server-sent events that say that there is something to pull. A device hears of what changed on
/// it, staff of everything. With `after`, one answer as soon as there is something, for whom a stream does not reach.
struct LiveRoutes {
  let hub: LiveHub

  func register(in routes: inout Routes) {
    routes.get("/v1/sync/events", .staff.or(.device), listen)
  }

  @Sendable private func listen(_ reading: ReadCall) async throws -> Reply {
    try reading.call.query.only("after")
    let after = try reading.call.query.integer("after", in: 0...Int.max)
    let organization = try reading.call.organization
    let result = try await reading.query(LiveStore.head(organization))
    let principal = try await reading.principal()
    guard result.rowCount == 1, let credential = reading.call.token?.hash else { throw Problem.notFound }
    let head = result[0]
    if try head.get("revoked", as: Bool.self) {
      throw PullRoutes.revoked(lmid: try head.get("last_sequence"))
    }
    let technician = principal.kind == .device ? principal.accountID : nil
    let stream = hub.listen(
      organization, technician: technician, credential: credential, at: try head.get("version"))
    if let after {
      return try await wait(stream, in: reading) {
        LiveStore.news(organization, technician, after: Int64(after))
      }
    }
    var reply = Reply(
      .ok,
      headers: [
        .contentType: "text/event-stream", .cacheControl: "no-store", .init("X-Accel-Buffering")!: "no",
      ])
    reply.stream = stream
    return reply
  }

  /// The version of what is new, once something is; nothing, after the time in which a stream would have said that it is
  /// still there. The hub's own message ends that time.
  private func wait(_ stream: LiveHub.Stream, in reading: ReadCall, news: () -> SQL) async throws -> Reply {
    let end = ContinuousClock.now + LiveHub.keepAlive
    for await _ in stream {
      let version: Int64? = try await reading.query(news()).value()
      if let version { return .json(["v": .integer(version)]) }
      if .now >= end { break }
    }
    return .noContent
  }
}
