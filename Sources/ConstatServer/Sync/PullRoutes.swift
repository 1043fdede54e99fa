import ConstatCore
import ConstatSync
import Foundation
import HTTPTypes
import NIOCore
import Postgres

/// `POST /v1/sync/pull`: one page of a device's feed. The page's events are text from the database, passed on
/// as they are.
struct PullRoutes {
  /// Versions between the cursor and now from which looking among the shared rows in the device's reach beats looking at
  /// all that changed.
  private static let farVersions: Int64 = 2_000

  let news: FeedNews

  func register(in routes: inout Routes) {
    routes.compute("/v1/sync/pull", .device, pull)
  }

  @Sendable private func pull(_ reading: ReadCall) async throws -> Reply {
    let call = reading.call
    let request: PullRequest
    let body = try call.json()
    do { request = try PullRequest(json: body) } catch { throw Problem(error) }
    let store = PullStore(organization: try call.organization)
    let signer = CursorSigner(keys: [call.services.secret])
    let given = request.cursor.map(signer.read)
    let awaited = awaited(given, in: store.organization)
    var results = try await reading.query(
      [store.head] + (awaited.map { [store.page($0, limit: request.limit)] } ?? []))
    let head = results.removeFirst()
    guard head.rowCount == 1 else { throw Problem.notFound }
    let row = head[0]
    let device: UUID = try row.get("id")
    let deviceText = device.wire
    if try row.get("revoked", as: Bool.self) { throw Self.revoked(lmid: try row.get("last_sequence")) }
    guard request.schema >= SchemaRange.current.minimum else { throw Self.tooOld }

    var epoch: String = try row.get("epoch")
    var version: Int64 = try row.get("version")
    // A device of a newer schema is told in ours, and again when the server has learned its own.
    let spoken = min(request.schema, SchemaRange.current.maximum)
    let withheld = try PullStore.withheld(row)
    news.heard(.init(version: version, withheld: withheld), of: store.organization)
    var position = Cursor.Position.end(of: -1)
    var reset = true
    if let cursor = try given?.accepted(for: deviceText), cursor.epoch == epoch {
      if cursor.position.version > version {
        (epoch, version) = try await epochBegun(after: cursor, reading)
      } else if cursor.withheld == withheld.key,
        !Upcaster.current.needsAll(from: cursor.schema, to: spoken)
      {
        position = cursor.position
        reset = false
      }
    }
    try await noteSeen(reading, store, row, request, device)
    let lmid: Int64 = try row.get("last_sequence")
    if position == .end(of: version) {
      return Self.reply(
        epoch: epoch, version: version, events: nil, count: 0, cursor: request.cursor ?? "", more: false,
        reset: reset, lmid: lmid)
    }
    let result =
      if let awaited, awaited.position == position, awaited.withheld == withheld { results[0] } else {
        try await reading.query(
          store.page(
            .init(position: position, isFar: Self.isFar(position, from: version), withheld: withheld),
            limit: request.limit))
      }
    let count = Self.fitting(result, limit: request.limit)
    let more = result.rowCount - 1 > count
    let next = try more ? PullStore.place(of: result[count]) : .end(of: result[0].get("version"))
    let token = signer.token(
      Cursor(epoch: epoch, device: deviceText, schema: spoken, withheld: withheld.key, position: next))
    return Self.reply(
      epoch: epoch, version: try result[0].get("version"), events: result, count: count, cursor: token,
      more: more, reset: reset, lmid: lmid)
  }

  /// A cursor that was signed here and is ahead of what is here shows that this database was put back, and nobody has said
  /// so.
  private func epochBegun(after cursor: Cursor, _ reading: ReadCall) async throws -> (String, Int64) {
    let results = try await reading.query([
      EpochStore.begin(after: cursor), EpochStore.position(of: try reading.call.organization),
    ])
    let position = try EpochStore.position(results[1][0])
    return (position.lineage.epoch, position.version)
  }

  /// The page that is likely to be wanted, as far as this process knows before it has asked where the organization
  /// stands: it then travels with that question. None where the device seems to be up to date.
  private func awaited(_ given: Result<Cursor, CursorError>?, in organization: UUID) -> PullStore.Page? {
    guard let last = news.last(of: organization) else { return nil }
    var position = Cursor.Position.end(of: -1)
    if let given {
      guard case .success(let cursor) = given else { return nil }
      position = cursor.position
    }
    guard position < .end(of: last.version) else { return nil }
    return .init(
      position: position, isFar: Self.isFar(position, from: last.version), withheld: last.withheld)
  }

  /// So is a device that starts, however young its organization.
  private static func isFar(_ position: Cursor.Position, from version: Int64) -> Bool {
    position.version < max(0, version - farVersions)
  }

  /// How many of the events make the page: as many as asked for, within its bytes. The first row is no event.
  private static func fitting(_ result: QueryResult, limit: Int) -> Int {
    let all = min(result.rowCount - 1, limit)
    guard all > 1, let column = result.column(named: "event") else { return all }
    var bytes = 0
    for row in 1...all {
      bytes += result.text(row: row, column: column)?.count ?? 0
      if bytes > SyncLimits.pageBytes { return max(1, row - 1) }
    }
    return all
  }

  private func noteSeen(
    _ reading: ReadCall, _ store: PullStore, _ row: Row, _ request: PullRequest, _ device: UUID
  ) async throws {
    let noted: Int? = try row.get("unsent_count")
    let report = request.report
    guard try row.get("unseen", as: Bool.self) || (report.unsentCount != nil && report.unsentCount != noted)
    else {
      return
    }
    _ = try await reading.query(
      DeviceJournalStore(organization: store.organization).seen(
        device, report, schema: request.schema, skew: report.skewSeconds(at: reading.call.clock.now())))
  }

  private static func reply(
    epoch: String, version: Int64, events: QueryResult?, count: Int, cursor: String, more: Bool, reset: Bool,
    lmid: Int64
  ) -> Reply {
    var body = ByteBuffer()
    let column = events?.column(named: "event")
    if let events, let column {
      let lengths = (1..<(count + 1)).map { events.text(row: $0, column: column)?.count ?? 0 }
      body.reserveCapacity(lengths.reduce(512 + count, +))
    }
    body.writeString("{\"epoch\":\"\(epoch)\",\"v\":\(version),\"events\":[")
    if let events, let column {
      for row in 1..<(count + 1) {
        if row > 1 { body.writeInteger(UInt8(ascii: ",")) }
        if let text = events.text(row: row, column: column) { body.writeBytes(text) }
      }
    }
    let range = SchemaRange.current
    body.writeString(
      """
      ],"cursor":"\(cursor)","more":\(more),"reset":\(reset),"lmid":\(lmid),"schema":{"min":\(range.minimum),\
      "max":\(range.maximum)}}
      """)
    return .json(bytes: body)
  }

  /// Says how far the server has settled: after a restore from a backup the device may have more to rescue
  /// than it knows.
  static func revoked(lmid: Int64) -> Problem {
    Problem(
      .forbidden, "device-revoked", "Appareil révoqué",
      members: ["wipe_after_push": true, "lmid": .integer(lmid)])
  }
  private static let tooOld = Problem(
    .init(code: 426), "schema-too-old", "Version de l'application trop ancienne",
    members: ["schema": SchemaRange.current.json])
}

extension CursorSigner {
  /// What is known of a cursor before its sender is.
  func read(_ token: String) -> Result<Cursor, CursorError> {
    do { return .success(try cursor(token)) } catch { return .failure(error) }
  }
}

extension Result<Cursor, CursorError> {
  /// The cursor of a request's body.
  func accepted(for device: String) throws -> Cursor {
    do throws(CursorError) { return try get().checked(for: device) } catch {
      throw Problem(
        .badRequest, "malformed-cursor", "Curseur refusé", detail: error.code,
        errors: [.init(pointer: "/cursor", code: error.code, detail: "Recommencez sans curseur")])
    }
  }
}
