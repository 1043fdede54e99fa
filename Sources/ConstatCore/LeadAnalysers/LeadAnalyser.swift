/// A machine that measures lead in paint (machine à plomb), booked by the half-day (ORG-06).
public enum LeadAnalyser {
  public static let fields = FieldSet([
    .id, .required("name", .requiredLine), .optional("serial_number", .text(max: 100)),
    .defaulted("active", .boolean),
  ])
}
