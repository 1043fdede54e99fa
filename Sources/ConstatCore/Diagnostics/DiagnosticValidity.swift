/// How long a diagnostic holds, counted from the visit (DIA-03).
public enum DiagnosticValidity: Sendable, Hashable {
  /// The last day on which it may be used.
  case until(Day)
  /// While nothing changes in the property.
  case unlimited
  /// Not to be computed: what is missing, or no rule fixes it.
  case unknown(Missing)

  public enum Missing: Sendable, Hashable {
    case visit
    /// Lead and asbestos hang on what was found (DIA-04).
    case outcome
    case transaction
    /// The commune decides, or the organization made the code.
    case rule
    case notApplicable
  }

  /// The column `valid_until`: null both where unlimited and where unknown.
  public var day: Day? { if case .until(let day) = self { day } else { nil } }

  public static func evaluate(
    code: String, transaction: TransactionType?, outcome: DiagnosticOutcome?, visitedOn: Day?,
    rules: [ValidityRule] = ValidityRule.french
  ) -> DiagnosticValidity {
    guard let visitedOn else { return .unknown(.visit) }
    guard outcome != .notApplicable else { return .unknown(.notApplicable) }
    let candidates = rules.filter { $0.code.rawValue == code && $0.covers(visit: visitedOn) }
    guard !candidates.isEmpty else { return .unknown(.rule) }
    let byOutcome = candidates.filter { $0.covers(outcome: outcome) }
    if byOutcome.isEmpty { return .unknown(.outcome) }
    guard let rule = byOutcome.first(where: { $0.covers(transaction: transaction) }) else {
      return .unknown(.transaction)
    }
    switch rule.term {
    case .months(let months): return .until(visitedOn.adding(months: months))
    case .fixed(let day): return .until(day)
    case .unlimited: return .unlimited
    }
  }
}
