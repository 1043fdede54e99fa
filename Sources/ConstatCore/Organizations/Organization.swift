/// A diagnostics company as a tenant: everything belongs to one.
public enum Organization {
  /// `half_day_split` is the local time at which the morning ends (AMB-26).
  public static let fields = FieldSet([
    .defaulted("name", .requiredLine), .defaulted("time_zone", .timeZone),
    .defaulted("half_day_split", .clockTime),
  ])
}
