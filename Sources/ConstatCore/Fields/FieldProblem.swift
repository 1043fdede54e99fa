/// One thing wrong with one field: where (RFC 6901), which (stable code), and what to say of it
/// in French.
public struct FieldProblem: Error, Sendable, Hashable {
  public let pointer: String
  public let code: Code
  public let detail: String

  public init(pointer: String, code: Code, detail: String) {
    self.pointer = pointer
    self.code = code
    self.detail = detail
  }

  /// The kinds of fault. The raw value is the code on the wire.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    case required
    case unknownField = "unknown-field"
    case immutableField = "immutable-field"
    case wrongType = "wrong-type"
    case null = "null-not-allowed"
    case blank
    case tooLong = "too-long"
    case tooMany = "too-many"
    case outOfRange = "out-of-range"
    case notInChoice = "not-in-choice"
    case duplicate
    case malformed
    case malformedDay = "malformed-day"
    case malformedInstant = "malformed-instant"
    case malformedTime = "malformed-time"
    case unknownTimeZone = "unknown-time-zone"
    case checkDigits = "wrong-check-digits"
    case unknownVATRate = "unknown-vat-rate"
    /// Fields that are each fine contradict one another.
    case inconsistent
    /// The id given is of no row that the caller can reach.
    case notFound = "not-found"
  }
}

/// All that is wrong with a body, so that its author can correct it in one go.
public struct FieldProblems: Error, Sendable, Hashable {
  public let problems: [FieldProblem]

  public init(_ problems: [FieldProblem]) {
    self.problems = problems
  }

  public init(_ pointer: String, _ code: FieldProblem.Code, _ detail: String) {
    problems = [FieldProblem(pointer: pointer, code: code, detail: detail)]
  }
}
