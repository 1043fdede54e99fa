/// What a simulation came to, on one page.
public struct SimulationReport: Sendable {
  /// What does not hold, in words; none when all does.
  public let violations: [String]
  /// For each breakage that was asked for, what the oracle said to it; none where the day brought nothing to break.
  public internal(set) var breakages: [Breakage: [String]] = [:]
  public let text: String
  /// How often what happened; of what went wrong on purpose, by its name.
  public let counts: [String: Int]

  init(_ plan: SimulationPlan, violations: [String], counts: Tally, durations: [Duration]) {
    self.violations = violations
    self.counts = counts.counts
    var lines = [
      "Simulation: \(plan.devices) devices, \(plan.seconds) s, seed \(plan.seed)", "What went wrong:",
    ]
    lines += plan.troubles.sorted().map { Self.line(counts[$0], $0.rawValue) }
    lines.append("What was done, and what is left of it:")
    let troubles = Set(Trouble.allCases.map(\.rawValue))
    lines += counts.counts.filter { !troubles.contains($0.key) }.sorted { $0.key < $1.key }.map {
      Self.line($0.value, $0.key)
    }
    lines.append("  sync p50 \(percentile(durations, 50).text), p99 \(percentile(durations, 99).text)")
    lines.append(violations.isEmpty ? "All holds." : "\(violations.count) violations:")
    lines += violations.prefix(40).map { "  ✘ \($0)" }
    lines.append("Replay: \(plan.command)")
    text = lines.joined(separator: "\n")
  }

  private static func line(_ count: Int, _ what: String) -> String {
    let number = "\(count)"
    return "  \(String(repeating: " ", count: max(0, 8 - number.count)))\(number)  \(what)"
  }
}

extension SimulationPlan {
  /// The command that runs it again.
  fileprivate var command: String {
    let faults =
      troubles.count == Trouble.allCases.count
      ? "all" : troubles.isEmpty ? "none" : troubles.sorted().map(\.rawValue).joined(separator: ",")
    return "constat simulate --devices \(devices) --seconds \(seconds) --seed \(seed) --faults \(faults)"
  }
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
