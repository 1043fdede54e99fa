/// What a simulation came to, on one page.
public struct SimulationReport: Sendable {
  /// What does not hold, in words; none when all does.
  public internal(set) var violations: [String]
  /// For each breakage that was asked for, what the oracle said to it.
  public internal(set) var breakages: [Breakage: [String]] = [:]
  public let text: String
  /// How often what happened.
  public let counts: [String: Int]
}

/// The value below which so many percent of all values are.
func percentile(_ values: [Duration], _ percent: Int) -> Duration {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return .zero }
  return sorted[min(sorted.count - 1, sorted.count * percent / 100)]
}

extension Duration {
  /// In milliseconds, for people.
  var text: String { "\(milliseconds) ms" }
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
