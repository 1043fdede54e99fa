import ConstatCore
import ConstatSync
import Foundation
import Seeds

/// One seeded history: technicians, an office and a bad network, then rest, then the oracle.
struct Simulation {
  /// A value that somebody typed, known by its token.
  struct Typed {
    let device: String
    let seq: Int64
    let key: EntityKey
    let field: String
  }

  static let separator = ValueMerge.noteSeparator
  var random: SeededRandom
  var server: SimulatedServer
  var devices: [SimulatedDevice]
  /// Of which any may be restored, an older one after a newer one too.
  var backups: [SimulatedServer] = []
  var typed: [String: Typed] = [:]
  var officeTokens: Set<String> = []
  var lastRequests: [String: PushRequest] = [:]
  let missions: [String]
  let technicians: [String]
  var contactCount = 0
  var rowCount = 0
  /// True where every message is written to bytes and read back.
  let isWired: Bool

  static func id(_ kind: String, _ number: Int) -> String {
    let digits = String(number)
    return "000000\(kind)-0000-7000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
  }

  init(seed: UInt64, mutant: Mutant? = nil) {
    random = SeededRandom(seed: seed)
    server = SimulatedServer(mutant: mutant)
    technicians = (1...3).map { Simulation.id("a0", $0) }
    missions = (1...4).map { Simulation.id("d0", $0) }
    isWired = seed % 16 == 0
    devices = [0, 0, 1, 2].enumerated().map { [technicians] index, owner in
      SimulatedDevice(
        id: Simulation.id("de", index + 1), technician: technicians[owner], mutant: mutant)
    }
    for device in devices { server.technicians[device.id] = device.technician }
    for _ in 0..<3 { newContact() }
    for mission in missions {
      server.insert(
        EntityKey(.dossier, mission), ["owner_id": .string(Simulation.id("c1", 1 + random.below(3)))])
      newOutbuilding(in: mission)
      server.assign(mission, to: random.pick(technicians), alone: true)
    }
  }

  /// The first mission day: all but the last device have pulled.
  mutating func settleIn() {
    for index in devices.indices.dropLast() {
      repeat { pull(index, lossy: false) } while devices[index].staging != nil
    }
  }

  /// A number that whoever runs the tests may set.
  static func environment(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  static func run(seed: UInt64, mutant: Mutant? = nil) -> String? {
    var simulation = Simulation(seed: seed, mutant: mutant)
    simulation.settleIn()
    for step in 0..<(30 + simulation.random.below(70)) { simulation.step(step) }
    return simulation.rest() ?? Oracle(simulation).fault()
  }

  mutating func step(_ number: Int) {
    let index = random.below(devices.count)
    switch random.below(100) {
    case ..<33: edit(index, number)
    case ..<48: push(index, lossy: true)
    case ..<52: upload(index, lossy: true)
    case ..<68: pull(index, lossy: true)
    case ..<83: officeWrites(number)
    case ..<89: reassign()
    case ..<91: officeDeletes()
    case ..<93: resolve()
    case ..<94: if random.chance(20) { server.revoked.insert(devices[index].id) }
    case ..<97: backups.append(server)
    default: if random.chance(60) { restore() }
    }
  }

  /// Without faults until nothing moves. The fault that prevents it, if any.
  mutating func rest() -> String? {
    for _ in 0..<60 {
      var isQuiet = true
      for index in devices.indices {
        pull(index, lossy: false)
        while devices[index].journal.unansweredCount > 0 {
          let before = devices[index].journal
          push(index, lossy: false)
          isQuiet = false
          if devices[index].hasForked { return "device forked" }
          if devices[index].journal == before { break }
        }
        while upload(index, lossy: false) { isQuiet = false }
        let before = devices[index].checkpoint.base
        pull(index, lossy: false)
        guard !server.revoked.contains(devices[index].id) else { continue }
        isQuiet = isQuiet && devices[index].staging == nil && devices[index].checkpoint.base == before
      }
      if isQuiet { return nil }
    }
    return "never at rest"
  }
}

extension Simulation {
  // MARK: the technicians

  mutating func edit(_ index: Int, _ number: Int) {
    let view = devices[index].view
    let dossiers = view.keys.filter { $0.type == .dossier }.sorted()
    guard !dossiers.isEmpty else { return }
    let dossier = random.pick(dossiers).id
    let token = "d\(index).\(number)"
    let edits = random.chance(8) ? photo(index, in: dossier, token) : edits(in: dossier, view, token)
    guard !edits.isEmpty else { return }
    for mutation in devices[index].journalise(edits) {
      for (field, value) in mutation.set where Simulation.tokens(value).contains(token) {
        typed[token] = Typed(
          device: devices[index].id, seq: mutation.seq, key: mutation.key, field: field)
      }
    }
  }

  private mutating func edits(
    in dossier: String, _ view: [EntityKey: LocalEntity], _ token: String
  ) -> [SimulatedDevice.Edit] {
    let key = EntityKey(.dossier, dossier)
    let rows = view.values.filter {
      $0.key.type == .outbuilding && $0.values["dossier_id"]?.string == dossier
    }
    .sorted { $0.key < $1.key }
    let contacts = ["owner_id", "payer_id"].compactMap { view[key]?.values[$0]?.string }
      .map { EntityKey(.contact, $0) }.filter { view[$0] != nil }
    rowCount += 1
    switch random.below(20) {
    case ..<8: return [.init(key: key, dossier: dossier, set: value(for: key, view[key], token))]
    case ..<11 where !rows.isEmpty:
      let row = random.pick(rows)
      return [.init(key: row.key, dossier: dossier, set: value(for: row.key, row, token))]
    case ..<13 where !rows.isEmpty:
      return [.init(key: random.pick(rows).key, operation: .delete, dossier: dossier)]
    case ..<15 where !contacts.isEmpty:
      let contact = random.pick(contacts)
      return [.init(key: contact, dossier: dossier, set: value(for: contact, view[contact], token))]
    case ..<16 where !contacts.isEmpty:
      let contact = random.pick(contacts)
      let payer = SimulatedDevice.Edit(key: key, dossier: dossier, set: ["payer_id": .string(contact.id)])
      let escort = SimulatedDevice.Edit(key: key, dossier: dossier, set: ["escort": "gardien"])
      let other = SimulatedDevice.Edit(
        key: contact, dossier: dossier, set: value(for: contact, view[contact], token))
      return random.chance(50) ? [payer] : [escort, other]
    case ..<18:
      let contact = EntityKey(.contact, Simulation.id("c2", rowCount))
      return [
        .init(key: contact, operation: .create, dossier: dossier, set: ["last_name": .string(token)]),
        .init(key: key, dossier: dossier, set: ["payer_id": .string(contact.id)]),
      ]
    case 18:
      let payment = EntityKey(.payment, Simulation.id("b0", rowCount))
      return [
        .init(
          key: payment, operation: .create, dossier: dossier,
          set: [
            "dossier_id": .string(dossier), "means": "cheque", "amount_cents": 10_000,
            "received_on": "2026-11-21", "comment": .string(token),
          ])
      ]
    default:
      let row = EntityKey(.outbuilding, Simulation.id("0b", rowCount))
      return [
        .init(
          key: row, operation: .create, dossier: dossier,
          set: ["dossier_id": .string(dossier), "kind": "cellar", "lot_number": .string(token)])
      ]
    }
  }

  /// A new value for one field of the row; notes are replaced, continued or added to.
  private mutating func value(
    for key: EntityKey, _ row: LocalEntity?, _ token: String
  ) -> [String: JSONValue] {
    let field = random.pick(Simulation.fields[key.type] ?? [])
    guard key.type.rule(of: field)?.policy == .note, let shown = row?.values[field]?.string else {
      if key.type.rule(of: field)?.policy == .listItem {
        var items = row?.values[field]?.array ?? []
        if !items.isEmpty, random.chance(30) { items.removeFirst() }
        return [field: .array(items + [.string(token + "@t.fr")])]
      }
      return [field: .string(token)]
    }
    switch random.below(3) {
    case 0: return [field: .string(token)]
    case 1: return [field: .string(shown + " " + token)]
    default: return [field: .string(shown + Simulation.separator + token)]
    }
  }

  static let fields: [EntityType: [String]] = [
    .dossier: ["street", "discount_comment", "notes"], .outbuilding: ["lot_number", "comment"],
    .contact: ["first_name", "additional_emails"],
  ]

  static func tokens(_ value: JSONValue) -> Set<String> {
    switch value {
    case .string(let text):
      Set(
        text.replacing(separator, with: " ").replacing("@t.fr", with: "").split(separator: " ")
          .map(String.init))
    case .array(let items): items.reduce(into: []) { $0.formUnion(tokens($1)) }
    case .object(let members): members.values.reduce(into: []) { $0.formUnion(tokens($1)) }
    default: []
    }
  }

  // MARK: the network

  mutating func push(_ index: Int, lossy: Bool) {
    let id = devices[index].id
    if lossy, random.chance(10), let late = lastRequests[id] {
      // A proxy delivers an old request once more.
      _ = try? server.push(late)
    }
    guard let request = devices[index].nextPush(limit: 3) else { return }
    lastRequests[id] = request
    if lossy, random.chance(15) { return }
    do throws(PushError) {
      let response = try server.push(wired(request))
      if lossy, random.chance(20) {
        if random.chance(50) { _ = try server.push(request) }
        return
      }
      devices[index].took(wired(response))
    } catch {
      if !lossy || random.chance(80) { devices[index].wasRefused(error) }
    }
  }

  mutating func pull(_ index: Int, lossy: Bool) {
    if lossy, random.chance(15) { return }
    if server.revoked.contains(devices[index].id) {
      devices[index].wasRevoked(lmid: server.lmid[devices[index].id] ?? 0)
      return
    }
    guard let response = try? server.pull(devices[index].nextPull, from: devices[index].id) else {
      fatalError("the cursor is refused")
    }
    if lossy, random.chance(10) { return }
    devices[index].took(wired(response))
    if lossy, random.chance(5) { devices[index].staging = nil }
  }

  private func wired(_ request: PushRequest) -> PushRequest {
    guard isWired else { return request }
    return try! PushRequest(json: JSONValue.parse(request.json.serialized()))
  }

  private func wired(_ response: PushResponse) -> PushResponse {
    guard isWired else { return response }
    return try! PushResponse(json: JSONValue.parse(response.json.serialized()))
  }

  private func wired(_ response: PullResponse) -> PullResponse {
    guard isWired else { return response }
    return try! PullResponse(json: JSONValue.parse(response.json.serialized()))
  }

  // MARK: the office

  mutating func newContact() {
    contactCount += 1
    server.insert(EntityKey(.contact, Simulation.id("c1", contactCount)), ["last_name": "nom"])
  }

  mutating func newOutbuilding(in mission: String) {
    rowCount += 1
    server.insert(
      EntityKey(.outbuilding, Simulation.id("0b", rowCount)),
      ["dossier_id": .string(mission), "kind": "garage"])
  }

  mutating func officeWrites(_ number: Int) {
    let keys = server.rows.filter { !$0.value.isDeleted && Simulation.fields[$0.key.type] != nil }
      .keys.sorted()
    let key = random.pick(keys)
    if key.type == .dossier, random.chance(30) {
      if random.chance(20) { newContact() }
      let contact = JSONValue.string(Simulation.id("c1", 1 + random.below(contactCount)))
      server.write(key, [random.chance(50) ? "owner_id" : "payer_id": contact])
      return
    }
    let field = random.pick(Simulation.fields[key.type]!)
    let token = "o.\(number)"
    officeTokens.insert(token)
    let shown = server.rows[key]?.values[field]
    switch key.type.rule(of: field)?.policy {
    case .listItem:
      server.write(key, [field: .array((shown?.array ?? []) + [.string(token + "@t.fr")])])
    case .note where random.chance(50):
      server.write(key, [field: .string([shown?.string, token].compactMap { $0 }.joined(separator: " "))])
    default: server.write(key, [field: .string(token)])
    }
  }

  mutating func reassign() {
    let technician = random.chance(20) ? nil : random.pick(technicians)
    server.assign(random.pick(missions), to: technician, alone: random.chance(50))
  }

  mutating func officeDeletes() {
    let keys = server.rows.filter { !$0.value.isDeleted && $0.key.type == .outbuilding }.keys.sorted()
    if !keys.isEmpty { server.delete(random.pick(keys)) }
  }

  mutating func resolve() {
    let open = server.rows.filter { $0.key.type == .syncConflict && $0.value.values["state"] == "open" }
      .keys.sorted()
    if !open.isEmpty { server.resolve(random.pick(open), takingMine: random.chance(50)) }
  }

  mutating func restore() {
    guard !backups.isEmpty else { return }
    let backup = random.pick(backups)
    let (epoch, revoked) = (server.epoch, server.revoked)
    server = backup
    server.forks[server.epochName] = server.version
    server.version += 1000
    server.revoked = revoked
    server.epoch = server.mutant == .sameEpoch ? epoch : epoch + 1
  }
}
