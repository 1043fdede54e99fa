import ConstatCore

/// The days that a planning is asked for: both given, both included, at most 62 of them.
struct PlanningRange {
  let from: Day
  let to: Day

  static let longest = 62

  init(_ query: QueryParameters) throws {
    guard let from = try query.day("from") else { throw QueryParameters.problem("from", "required") }
    guard let to = try query.day("to") else { throw QueryParameters.problem("to", "required") }
    guard from <= to, from.days(until: to) < Self.longest else {
      throw QueryParameters.problem("to", "out-of-range")
    }
    self.from = from
    self.to = to
  }

  var days: [Day] { (0...from.days(until: to)).map { from.adding(days: $0) } }
}
