import ConstatCore
import ConstatSync

/// What must hold when nothing moves any more, told from the histories of both sides and from
/// nothing that the rules themselves decide.
struct Oracle {
  let simulation: Simulation
  let server: SimulatedServer
  /// Tokens that a conflict or a parked edit holds.
  private let held: Set<String>
  private let live: [String: Set<EntityKey>]

  init(_ simulation: Simulation) {
    self.simulation = simulation
    server = simulation.server
    var held: Set<String> = []
    var live: [String: Set<EntityKey>] = [:]
    for (key, row) in server.rows {
      let tokens = Simulation.tokens(.object(row.values))
      if key.type == .syncConflict {
        held.formUnion(tokens)
      } else if !row.isDeleted {
        for token in tokens { live[token, default: []].insert(key) }
      }
    }
    for mutation in server.parked { held.formUnion(Simulation.tokens(.object(mutation.set))) }
    self.held = held
    self.live = live
  }

  /// The first fault; nil when all holds.
  func fault() -> String? {
    convergence() ?? settlement() ?? groups() ?? photos() ?? typedValues() ?? officeValues()
  }

  /// Every device holds exactly its technician's missions and what they lead to.
  private func convergence() -> String? {
    for device in simulation.devices where !server.revoked.contains(device.id) {
      var expected: [EntityKey: Entity] = [:]
      for mission in simulation.missions where server.isAssigned(device.technician, mission) {
        let shared = server.links(of: mission).map(\.target)
        let rows = server.rows(of: mission) + shared.compactMap { key in server.rows[key].map { (key, $0) } }
        for (key, row) in rows where !row.isDeleted { expected[key] = server.entity(key, row) }
      }
      let actual = device.checkpoint.entities
      let keys = Set(actual.keys).symmetricDifference(expected.keys).sorted()
      if !keys.isEmpty { return "scope of \(device.id): \(keys)" }
      for (key, entity) in actual where entity != expected[key] { return "stale \(key) on \(device.id)" }
      for (key, entity) in device.view where entity.values != actual[key]?.fields {
        return "view of \(key) on \(device.id)"
      }
    }
    return nil
  }

  /// Every mutation is settled exactly once.
  private func settlement() -> String? {
    if let device = server.revokedWriters.min() { return "revoked \(device) wrote" }
    for device in simulation.devices {
      // What a wiped device had sent before the server was restored, nobody can bring back.
      let forgotten = device.isWiped ? device.acknowledged : []
      let last =
        device.written.last { !forgotten.contains($0.seq) || $0.seq <= server.lmid[device.id] ?? 0 }?.seq ?? 0
      if device.journal.unansweredCount > 0 || server.lmid[device.id] ?? 0 != last { return "wedged" }
      for seq in 0..<last where server.timesSettled[device.id]?[seq + 1] != 1 {
        return "\(device.id) \(seq + 1) settled more or less than once"
      }
      if server.settled[device.id]?.values.contains(where: { $0.stored.result.status == .rejected }) ?? false
      {
        return "a lawful edit is rejected"
      }
    }
    return nil
  }

  /// The mutations of a group are all parked, or none.
  private func groups() -> String? {
    for settled in server.settled.values {
      var statuses: [String: Set<Bool>] = [:]
      for one in settled.values {
        guard let group = one.mutation.group else { continue }
        statuses[group.id, default: []].insert(one.stored.result.status == .parked)
      }
      if let torn = statuses.filter({ $0.value.count > 1 }).keys.sorted().first {
        return "torn group \(torn)"
      }
    }
    return nil
  }

  /// Every value that a technician typed is live, held, or was replaced by someone who had seen it.
  private func typedValues() -> String? {
    for (token, typed) in simulation.typed.sorted(by: { $0.key < $1.key }) {
      let author = simulation.devices.first { $0.id == typed.device }!
      if author.isWiped, author.acknowledged.contains(typed.seq),
        server.settled[typed.device]?[typed.seq] == nil
      {
        continue
      }
      if live[token] != nil || held.contains(token) { continue }
      let writes = server.writes.filter { $0.key == typed.key && $0.field == typed.field }
      guard let index = writes.lastIndex(where: { Simulation.tokens($0.value).contains(token) }) else {
        if isReplacedAtOnce(typed) { continue }
        return "lost \(token)"
      }
      if let fault = blindSuccessor(of: writes, at: index, token, author: typed.device) {
        return "\(token) \(fault)"
      }
    }
    return nil
  }

  /// True where its author went on to write the field again, in the same push or while the field was
  /// contested.
  private func isReplacedAtOnce(_ typed: Simulation.Typed) -> Bool {
    guard let settled = server.settled[typed.device], let own = settled[typed.seq] else { return false }
    for (key, row) in server.rows where key.type == .syncConflict {
      guard row.values["entity_id"]?.string == typed.key.id, row.values["field"]?.string == typed.field,
        let mine = row.values["mine"]?.object, mine["device"]?.string == typed.device
      else { continue }
      if let seq = mine["seq"]?.integer, seq > typed.seq { return true }
    }
    for later in settled.values where later.mutation.seq > typed.seq {
      guard later.mutation.key == typed.key else { continue }
      let isReplacing = later.mutation.set[typed.field] != nil || later.mutation.operation == .delete
      if isReplacing, later.stored.result.version == own.stored.result.version { return true }
    }
    return false
  }

  /// Nor is a value from the office ever replaced by someone who had not seen it.
  private func officeValues() -> String? {
    for token in simulation.officeTokens.sorted() {
      if live[token] != nil || held.contains(token) { continue }
      guard let first = server.writes.first(where: { Simulation.tokens($0.value).contains(token) })
      else { continue }
      let writes = server.writes.filter { $0.key == first.key && $0.field == first.field }
      let index = writes.lastIndex { Simulation.tokens($0.value).contains(token) }!
      if let fault = blindSuccessor(of: writes, at: index, token, author: nil) {
        return "office \(token) \(fault)"
      }
    }
    return nil
  }

  /// Where the server stands, whatever a mutant makes of it.
  private var position: ServerPosition {
    ServerPosition(epoch: server.epochName, forks: server.forks, version: server.version)
  }

  private func blindSuccessor(
    of writes: [SimulatedServer.Write], at index: Int, _ token: String, author: String?
  ) -> String? {
    let written = writes[index]
    guard let next = writes.dropFirst(index + 1).first else {
      // Not live and not replaced: the row was deleted by someone who may have seen it or not.
      guard let row = server.rows[written.key], row.isDeleted else { return "vanished" }
      guard let deleter = server.writers[row.version]?.device, deleter != author else { return nil }
      let deletion = server.settled[deleter]?.values.map(\.mutation).first { mutation in
        guard mutation.operation == .delete, mutation.key == written.key else { return false }
        return server.settled[deleter]?[mutation.seq]?.stored.result.version == row.version
      }
      guard let deletion else { return "deleted by nobody" }
      let hadSeen =
        (position.known(of: deletion.base) ?? 0) >= written.version
        || Simulation.tokens(.object(deletion.was)).contains(token)
        || hadShown(written, token, to: deleter)
      return hadSeen ? nil : "deleted blindly"
    }
    guard let device = next.device, device != author else { return nil }
    let edits = edits(behind: next)
    let hadSeen = edits.contains { edit in
      (position.known(of: edit.base) ?? 0) >= written.version
        || Simulation.tokens(edit.was[written.field] ?? .null).contains(token)
    }
    let isKnown = hadSeen || edits.isEmpty && next.known >= written.version
    return isKnown || hadShown(written, token, to: device) ? nil : "overwritten blindly"
  }

  /// True where the device wrote the value itself with the token before its eyes.
  private func hadShown(_ write: SimulatedServer.Write, _ token: String, to device: String) -> Bool {
    write.device == device
      && edits(behind: write).contains { edit in
        Simulation.tokens(edit.set[write.field] ?? .null).contains(token)
      }
  }

  /// The edits that a write came of, as their author's journal has them.
  private func edits(behind write: SimulatedServer.Write) -> [Mutation] {
    let device = simulation.devices.first { $0.id == write.device }!
    let settled = server.settled[device.id] ?? [:]
    return device.written.filter { mutation in
      guard mutation.key == write.key, mutation.set[write.field] != nil else { return false }
      return settled[mutation.seq]?.stored.result.version == write.version
    }
  }
}
