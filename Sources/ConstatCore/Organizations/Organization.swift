/// A diagnostics company as a tenant: everything belongs to one.
public enum Organization {
  /// Information that the company can keep from its devices (ORG-18). The list of the manual is lost; these are the
  /// groups that a technician can do without. A group that a later release adds is shown until somebody says otherwise.
  public enum Information: String, Sendable, Hashable, Codable, CaseIterable {
    /// What the mission costs.
    case prices
    /// What was agreed about paying on site.
    case paymentTerms = "payment_terms"
    /// Telephone numbers and mail addresses of contacts.
    case contactDetails = "contact_details"
    /// Where contacts live.
    case contactAddresses = "contact_addresses"
    /// The office's free text.
    case notes
    /// What the client wants to do with the property, and when.
    case sale
  }

  /// `half_day_split` is the local time at which the morning ends (AMB-26); `online_card_payments` that technicians may
  /// take cards through the online provider (ORG-17); `withheld_information` what devices are not shown (ORG-18).
  public static let fields = FieldSet([
    .defaulted("name", .requiredLine), .defaulted("time_zone", .timeZone),
    .defaulted("half_day_split", .clockTime), .defaulted("online_card_payments", .boolean),
    .defaulted(
      "withheld_information", .list(of: .choice(Information.self), max: Information.allCases.count)),
  ])
}
