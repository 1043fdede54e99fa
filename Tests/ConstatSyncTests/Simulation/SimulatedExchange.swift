import ConstatCore
import ConstatSync

extension SimulatedServer {
  // MARK: pull

  func pull(_ request: PullRequest, from device: String) throws -> PullResponse {
    var start = Cursor(epoch: epochName, device: device, schema: 1, version: 0)
    var isReset = true
    if let token = request.cursor {
      let cursor = try signer.cursor(token).checked(for: device)
      if cursor.epoch == epochName {
        start = cursor
        isReset = false
      }
    }
    let feed = feed(for: technicians[device]!, after: start.position)
    let page = feed.prefix(request.limit)
    let more = feed.count > page.count
    var next = Cursor.Position.end(of: version)
    if more, let last = page.last {
      next = mutant == .pageCutsVersion ? .end(of: last.place.version) : last.place
    }
    return PullResponse(
      epoch: epochName, version: version, events: page.map(\.event),
      cursor: signer.token(Cursor(epoch: epochName, device: device, schema: 1, position: next)),
      more: more, reset: isReset, lmid: lmid[device] ?? 0)
  }

  private func feed(
    for technician: String, after start: Cursor.Position
  ) -> [(place: Cursor.Position, event: SyncEvent)] {
    var events: [Cursor.Position: SyncEvent] = [:]
    for (seat, membership) in seats where seat.technician == technician {
      guard membership.isIn else {
        if mutant == .guardedLeave, membership.joined > start.version { continue }
        let place = Cursor.Position(version: membership.version, type: "leave", id: seat.mission)
        events[place] = .leave(
          mission: seat.mission, version: membership.version, reason: .reassigned)
        continue
      }
      for (key, row) in rows(of: seat.mission) {
        add(key, row, [membership.version], to: &events)
      }
      let links = links(of: seat.mission)
      for link in links {
        guard let row = rows[link.target] else { continue }
        var versions = [membership.version, link.version]
        if mutant == .latestLinkOnly {
          let seats = seats.filter { $0.key.technician == technician && $0.value.isIn }
          versions = seats.flatMap { seat in
            self.links(of: seat.key.mission).filter { $0.target == link.target }
              .flatMap { [$0.version, seat.value.version] }
          }
        }
        add(link.target, row, versions, to: &events)
      }
    }
    return events.filter { $0.key > start }.sorted { $0.key < $1.key }
      .map { (place: $0.key, event: $0.value) }
  }

  private func add(
    _ key: EntityKey, _ row: Row, _ versions: [Int64],
    to events: inout [Cursor.Position: SyncEvent]
  ) {
    let isBare = mutant == .noMembershipFeed
    let effective = isBare ? row.version : max(row.version, versions.max() ?? 0)
    let place = Cursor.Position(version: effective, type: key.type.rawValue, id: key.id)
    events[place] = row.isDeleted ? .delete(key, version: row.version) : .put(entity(key, row))
  }

  func entity(_ key: EntityKey, _ row: Row) -> Entity {
    Entity(
      key: key, version: row.version, born: row.born,
      fields: row.values.filter { key.type.rule(of: $0.key)?.isVisible ?? false },
      fieldVersions: row.fieldVersions)
  }

  // MARK: push

  mutating func push(_ request: PushRequest) throws(PushError) -> PushResponse {
    let device = request.device
    let last = lmid[device] ?? 0
    var lmid = last
    if mutant == .noDeduplication, let first = request.items.first { lmid = min(last, first.seq - 1) }
    let plan = try PushPlan(
      request, from: device, lmid: lmid, stored: settled[device]?.mapValues(\.stored) ?? [:])
    let fresh = plan.fresh.compactMap { item -> Mutation? in
      if case .mutation(let mutation) = item { mutation } else { nil }
    }
    var decision = decision(for: fresh, from: device)
    let outcomes = decision.decide(mutated(fresh).map { .mutation($0) })
    if revoked.contains(device), outcomes.contains(where: { $0.status != .parked }) {
      revokedWriters.insert(device)
    }
    if !outcomes.isEmpty { seal(decision.author.writer) }
    var known: [EntityKey: Int64] = [:]
    for (mutation, outcome) in zip(fresh, outcomes) {
      known[mutation.key] = position.known(of: mutation.base) ?? 0
      if outcome.status == .parked, mutant != .dropOutOfScope { parked.append(mutation) }
    }
    for (key, effect) in decision.writes {
      if mutant == .deleteWins, case .restore = effect { continue }
      store(effect, key, device: device, known: known[key] ?? 0)
    }
    storeConflicts(decision.conflicts)
    for (mutation, outcome) in zip(fresh, outcomes) {
      let stored = PushPlan.Stored(
        payloadHash: mutation.payloadHash, result: outcome.result(seq: mutation.seq, version: version))
      settled[device, default: [:]][mutation.seq] = Settled(mutation: mutation, stored: stored)
      timesSettled[device, default: [:]][mutation.seq, default: 0] += 1
    }
    self.lmid[device] = max(last, fresh.last?.seq ?? 0)
    let results = plan.replays + fresh.compactMap { settled[device]?[$0.seq]?.stored.result }
    return PushResponse(epoch: epochName, lmid: self.lmid[device] ?? 0, results: results)
  }

  private func decision(for mutations: [Mutation], from device: String) -> PushDecision {
    let technician = technicians[device]!
    var missions: [String: PushDecision.Mission] = [:]
    var states: [EntityKey: EntityState] = [:]
    for mutation in mutations {
      let isOpen = isAssigned(technician, mutation.dossier)
      missions[mutation.dossier] = PushDecision.Mission(
        closed: isOpen ? nil : .reassigned, shared: Set(links(of: mutation.dossier).map(\.target)))
      states[mutation.key] = state(mutation.key)
      if mutant == .blindDelete, mutation.operation == .delete {
        states[mutation.key]?.writers = [:]
        states[mutation.key]?.born = 0
        states[mutation.key]?.fieldVersions = [:]
      }
    }
    var open: [EntityKey: [String: ConflictRecord]] = [:]
    for (key, row) in rows where key.type == .syncConflict && row.values["state"]?.string == "open" {
      guard row.values["device_id"]?.string == device,
        let record = try? ConflictRecord(json: .object(row.values), id: key.id)
      else { continue }
      open[record.key, default: [:]][record.field] = record
    }
    var drawn = conflictCount
    return PushDecision(
      author: Author(
        device: device, technician: technician,
        isRevoked: revoked.contains(device) && mutant != .revokedApplies),
      server: position, missions: missions, states: states, openConflicts: open,
      check: .fieldSets,
      newConflictID: {
        drawn += 1
        return Simulation.id("c0", drawn)
      })
  }

  private func mutated(_ mutations: [Mutation]) -> [Mutation] {
    mutations.map { original in
      var mutation = original
      switch mutant {
      case .lastWriterWins: mutation.base = .init(epoch: epochName, version: version)
      case .splitGroups: mutation.group = nil
      case .trustOwnWrites:
        mutation.was = mutation.was.filter { mutation.key.type.rule(of: $0.key)?.policy == .note }
        if mutation.operation == .delete { mutation.was = [:] }
      case .noteOverwrites:
        let notes = mutation.set.keys.filter { mutation.key.type.rule(of: $0)?.policy == .note }
        for field in notes { mutation.was[field] = rows[mutation.key]?.values[field] ?? .null }
      default: break
      }
      return mutation
    }
  }

  private mutating func storeConflicts(_ conflicts: [ConflictRecord]) {
    for record in conflicts where mutant != .deleteWins || record.field != ConflictRecord.deletion {
      let key = EntityKey(.syncConflict, record.id!)
      var columns = record.columns
      if mutant == .forgetEarlier || mutant == .noteOverwrites {
        columns["theirs"] = ["value": mutant == .noteOverwrites ? .null : record.theirs.value]
      }
      columns["device_id"] = .string(record.mine.device)
      columns["state"] = "open"
      if rows[key] == nil { conflictCount += 1 }
      store(rows[key] == nil ? .insert(columns) : .update(columns), key, device: nil, known: version)
    }
  }
}
