import Testing

@Suite struct SimulationTests {
  /// `CONSTAT_SEEDS` makes it more, or fewer.
  static let count = UInt64(Simulation.environment("CONSTAT_SEEDS") ?? 1_500)
  static let ranges: [Range<UInt64>] = (0..<30).map { $0 * count / 30..<($0 + 1) * count / 30 }

  @Test(arguments: ranges)
  func `MIS-06 after any history of edits, losses, reassignments and restores all is kept and all agree`(
    seeds: Range<UInt64>
  ) {
    for seed in seeds {
      let fault = Simulation.run(seed: seed)
      #expect(fault == nil, "seed \(seed): \(fault ?? "")")
    }
  }

  /// The first seed, counted from 0, whose history shows that the rule is missing: the oracle needs so many seeds and
  /// one.
  static let seeds: [(Mutant, UInt64)] = [
    (.noDeduplication, 2), (.epochBase, 106), (.dropOutOfScope, 3), (.deleteWins, 0),
    (.lastWriterWins, 0), (.guardedLeave, 229), (.noMembershipFeed, 0), (.sameEpoch, 20),
    (.latestLinkOnly, 117),
    (.pageCutsVersion, 0), (.halfCheckpoint, 0), (.forgetEarlier, 86), (.noResend, 2), (.purgeOnLeave, 3),
    (.rebasedEdits, 5), (.keepUnreachable, 2), (.ignoreReset, 20), (.splitGroups, 103), (.trustOwnWrites, 52),
    (.revokedApplies, 53), (.wipeUnsent, 53), (.lateBytesUnseen, 2), (.storedUnseen, 2), (.photosFirst, 2),
    (.noteOverwrites, 9), (.blindDelete, 6),
  ]

  @Test(arguments: seeds)
  func `the oracle notices each rule that is left out, after as many seeds as the table says`(
    mutant: Mutant, seed: UInt64
  ) {
    #expect((0...seed).first { Simulation.run(seed: $0, mutant: mutant) != nil } == seed)
  }

  /// Prints the table above with `CONSTAT_MUTANTS=1`, where a change of the rules has shifted the histories.
  @Test(.enabled(if: Simulation.environment("CONSTAT_MUTANTS") != nil), arguments: Mutant.allCases)
  func `the first seed that shows a mutant`(mutant: Mutant) {
    let first = (UInt64(0)..<1_500).first { Simulation.run(seed: $0, mutant: mutant) != nil }
    print("MUTANT (.\(mutant.rawValue), \(first.map { "\($0)" } ?? "none"),")
  }

  @Test func `every mutant has its seed`() {
    #expect(Set(Self.seeds.map(\.0)) == Set(Mutant.allCases))
  }
}
