/// A kind of diagnostic in an organization's catalogue (DIA-02).
public enum DiagnosticType {
  /// `in_technical_file`: part of the DDT, the file that goes with the deed or the lease.
  public static let fields = FieldSet([
    .id, .required("code", .code, writable: .creation), .required("label", .requiredLine),
    .defaulted("in_technical_file", .boolean), .defaulted("requires_lead_analyser", .boolean),
    .defaulted("duration_minutes", .integer(0...1440)), .defaulted("position", .integer(0...10_000)),
    .defaulted("active", .boolean),
  ])
}
