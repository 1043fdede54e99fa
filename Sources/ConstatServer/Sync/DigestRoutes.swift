import ConstatCore
import ConstatSync
import Foundation
import HTTPTypes
import Metrics
import Postgres

/// `POST /v1/sync/digest`: whether a device holds what it should. Computed only when a device asks, so that a pull
/// pays nothing for it.
struct DigestRoutes {
  func register(in routes: inout Routes) {
    routes.compute("/v1/sync/digest", .device, digest)
  }

  @Sendable private func digest(_ reading: ReadCall) async throws -> Reply {
    let call = reading.call
    let request: DigestRequest
    let body = try call.json()
    do { request = try DigestRequest(json: body) } catch { throw Problem(error) }
    let feed = PullStore(organization: try call.organization)
    let head = try await reading.query(feed.head)
    guard head.rowCount == 1 else { throw Problem.notFound }
    let row = head[0]
    let device: UUID = try row.get("id")
    if try row.get("revoked", as: Bool.self) { throw PullRoutes.revoked(lmid: try row.get("last_sequence")) }
    let cursor = try CursorSigner(keys: [call.services.secret]).read(request.cursor)
      .accepted(for: device.wire)
    let epoch: String = try row.get("epoch")
    let version: Int64 = try row.get("version")
    let seen = cursor.position.version
    let withheld = try PullStore.withheld(row)
    guard cursor.epoch == epoch, cursor.withheld == withheld.key, seen <= version,
      cursor.position == .end(of: seen)
    else {
      return .json(DigestResponse(epoch: epoch, version: version, expected: nil).json)
    }
    let store = DigestStore(organization: feed.organization)
    // The scope first: what is not due after it was read was not due when it was.
    let results = try await reading.query([
      store.scope(withholding: withheld), feed.page(.init(position: cursor.position, isFar: true), limit: 1),
    ])
    guard results[1].rowCount == 1 else {
      return .json(DigestResponse(epoch: epoch, version: version, expected: nil).json)
    }
    let entities = try DigestStore.entities(results[0])
    let kept = Reachability.keep(entities.lazy.map { ($0.key, $0.fields) })
    let expected = ScopeDigest(of: entities.filter { kept.contains($0.key) })
      .without(Upcaster.current.changed(since: cursor.schema))
    if let held = request.held, !expected.differing(from: held).isEmpty {
      Counter(label: "sync_digest_mismatches").increment()
      _ = try await reading.query(store.noteMismatch(device))
    }
    let current: Int64 = try results[1][0].get("version")
    return .json(DigestResponse(epoch: epoch, version: current, expected: expected).json)
  }
}
