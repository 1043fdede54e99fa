import ConstatCore
import ConstatSync

@testable import ConstatDevice

/// What the server tells devices: pages of changes, and the digest of all.
extension FakeServer {
  func pull(_ request: PullRequest, _ device: String) throws -> Transport.Answer {
    pulls.append(request)
    if isTooNew { return problem(426, "schema-too-old") }
    var position = Cursor.Position.end(of: -1)
    var isReset = true
    if let token = request.cursor {
      guard let cursor = try? signer.cursor(token).checked(for: device) else {
        return problem(400, "malformed-cursor")
      }
      if cursor.epoch == state.epoch {
        position = cursor.position
        isReset = false
      }
    }
    let events = events(after: position)
    let page = Array(events.prefix(min(request.limit, pageLimit)))
    let more = page.count < events.count
    let next = more ? FakeServer.position(of: page[page.count - 1]) : .end(of: state.version)
    let cursor = Cursor(epoch: state.epoch, device: device, schema: request.schema, position: next)
    let lmid = state.journals[device]?.lmid ?? 0
    return json(
      PullResponse(
        epoch: state.epoch, version: state.version, events: page, cursor: signer.token(cursor), more: more,
        reset: isReset, lmid: lmid
      ).json)
  }

  func digest(_ request: DigestRequest, _ device: String) throws -> Transport.Answer {
    guard let cursor = try? signer.cursor(request.cursor).checked(for: device) else {
      return problem(400, "malformed-cursor")
    }
    digests.append(request)
    let all = events(after: .end(of: -1))
    let isCurrent = cursor.epoch == state.epoch && events(after: cursor.position).isEmpty
    let rows = all.compactMap { if case .put(let entity) = $0 { entity } else { nil } }
    var parts = ScopeDigest(of: rows).parts
    if tellsOtherwise { parts["contact"] = .init(rows: 1, sha256: "00") }
    return json(
      DigestResponse(
        epoch: state.epoch, version: state.version, expected: isCurrent ? ScopeDigest(parts: parts) : nil
      ).json)
  }

  func events(after position: Cursor.Position) -> [SyncEvent] {
    var events: [(Cursor.Position, SyncEvent)] = []
    var shared: [EntityKey: Int64] = [:]
    for (mission, membership) in state.memberships {
      if !membership.isIn {
        let leave = SyncEvent.leave(
          mission: mission, version: membership.version, reason: LeaveReason(rawValue: membership.reason))
        events.append((FakeServer.position(of: leave), leave))
        continue
      }
      for row in state.rows.values where isOf(mission, row) {
        let event = put(row, atLeast: membership.version)
        events.append((FakeServer.position(of: event), event))
      }
      for link in links(of: mission) {
        shared[link.target] = max(shared[link.target] ?? 0, link.version, membership.version)
      }
    }
    for (key, version) in shared {
      guard let row = state.rows[key] else { continue }
      let event = put(row, atLeast: version)
      events.append((FakeServer.position(of: event), event))
    }
    for row in state.rows.values where row.key.type.rule.scope == .organization {
      let event = put(row, atLeast: 0)
      events.append((FakeServer.position(of: event), event))
    }
    return events.filter { $0.0 > position }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  private func put(_ row: EntityState, atLeast version: Int64) -> SyncEvent {
    let version = max(version, row.version)
    if row.isDeleted { return .delete(row.key, version: version) }
    let visible = Set(row.key.type.visibleFields)
    return .put(
      Entity(
        key: row.key, version: version, born: row.born,
        fields: row.values.filter { visible.contains($0.key) },
        fieldVersions: row.fieldVersions))
  }

  private static func position(of event: SyncEvent) -> Cursor.Position {
    switch event {
    case .put(let entity):
      .init(version: entity.version, type: entity.key.type.rawValue, id: entity.key.id)
    case .delete(let key, let version): .init(version: version, type: key.type.rawValue, id: key.id)
    case .leave(let mission, let version, _): .init(version: version, type: "leave", id: mission)
    case .unknown: .init(version: 0, type: "", id: "")
    }
  }

  private func isOf(_ mission: String, _ row: EntityState) -> Bool {
    guard row.key.type.rule.scope == .mission else { return false }
    if row.key.type == .dossier { return row.key.id == mission }
    guard let field = row.key.type.dossierField else { return false }
    return row.values[field]?.string == mission
  }

  func live(of mission: String) -> [EntityState] {
    state.rows.values.filter { !$0.isDeleted && isOf(mission, $0) }
  }

  func links(of mission: String) -> [(target: EntityKey, version: Int64)] {
    live(of: mission).flatMap { row in
      Reachability.links.filter { $0.type == row.key.type }.compactMap { link in
        row.values[link.field]?.string.map { (EntityKey(link.target, $0), row.version) }
      }
    }
  }
}
