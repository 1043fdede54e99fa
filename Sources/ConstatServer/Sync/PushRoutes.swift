import ConstatCore
import ConstatSync
import Foundation
import HTTPTypes
import Postgres

/// `POST /v1/sync/push`: a device's oldest unanswered mutations, settled once each. Two round trips to the
/// database: what decides travels with BEGIN, what was decided with COMMIT.
struct PushRoutes {
  /// Signatures travel inside mutations.
  static let bodyLimit = 8 * 1_048_576

  /// Refusals of a whole push that the office sees beside the device.
  private static let noted = Set(
    [
      PushError.sequenceGap(lmid: 0), .sequenceNotDense, .deviceForked(seq: 0), .groupIncomplete(""),
    ].map(\.code))

  let news: FeedNews

  func register(in routes: inout Routes) {
    routes.transacting(.post, "/v1/sync/push", .device, bodyLimit: Self.bodyLimit) { [news] call, access in
      let request: PushRequest
      let body = try call.json()
      do throws(FieldProblems) { request = try PushRequest(json: body) } catch { throw Problem(error) }
      do {
        let response = try await Push(call: call, access: access).settle(request)
        news.heard(response.results.reduce(0) { max($0, $1.version) }, of: try call.organization)
        return .json(response.json)
      } catch let problem as Problem where Self.noted.contains(problem.code) {
        // The transaction is undone: what the office is to see of a device that cannot go on is written apart.
        _ = try await ReadCall(call: call, access: access).query(
          DeviceJournalStore(organization: try call.organization).refused(
            as: problem.code, request.report, skew: request.skewSeconds(at: call.clock.now())))
        throw problem
      }
    }
  }
}

/// One push on its way through the database.
struct Push: Sendable {
  let call: Call
  let access: Access

  /// Settles all mutations in one transaction. Where the database refuses one that every check let pass, they
  /// are settled one by one, and the one at fault is answered `rejected`: no mutation may block those behind
  /// it.
  func settle(_ request: PushRequest) async throws -> PushResponse {
    do {
      return try await settle(request, refusing: nil)
    } catch  where Self.isRefusal(error) {
      let parts = request.parts
      guard parts.count > 1 else {
        return try await settle(request, refusing: Rejection(.refused))
      }
      var response: PushResponse?
      for one in parts {
        let part = try await settle(one)
        response = PushResponse(
          epoch: part.epoch, lmid: part.lmid, results: (response?.results ?? []) + part.results)
      }
      return response!
    }
  }

  private static func isRefusal(_ error: any Error) -> Bool {
    error is MutationRefused || (error as? PostgresError)?.isRefusal == true
  }

  private func settle(_ request: PushRequest, refusing: Rejection?) async throws -> PushResponse {
    let store = PushStore(organization: try call.organization)
    let dossiers = request.dossiers
    let rows = request.rows
    let sequences = request.sequences
    return try await WriteCall.run(call, access: access, channel: "sync") { _ in
      [
        store.journal, store.stored(sequences), store.lock(dossiers),
        store.missions(
          dossiers, technician: PrincipalStore.signedInAccount, device: PrincipalStore.signedInDevice),
        store.entities(rows),
        store.openConflicts(rows, device: PrincipalStore.signedInDevice), store.diagnosticCodes,
      ] + (request.saysOnlineCard ? [store.onlineCard] : [])
    } _: { writing in
      let opened = writing.opened
      guard opened[0].rowCount == 1, let device = writing.principal.deviceID else { throw Problem.notFound }
      let row = opened[0][0]
      let lmid: Int64 = try row.get("last_sequence")
      let stored = try Self.stored(opened[1])
      let plan: PushPlan
      do throws(PushError) {
        plan = try PushPlan(request, from: device.wire, lmid: lmid, stored: stored)
      } catch {
        throw Problem(error, lmid: lmid)
      }
      let epoch: String = try row.get("epoch")
      let version: Int64 = try row.get("version")
      guard !plan.fresh.isEmpty else { return PushResponse(epoch: epoch, lmid: lmid, results: plan.replays) }
      let loaded = try PushStore.loaded(
        missions: opened[3], entities: opened[4], conflicts: opened[5], codes: opened[6])
      var decision = PushDecision(
        author: Author(
          device: device.wire, technician: (try row.get("technician_id") as UUID).wire,
          isRevoked: try row.get("revoked"), withheld: try PullStore.withheld(row)),
        server: try EpochStore.position(row),
        missions: loaded.missions, states: loaded.states, openConflicts: loaded.conflicts,
        diagnosticCodes: loaded.codes,
        onlineCard: try request.saysOnlineCard ? Self.offer(opened[7]) : .never, check: .fieldSets,
        newConflictID: { call.clock.newID().wire })
      var outcomes =
        refusing.map { rejection in plan.fresh.map { _ in MergeOutcome.rejected(rejection) } }
        ?? decision.decide(plan.fresh)
      let writer = PushWriter(writing: writing, device: device, before: loaded)
      let carried = refusing == nil ? try await writer.carryOut(decision) : .init()
      for (index, item) in plan.fresh.enumerated() {
        guard let key = item.key, let conflict = carried.contested[key], conflict.mine.seq == item.seq else {
          continue
        }
        outcomes[index] = outcomes[index].contested(by: conflict)
      }
      let sealed = try await writer.settle(
        plan.fresh, outcomes, of: request, after: carried.writes, version: version)
      let results = zip(plan.fresh, outcomes).map { $1.result(seq: $0.seq, version: sealed) }
      return PushResponse(
        epoch: epoch, lmid: max(lmid, plan.fresh.last?.seq ?? lmid), results: plan.replays + results)
    }
  }

  private static func offer(_ result: QueryResult) throws -> OnlineCardOffer {
    guard let row = result.first else { return .never }
    return OnlineCardOffer(isOffered: try row.get("offered"), since: try row.get("since"))
  }

  private static func stored(_ result: QueryResult) throws -> [Int64: PushPlan.Stored] {
    var stored: [Int64: PushPlan.Stored] = [:]
    for row in result {
      stored[try row.get("sequence")] = PushPlan.Stored(
        payloadHash: try row.get("payload_hash"),
        result: try MutationResult(json: PushStore.json(row, "result")))
    }
    return stored
  }
}

extension PostgresError {
  /// The statement itself was refused: a value, a constraint, a rule of the database.
  var isRefusal: Bool {
    kind == .server && ["22", "23", "CN"].contains { sqlState.hasPrefix($0) } && sqlState != "CN001"
  }
}

extension Problem {
  init(_ error: PushError, lmid: Int64) {
    let status: HTTPResponse.Status =
      switch error {
      case .sequenceGap, .sequenceNotDense: .conflict
      case .deviceForked, .groupIncomplete: .unprocessableContent
      case .otherDevice: .forbidden
      }
    self.init(
      status, error.code, "Envoi refusé", detail: error.detail, members: ["lmid": .integer(lmid)])
  }
}

extension PushRequest.Item {
  fileprivate var key: EntityKey? {
    if case .mutation(let mutation) = self { mutation.key } else { nil }
  }
}

extension PushRequest {
  var sequences: ClosedRange<Int64> {
    let all = items.map(\.seq)
    return (all.min() ?? 0)...(all.max() ?? 0)
  }

  /// How far the device's clock is ahead, where that is worth showing.
  func skewSeconds(at now: Instant) -> Int64? {
    report.skewSeconds(lastMade: mutations.last.flatMap { HybridTime($0.hlc) }, at: now)
  }

  /// Whether a mutation says that money came through the online provider.
  var saysOnlineCard: Bool {
    mutations.contains { mutation in
      ["means", "payment_means"].contains { mutation.set[$0]?.string == PaymentMeans.onlineCard.rawValue }
    }
  }

  private var mutations: [Mutation] {
    items.compactMap { if case .mutation(let mutation) = $0 { mutation } else { nil } }
  }

  var dossiers: [UUID] {
    Set(mutations.compactMap { UUID(wire: $0.dossier) }).sorted { $0.wire < $1.wire }
  }

  /// The rows that the mutations are about or refer to, and those whose state their rules look at: a mission order bears its
  /// dossier's id.
  var rows: Set<PushStore.RowKey> {
    let named = mutations.compactMap { mutation in
      UUID(wire: mutation.key.id).map { PushStore.RowKey(type: mutation.key.type, id: $0) }
    }
    return Set(
      named + mutations.flatMap(PushStore.RowKey.referred(by:)) + dossiers.flatMap(PushStore.RowKey.mission))
  }
}
