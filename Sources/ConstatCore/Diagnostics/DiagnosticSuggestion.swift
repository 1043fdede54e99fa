/// A diagnostic that the facts ask for, with why (DOS-38). The office corrects it freely.
public struct DiagnosticSuggestion: Sendable, Hashable {
  public let code: DiagnosticCode
  /// Stable, for the front end to word.
  public let reason: String
  public let legalBasis: String
  /// The facts still unknown on which it depends; empty where the law asks for it for sure.
  public let missingFacts: [String]

  public var isCertain: Bool { missingFacts.isEmpty }

  /// What the rules in force on the day say of the facts, each code once, in the order of the
  /// catalogue. Only the certain ones: those to tick.
  public static func suggest(
    _ facts: DossierFacts, on day: Day, rules: [DiagnosticRule] = DiagnosticRule.french
  ) -> [DiagnosticSuggestion] {
    evaluate(facts, on: day, rules: rules).filter(\.isCertain)
  }

  /// Those that an unknown fact leaves open: what to ask the client.
  public static func unclear(
    _ facts: DossierFacts, on day: Day, rules: [DiagnosticRule] = DiagnosticRule.french
  ) -> [DiagnosticSuggestion] {
    evaluate(facts, on: day, rules: rules).filter { !$0.isCertain }
  }

  private static func evaluate(
    _ facts: DossierFacts, on day: Day, rules: [DiagnosticRule]
  ) -> [DiagnosticSuggestion] {
    var byCode: [DiagnosticCode: DiagnosticSuggestion] = [:]
    for rule in rules where rule.isInForce(on: day) {
      let missing: [String]
      switch rule.condition.evaluate(facts) {
      case .no: continue
      case .yes: missing = []
      case .unknown(let facts): missing = facts
      }
      if let known = byCode[rule.code], known.isCertain || !missing.isEmpty { continue }
      byCode[rule.code] = DiagnosticSuggestion(
        code: rule.code, reason: rule.reason, legalBasis: rule.legalBasis, missingFacts: missing)
    }
    return DiagnosticCode.allCases.compactMap { byCode[$0] }
  }
}
