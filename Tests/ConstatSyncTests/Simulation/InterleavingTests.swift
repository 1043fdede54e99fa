import ConstatCore
import ConstatSync
import Seeds
import Testing

/// Changesets made in ignorance of one another, pushed in different orders.
@Suite struct InterleavingTests {
  /// `CONSTAT_CASES` makes it more, or fewer.
  static let cases = UInt64(Simulation.environment("CONSTAT_CASES") ?? 2_000)
  static let parts: [Range<UInt64>] = (0..<8).map { $0 * cases / 8..<($0 + 1) * cases / 8 }

  @Test(arguments: parts)
  func `whatever the order of arrival, the state is the same or a conflict holds every value`(
    seeds: Range<UInt64>
  ) {
    for seed in seeds {
      var random = SeededRandom(seed: seed)
      let changesets = Changesets(&random)
      let orders = (0..<6).map { _ in changesets.order(&random) }
      let ends = orders.map { changesets.arrive($0) }
      for key in Changesets.keys {
        let last = changesets.lastTokens(of: key)
        let isSame = Set(ends.map { $0.shown(key) }).count == 1
        for (order, end) in zip(orders, ends) {
          let lost = last.subtracting(end.tokens(of: key))
          #expect(
            lost.isEmpty,
            "seed \(seed), \(key), order \(order), \(isSame ? "the same" : "different")\n\(changesets.story(of: key))"
          )
        }
      }
    }
  }

  @Test func `changesets that touch different rows end alike in every order, without a conflict`() {
    for seed in UInt64(0)..<200 {
      var random = SeededRandom(seed: seed)
      var changesets = Changesets(&random)
      changesets.keepApart()
      let ends = (0..<6).map { _ in changesets.arrive(changesets.order(&random), withOffice: false) }
      for key in Changesets.keys {
        #expect(Set(ends.map { $0.shown(key) }).count == 1, "seed \(seed), \(key)")
      }
      #expect(ends.flatMap { $0.conflicts }.isEmpty)
    }
  }

  @Test func `the rows do differ by order, and the property speaks of something`() {
    var (different, contested) = (0, 0)
    for seed in UInt64(0)..<200 {
      var random = SeededRandom(seed: seed)
      let changesets = Changesets(&random)
      let ends = (0..<6).map { _ in changesets.arrive(changesets.order(&random)) }
      different += Changesets.keys.count { key in Set(ends.map { $0.shown(key) }).count > 1 }
      contested += ends.count { !$0.conflicts.isEmpty }
    }
    #expect(different > 50 && contested > 500)
  }
}
