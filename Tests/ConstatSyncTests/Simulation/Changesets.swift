import ConstatCore
import ConstatSync
import Seeds

/// Edits that several devices made in ignorance of one another, over rows that the office has changed meanwhile too.
struct Changesets {
  /// Where an order of arrival led to.
  struct End {
    let states: [EntityKey: EntityState]
    let conflicts: [ConflictRecord]

    /// What shows of a row: nothing where it is deleted.
    func shown(_ key: EntityKey) -> [String: JSONValue]? {
      guard let state = states[key], !state.isDeleted else { return nil }
      return Changesets.comparable(state.values, of: key)
    }

    /// Every token that the row or one of its conflicts holds.
    func tokens(of key: EntityKey) -> Set<String> {
      var tokens = Simulation.tokens(.object(shown(key) ?? [:]))
      for record in conflicts where record.key == key {
        for side in [record.mine.value, record.theirs.value] + record.theirs.earlier {
          tokens.formUnion(Simulation.tokens(side))
        }
      }
      return tokens
    }
  }

  static let dossier = EntityKey(.dossier, MergeFixture.dossier)
  static let contact = EntityKey(.contact, Simulation.id("c1", 1))
  static let outbuilding = EntityKey(.outbuilding, Simulation.id("0b", 1))
  static let keys = [dossier, contact, outbuilding]
  /// One or more fields of every policy that devices write.
  static let fields: [EntityKey: [String]] = [
    dossier: ["street", "escort", "notes", "price_incl_tax_cents"],
    contact: ["first_name", "additional_emails"], outbuilding: ["lot_number", "comment"],
  ]
  static let start: [EntityKey: [String: JSONValue]] = [
    dossier: ["street": "t0", "escort": "t0", "notes": "t0", "price_incl_tax_cents": 0],
    contact: ["first_name": "t0", "additional_emails": ["t0@t.fr"]],
    outbuilding: ["dossier_id": .string(MergeFixture.dossier), "lot_number": "t0", "comment": "t0"],
  ]
  static let devices = (1...3).map { Simulation.id("de", $0) }

  /// By device, in the order that it made them; what stands together is a group.
  private(set) var byDevice: [[[Mutation]]] = []
  /// What the office wrote after all devices had gone offline.
  private let office: [(key: EntityKey, field: String, value: JSONValue)]

  init(_ random: inout SeededRandom) {
    office = (0..<random.below(4)).map { number in
      let key = random.pick(Changesets.keys)
      let field = random.pick(Changesets.fields[key]!)
      return (
        key, field, Changesets.value(field, "o\(number)", shown: Changesets.start[key]![field]!, &random)
      )
    }
    for index in Changesets.devices.indices { byDevice.append(Changesets.edits(of: index, &random)) }
  }

  private static func edits(of index: Int, _ random: inout SeededRandom) -> [[Mutation]] {
    var shown = start
    var units: [[Mutation]] = []
    var seq: Int64 = 0
    for _ in 0..<(1 + random.below(5)) {
      let count = random.chance(25) ? 2 : 1
      var unit: [Mutation] = []
      for _ in 0..<count {
        let key = random.pick(keys.filter { shown[$0] != nil })
        seq += 1
        var mutation = Mutation(
          seq: seq, hlc: "", base: .init(epoch: "e1", version: 10), key: key, operation: .set,
          dossier: MergeFixture.dossier,
          group: count == 1 ? nil : .init(id: "g\(index)-\(units.count)", count: count))
        if key == outbuilding, random.chance(30) {
          mutation.operation = .delete
          mutation.was = shown[key]!
          shown[key] = nil
        } else {
          let field = random.pick(fields[key]!)
          let before = shown[key]![field]!
          // Sometimes two type the same.
          let text = random.chance(15) ? "same" : "t\(index + 1)\(seq)"
          mutation.set[field] = value(field, text, shown: before, &random)
          mutation.was[field] = before
          shown[key]![field] = mutation.set[field]
        }
        unit.append(mutation)
      }
      units.append(unit)
    }
    return units
  }

  /// A value that bears the token: notes are replaced or added to, addresses added or taken away.
  private static func value(
    _ field: String, _ token: String, shown: JSONValue, _ random: inout SeededRandom
  ) -> JSONValue {
    switch field {
    case "price_incl_tax_cents": return .integer(Int64(token.utf8.reduce(0) { $0 * 31 + Int($1) }))
    case "additional_emails":
      var items = shown.array ?? []
      if !items.isEmpty, random.chance(30) { items.removeFirst() }
      return .array(items + [.string(token + "@t.fr")])
    case "notes" where random.chance(60):
      return .string((shown.string ?? "") + ValueMerge.noteSeparator + token)
    default: return .string(token)
    }
  }

  /// Leaves each row to one device, and none to the office.
  mutating func keepApart() {
    for index in byDevice.indices {
      byDevice[index] = byDevice[index].compactMap { unit in
        let kept = unit.filter { $0.key == Changesets.keys[index] }
        guard !kept.isEmpty else { return nil }
        return kept.map { mutation in
          var mutation = mutation
          mutation.group = nil
          return mutation
        }
      }
    }
  }

  /// The devices' turns, each keeping its own order.
  func order(_ random: inout SeededRandom) -> [Int] {
    byDevice.enumerated().flatMap { index, units in units.map { _ in index } }.shuffled(using: &random)
  }

  func arrive(_ order: [Int], withOffice: Bool = true) -> End {
    var states = Changesets.start.reduce(into: [EntityKey: EntityState]()) {
      $0[$1.key] = EntityState(key: $1.key, values: $1.value, version: 10, born: 5)
    }
    var version: Int64 = 10
    for write in office where withOffice {
      version += 1
      Changesets.carryOut(.update([write.field: write.value]), on: &states[write.key]!, version, by: nil)
    }
    var open: [String: [EntityKey: [String: ConflictRecord]]] = [:]
    var drawn = 0
    var next = byDevice.map { _ in 0 }
    for index in order {
      let device = Changesets.devices[index]
      var decision = PushDecision(
        author: Author(device: device, technician: device),
        server: ServerPosition(epoch: "e1", version: version),
        missions: [MergeFixture.dossier: .init(shared: [Changesets.contact])], states: states,
        openConflicts: open[device] ?? [:], check: .fieldSets,
        newConflictID: {
          drawn += 1
          return "c\(drawn)"
        })
      _ = decision.decide(byDevice[index][next[index]].map { .mutation($0) })
      next[index] += 1
      version += 1
      for (key, effect) in decision.writes {
        Changesets.carryOut(effect, on: &states[key]!, version, by: device)
      }
      for record in decision.conflicts {
        open[device, default: [:]][record.key, default: [:]][record.field] = record
      }
    }
    return End(states: states, conflicts: open.values.flatMap { $0.values.flatMap(\.values) })
  }

  /// As the database carries effects out.
  private static func carryOut(
    _ effect: Effect, on state: inout EntityState, _ version: Int64, by device: String?
  ) {
    switch effect {
    case .none: return
    case .insert(let values), .restore(let values):
      state.values = values
      (state.born, state.fieldVersions, state.isDeleted) = (version, [:], false)
    case .update(let changes):
      for (field, value) in changes {
        state.values[field] = value
        state.fieldVersions[field] = version
      }
    case .delete: (state.fieldVersions, state.isDeleted) = ([:], true)
    }
    state.version = version
    state.writers[version] = Writer(actor: device ?? "user:office", device: device)
  }

  /// What each device, and the office, wrote last in the row's fields. Values that their author replaced or deleted
  /// himself do not count, nor one that another device typed too and then replaced: that device had it before its eyes.
  /// Nor what all began with.
  func lastTokens(of key: EntityKey) -> Set<String> {
    var last: Set<String> = []
    var replaced: Set<String> = []
    for units in byDevice {
      let mutations = units.flatMap { $0 }.filter { $0.key == key }
      let isDeleted = mutations.last?.operation == .delete
      for field in Changesets.fields[key]! {
        let typed = mutations.compactMap { $0.set[field] }.map(Simulation.tokens)
        let shown = isDeleted ? [] : typed.last ?? []
        last.formUnion(shown)
        for tokens in typed { replaced.formUnion(tokens.subtracting(shown)) }
        if mutations.contains(where: { $0.set[field] != nil }) || isDeleted {
          replaced.formUnion(Simulation.tokens(Changesets.start[key]![field] ?? .null).subtracting(shown))
        }
      }
    }
    for field in Changesets.fields[key]! {
      let written = office.filter { $0.key == key && $0.field == field }.map { Simulation.tokens($0.value) }
      last.formUnion(written.last ?? [])
    }
    return last.subtracting(replaced).subtracting(["t0"])
  }

  /// For whoever reads of a failure.
  func story(of key: EntityKey) -> String {
    let writes = office.filter { $0.key == key }.map { "office: \($0.field) = \($0.value)" }
    let edits = byDevice.flatMap { $0.flatMap { $0 } }.filter { $0.key == key }.map {
      "\($0.seq) \($0.operation) \(JSONValue.object($0.set)) was \(JSONValue.object($0.was)) \($0.group?.id ?? "")"
    }
    return (writes + edits).joined(separator: "\n")
  }

  /// Without what differs in order only: a note's paragraphs, a list's items.
  static func comparable(_ values: [String: JSONValue], of key: EntityKey) -> [String: JSONValue] {
    var values = values
    if let note = values["notes"]?.string {
      values["notes"] = .array(
        note.split(separator: ValueMerge.noteSeparator).map(String.init).sorted().map { .string($0) })
    }
    if let items = values["additional_emails"]?.array {
      values["additional_emails"] = .array(items.compactMap(\.string).sorted().map { .string($0) })
    }
    return values
  }
}
