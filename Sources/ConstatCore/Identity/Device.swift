/// A technician's phone or tablet.
public enum Device {
  /// Enrolment; the server draws the secret.
  public static let fields = FieldSet([
    .id, .required("technician_id", .uuid, writable: .creation), .required("name", .requiredLine),
    .defaulted("platform", .text(min: 1, max: 50)),
  ])
}
