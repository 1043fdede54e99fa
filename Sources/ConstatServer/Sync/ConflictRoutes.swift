import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Conflicts and parked edits, for the office to decide: `/v1/sync/conflicts`, `/v1/sync/parked`. Nothing
/// that anyone typed is dropped; each waits here until someone has said what it becomes.
struct ConflictRoutes {
  private static let choices = ["mine", "theirs", "value", "keep", "delete"]

  func register(in routes: inout Routes) {
    let office = Access.staff(.admin, .office)
    routes.get("/v1/sync/conflicts", office) { reading in
      let page = try Page(reading.call, filters: ["state", "dossier_id"])
      return try .list(
        await reading.query(ConflictStore.page(reading.call.organization, reading.call.query, page)),
        page: page)
    }
    routes.get("/v1/sync/conflicts/{id}", office) { reading in
      try .resource(await reading.query(ConflictStore.one(reading.call.organization, reading.call.id())))
    }
    routes.post("/v1/sync/conflicts/{id}/resolve", office, resolve)
    routes.get("/v1/sync/parked", office) { reading in
      let page = try Page(reading.call, filters: ["state", "dossier_id"])
      return try .list(
        await reading.query(ParkedStore.page(reading.call.organization, reading.call.query, page)), page: page
      )
    }
    routes.get("/v1/sync/parked/{id}", office) { reading in
      try .resource(await reading.query(ParkedStore.one(reading.call.organization, reading.call.id())))
    }
    routes.post("/v1/sync/parked/{id}/apply", office) { try await ParkedEdit(writing: $0).apply() }
    routes.post("/v1/sync/parked/{id}/dismissal", office) { try await ParkedEdit(writing: $0).dismiss() }
  }

  @Sendable private func resolve(_ writing: WriteCall) async throws -> Reply {
    let id = try writing.call.id()
    let body = try writing.call.json()
    // The value is of the contested field's kind, and checked as such below.
    var members = body.object ?? [:]
    members["value"] = nil
    let fields = FieldSet([.required("choice", .choice(Self.choices))])
    do { _ = try fields.checked(body.object == nil ? body : .object(members), as: .creation) } catch {
      throw Problem(error)
    }
    let locked = try await writing.transaction.pipeline([
      PushStore(organization: writing.organization).lock(dossierOf: "sync_conflict", id),
      ConflictStore.locked(writing.organization, id),
    ])[1]
    guard locked.rowCount == 1 else { throw Problem.notFound }
    let row = locked[0]
    guard try row.get("state", as: String.self) == "open" else {
      throw Problem.conflict("conflict-resolved", "Conflit déjà tranché")
    }
    let choice = body["choice"]?.string ?? ""
    let resolving = ResolveConflict(writing: writing, conflict: row, choice: choice, given: body["value"])
    try await resolving.run()
    var resolution: [String: JSONValue] = ["choice": .string(choice)]
    if let value = body["value"] { resolution["value"] = value }
    if let replaced = try await resolving.replaced() { resolution["replaced"] = replaced }
    let results = try await writing.transaction.pipeline([
      ConflictStore.resolve(writing.organization, id, .object(resolution), by: writing.principal.actor),
      ConflictStore.one(writing.organization, id),
    ])
    return try .resource(results[1])
  }
}

/// A parked edit being settled by the office.
struct ParkedEdit: Sendable {
  let writing: WriteCall

  func apply() async throws -> Reply {
    let (id, row) = try await locked()
    let mutation: Mutation
    let payload = try PushStore.json(row, "mutation")
    do { mutation = try Mutation(json: payload) } catch { throw Problem(error) }
    let store = PushStore(organization: writing.organization)
    let device: UUID = try row.get("device_id")
    let technician: UUID = try row.get("technician_id")
    let dossiers = [mutation.dossier].compactMap(UUID.init(wire:))
    let rows = Set(
      [UUID(wire: mutation.key.id)].compactMap { $0.map { .init(type: mutation.key.type, id: $0) } }
        + dossiers.flatMap(PushStore.RowKey.mission))
    let results = try await writing.transaction.pipeline([
      EpochStore.position(of: writing.organization), store.lock(dossiers),
      store.missions(dossiers, technician: "\(technician)", device: "\(device)"),
      store.entities(rows),
      store.openConflicts(rows, device: "\(device)"), store.diagnosticCodes,
      store.withheld,
    ])
    var loaded = try PushStore.loaded(
      missions: results[2], entities: results[3], conflicts: results[4], codes: results[5])
    // An older edit does not take the place of what its device typed later: that conflict is decided first.
    let newer = loaded.conflicts[mutation.key]?.values.first {
      mutation.set[$0.field] != nil && $0.mine.seq > mutation.seq
    }
    if let newer { throw Self.notApplicable("newer-conflict", detail: newer.field) }
    // The office vouches for it now: the mission counts as the device's, and leads to the rows that the edit is about or
    // names, although the link may be one that is parked as well, or is gone.
    let named = try await sharedRows(of: mutation)
    for dossier in loaded.missions.keys {
      loaded.missions[dossier]?.closed = nil
      loaded.missions[dossier]?.shared.formUnion(named)
    }
    let clock = writing.call.clock
    let server = try EpochStore.position(results[0][0])
    var decision = PushDecision(
      author: Author(
        device: device.wire, technician: technician.wire,
        withheld: try Self.withheld(results[6], from: mutation.base, at: server)),
      server: server,
      missions: loaded.missions, states: loaded.states, openConflicts: loaded.conflicts,
      diagnosticCodes: loaded.codes, onlineCard: .always, check: .fieldSets,
      newConflictID: { clock.newID().wire })
    let outcome = decision.decide([.mutation(mutation)])[0]
    switch outcome.status {
    case .rejected, .parked: throw Self.notApplicable(outcome)
    case .applied, .merged, .conflicted:
      do {
        let carried = try await PushWriter(writing: writing, device: device, before: loaded).carryOut(
          decision)
        _ = try await writing.transaction.pipeline(carried.writes)
      } catch is MutationRefused {
        throw Self.notApplicable(.rejected(Rejection(.refused)))
      }
      return try await settle(id, as: "applied")
    }
  }

  private static func notApplicable(_ outcome: MergeOutcome) -> Problem {
    notApplicable(
      outcome.rejection?.code.rawValue ?? outcome.parked?.rawValue ?? "", detail: outcome.rejection?.detail)
  }

  private static func notApplicable(_ reason: String, detail: String?) -> Problem {
    Problem.conflict(
      "edit-not-applicable", "Modification inapplicable", detail: detail, members: ["reason": .string(reason)]
    )
  }

  /// Rows that missions share, of those that the edit is about or names, where they exist.
  private func sharedRows(of mutation: Mutation) async throws -> Set<EntityKey> {
    let own = UUID(wire: mutation.key.id).map { PushStore.RowKey(type: mutation.key.type, id: $0) }
    let rows = RowStore(transaction: writing.transaction)
    var found: Set<EntityKey> = []
    for row in [own].compactMap(\.self) + PushStore.RowKey.referred(by: mutation)
    where row.type.rule.scope == .shared {
      if try await rows.exists(row.type.rawValue, id: row.id) {
        found.insert(EntityKey(row.type, row.id.wire))
      }
    }
    return found
  }

  /// What its device was not shown when it made the edit. Where that has been decided otherwise since, or a restore has cut
  /// that history off, all that can be withheld counts as such: an edit over the device's own, which came to nothing, does
  /// not show that it had seen what was there before.
  private static func withheld(
    _ result: QueryResult, from base: Mutation.Base, at server: ServerPosition
  ) throws -> WithheldInformation {
    guard let row = result.first, server.known(of: base) == base.version,
      try row.get("since", as: Int64.self) <= base.version
    else { return .all }
    return try PullStore.withheld(row)
  }

  func dismiss() async throws -> Reply { try await settle(locked().id, as: "dismissed") }

  private func locked() async throws -> (id: UUID, row: Row) {
    let id = try writing.call.id()
    let locked = try await writing.transaction.query(ParkedStore.locked(writing.organization, id))
    guard locked.rowCount == 1 else { throw Problem.notFound }
    guard try locked[0].get("state", as: String.self) == "parked" else {
      throw Problem.conflict("edit-settled", "Modification déjà traitée")
    }
    return (id, locked[0])
  }

  private func settle(_ id: UUID, as state: String) async throws -> Reply {
    let results = try await writing.transaction.pipeline([
      ParkedStore.settle(writing.organization, id, as: state, by: writing.principal.actor),
      ParkedStore.one(writing.organization, id),
    ])
    return try .resource(results[1])
  }
}
