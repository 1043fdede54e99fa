/// One row of the validity table: for which diagnostic, visit, transaction and outcome it holds
/// how long. Durations come from the regulations, not from the manual (AMB-34).
public struct ValidityRule: Sendable, Hashable {
  public enum Term: Sendable, Hashable {
    /// From the visit; a day that the month lacks becomes its last: 31 August and six months
    /// is 28 February.
    case months(Int)
    /// Whatever the visit's day: where the law ended a generation of reports.
    case fixed(Day)
    case unlimited
  }

  public let code: DiagnosticCode
  /// Nil: for every transaction, also when it is unknown.
  public let transactions: Set<TransactionType>?
  /// Nil: for every outcome, also before there is one.
  public let outcomes: Set<DiagnosticOutcome>?
  /// The visits that the row is for, both days included.
  public let visits: ClosedRange<Day>
  public let term: Term

  public init(
    _ code: DiagnosticCode, _ term: Term, transactions: Set<TransactionType>? = nil,
    outcomes: Set<DiagnosticOutcome>? = nil, visits: ClosedRange<Day> = Day.min...Day.max
  ) {
    self.code = code
    self.term = term
    self.transactions = transactions
    self.outcomes = outcomes
    self.visits = visits
  }

  func covers(visit: Day) -> Bool { visits.contains(visit) }
  func covers(outcome: DiagnosticOutcome?) -> Bool {
    guard let outcomes else { return true }
    return outcome.map(outcomes.contains) ?? false
  }
  func covers(transaction: TransactionType?) -> Bool {
    guard let transactions else { return true }
    return transaction.map(transactions.contains) ?? false
  }

  private static func day(_ text: String) -> Day {
    guard let day = Day(text) else { preconditionFailure("a rule has a day that is none: \(text)") }
    return day
  }

  private static func through(_ last: String) -> ClosedRange<Day> { Day.min...day(last) }
  private static func since(_ first: String) -> ClosedRange<Day> { day(first)...Day.max }

  private static let letting: Set<TransactionType> = [.rental, .management]
  private static let found: Set<DiagnosticOutcome> = [.presence, .anomaly]
  private static let clear: Set<DiagnosticOutcome> = [.absence, .compliant]

  /// The rules of mainland France.
  public static let french: [ValidityRule] = [
    // Reports of the old method ended early (CCH D126-19).
    .init(.dpe, .months(120), visits: through("2012-12-31")),
    .init(.dpe, .fixed(day("2022-12-31")), visits: day("2013-01-01")...day("2017-12-31")),
    .init(.dpe, .fixed(day("2024-12-31")), visits: day("2018-01-01")...day("2021-06-30")),
    .init(.dpe, .months(120), visits: since("2021-07-01")),
    .init(.collectiveDPE, .months(120), visits: since("2021-07-01")),
    .init(.energyAudit, .months(60)),
    // Below 1 mg/cm² everywhere: without limit.
    .init(.lead, .unlimited, outcomes: clear),
    .init(.lead, .months(12), transactions: [.sale], outcomes: found),
    .init(.lead, .months(72), transactions: letting, outcomes: found),
    .init(.leadWorks, .unlimited),
    // Reports of before 2013 had to be redone, absence or not; for a sale those of before April.
    .init(
      .asbestos, .fixed(day("2013-03-31")), transactions: [.sale], visits: through("2013-03-31")),
    .init(.asbestos, .fixed(day("2012-12-31")), visits: through("2012-12-31")),
    .init(.asbestos, .unlimited, outcomes: clear, visits: since("2013-01-01")),
    .init(.asbestos, .months(36), outcomes: found, visits: since("2013-01-01")),
    .init(.asbestosFile, .unlimited, outcomes: clear), .init(.asbestosFile, .months(36), outcomes: found),
    .init(.asbestosWorks, .unlimited),
    .init(.termites, .months(6)),
    .init(.gas, .months(36), transactions: [.sale]), .init(.gas, .months(72), transactions: letting),
    .init(.electricity, .months(36), transactions: [.sale]),
    .init(.electricity, .months(72), transactions: letting),
    .init(.riskReport, .months(6)),
    // While the exposure plan stands.
    .init(.noise, .unlimited),
    .init(.sanitation, .months(36)),
    // Until works change the surface.
    .init(.carrez, .unlimited), .init(.boutin, .unlimited),
  ]
}
