import Testing

@Suite struct SimulationTests {
  static let ranges: [Range<UInt64>] = (0..<30).map { $0 * 50..<($0 + 1) * 50 }

  @Test(arguments: ranges)
  func `MIS-06 after any history of edits, losses, reassignments and restores all is kept and all agree`(
    seeds: Range<UInt64>
  ) {
    for seed in seeds {
      let fault = Simulation.run(seed: seed)
      #expect(fault == nil, "seed \(seed)")
    }
  }

  /// The first seed, counted from 0, whose history shows that the rule is missing: the oracle needs
  /// so many seeds and one.
  static let seeds: [(Mutant, UInt64)] = [
    (.noDeduplication, 0), (.epochBase, 383), (.dropOutOfScope, 0), (.deleteWins, 0), (.lastWriterWins, 2),
    (.guardedLeave, 57), (.noMembershipFeed, 0), (.sameEpoch, 27), (.latestLinkOnly, 384),
    (.pageCutsVersion, 0), (.halfCheckpoint, 0), (.forgetEarlier, 537), (.noResend, 1), (.purgeOnLeave, 3),
    (.rebasedEdits, 2), (.keepUnreachable, 2), (.ignoreReset, 39), (.splitGroups, 5), (.trustOwnWrites, 173),
    (.noteOverwrites, 4), (.blindDelete, 17),
  ]

  @Test(arguments: seeds)
  func `the oracle notices each rule that is left out`(mutant: Mutant, seed: UInt64) {
    // Where a change of the rules has shifted the histories, the seeds of the suite are searched.
    let isCaught =
      Simulation.run(seed: seed, mutant: mutant) != nil
      || (UInt64(0)..<1500).contains { Simulation.run(seed: $0, mutant: mutant) != nil }
    #expect(isCaught)
  }

  @Test func `every mutant has its seed`() {
    #expect(Set(Self.seeds.map(\.0)) == Set(Mutant.allCases))
  }
}
