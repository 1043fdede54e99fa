import ConstatCore
import ConstatSync
import Testing

/// Changesets made in ignorance of one another, pushed in different orders.
@Suite struct InterleavingTests {
  static let seeds: [Range<UInt64>] = (0..<8).map { $0 * 25..<($0 + 1) * 25 }

  @Test(arguments: seeds)
  func `whatever the order of arrival, the state is the same or a conflict holds every value`(
    seeds: Range<UInt64>
  ) {
    for seed in seeds {
      var random = SeededRandom(seed: seed)
      let changesets = Changesets(&random)
      let orders = (0..<6).map { _ in changesets.order(&random) }
      let ends = orders.map(changesets.arrive)
      for field in Changesets.fields {
        let values = Set(ends.map { Changesets.comparable($0.values[field] ?? .null, field) })
        guard values.count > 1 else { continue }
        for end in ends {
          let kept = end.tokens(of: field)
          #expect(kept.isSuperset(of: changesets.lastTokens(of: field)), "seed \(seed), \(field)")
        }
      }
    }
  }

  @Test func `changesets that touch different fields end alike in every order`() {
    for seed in UInt64(0)..<100 {
      var random = SeededRandom(seed: seed)
      var changesets = Changesets(&random)
      changesets.keepApart()
      let ends = (0..<6).map { _ in changesets.arrive(changesets.order(&random)) }
      #expect(Set(ends.map(\.values)).count == 1)
      #expect(ends.flatMap { $0.conflicts }.isEmpty)
    }
  }
}

/// Three devices' edits of one contact, all from one base.
struct Changesets {
  struct End {
    let values: [String: JSONValue]
    let conflicts: [ConflictRecord]

    /// Every token that the field or one of its conflicts holds.
    func tokens(of field: String) -> Set<String> {
      let sides = conflicts.filter { $0.field == field }.flatMap {
        [$0.mine.value, $0.theirs.value] + $0.theirs.earlier
      }
      return ([values[field] ?? .null] + sides).reduce(into: []) { $0.formUnion(Simulation.tokens($1)) }
    }
  }

  static let fields = ["street", "escort", "notes", "price_incl_tax_cents"]
  static let key = EntityKey(.dossier, MergeFixture.dossier)
  static let devices = (1...3).map { Simulation.id("de", $0) }
  static let start: [String: JSONValue] = [
    "street": "t0", "escort": "t0", "notes": "t0", "price_incl_tax_cents": 0,
  ]
  private(set) var byDevice: [[Mutation]]

  init(_ random: inout SeededRandom) {
    byDevice = []
    for (index, device) in Changesets.devices.enumerated() {
      var shown = Changesets.start
      var mutations: [Mutation] = []
      for seq in 1...(1 + random.below(4)) {
        let field = random.pick(Changesets.fields)
        let token = "t\(index + 1)\(seq)"
        // Sometimes two type the same.
        let text = random.chance(20) ? "same" : token
        let price = JSONValue.integer(Int64(random.chance(20) ? 7 : 10 * (index + 1) + seq))
        let value = field == "price_incl_tax_cents" ? price : .string(text)
        mutations.append(
          Mutation(
            seq: Int64(seq), hlc: "", base: .init(epoch: "e1", version: 10), key: Changesets.key,
            operation: .set,
            dossier: MergeFixture.dossier, set: [field: value], was: [field: shown[field] ?? .null]))
        shown[field] = value
        _ = device
      }
      byDevice.append(mutations)
    }
  }

  /// Leaves each field to one device.
  mutating func keepApart() {
    for index in byDevice.indices {
      byDevice[index].removeAll { Changesets.fields.firstIndex(of: $0.set.keys.first!)! % 3 != index }
    }
  }

  /// The devices' turns, each keeping its own order.
  func order(_ random: inout SeededRandom) -> [Int] {
    byDevice.enumerated().flatMap { index, mutations in mutations.map { _ in index } }.shuffled(
      using: &random)
  }

  func arrive(_ order: [Int]) -> End {
    var state = EntityState(key: Changesets.key, values: Changesets.start, version: 10, born: 5)
    var open: [String: [String: ConflictRecord]] = [:]
    var next = [0, 0, 0]
    for index in order {
      let device = Changesets.devices[index]
      var decision = PushDecision(
        author: Author(device: device, technician: device),
        server: ServerPosition(epoch: "e1", version: state.version),
        missions: [MergeFixture.dossier: .init()], states: [state.key: state],
        openConflicts: [state.key: open[device] ?? [:]], check: .fieldSets,
        newConflictID: { "c\(state.version)" })
      _ = decision.decide([.mutation(byDevice[index][next[index]])])
      next[index] += 1
      let version = state.version + 1
      for case (_, .update(let changes)) in decision.writes {
        for (field, value) in changes {
          state.values[field] = value
          state.fieldVersions[field] = version
        }
      }
      state.version = version
      state.writers[version] = Writer(actor: device, device: device)
      for record in decision.conflicts { open[device, default: [:]][record.field] = record }
    }
    return End(values: state.values, conflicts: open.values.flatMap(\.values))
  }

  /// What each device typed last in the field. Values that it replaced itself do not count, nor one
  /// that another device typed too and then replaced: that device had it before its eyes.
  func lastTokens(of field: String) -> Set<String> {
    var last: Set<String> = []
    var replaced: Set<String> = []
    for mutations in byDevice {
      let typed = mutations.compactMap { $0.set[field] }.map(Simulation.tokens)
      last.formUnion(typed.last ?? [])
      replaced = typed.dropLast().reduce(into: replaced) { $0.formUnion($1) }
    }
    return last.subtracting(replaced)
  }

  /// Paragraphs of a note may stand in another order.
  static func comparable(_ value: JSONValue, _ field: String) -> JSONValue {
    guard field == "notes", let text = value.string else { return value }
    return .array(text.split(separator: "\n---\n").sorted().map { .string(String($0)) })
  }
}
