/// What a diagnostic found, as far as its validity depends on it.
public enum DiagnosticOutcome: String, Sendable, Hashable, Codable, CaseIterable {
  case absence
  case presence
  case notApplicable = "not_applicable"
  case compliant
  case anomaly
  case done
}
