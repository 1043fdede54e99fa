/// When the law asks for a diagnostic: a condition on the facts, between two days of effect,
/// evaluated at the day of the deed or lease. Changing the law is adding a row.
public struct DiagnosticRule: Sendable, Hashable {
  public let code: DiagnosticCode
  public let condition: FactCondition
  /// The first day of effect.
  public let from: Day
  /// The last day of effect; nil while the rule stands.
  public let until: Day?
  /// Stable, for the front end to word.
  public let reason: String
  /// The article, as printed.
  public let legalBasis: String

  public init(
    _ code: DiagnosticCode, from: Day, until: Day? = nil, reason: String, legalBasis: String,
    when condition: FactCondition
  ) {
    self.code = code
    self.condition = condition
    self.from = from
    self.until = until
    self.reason = reason
    self.legalBasis = legalBasis
  }

  public func isInForce(on day: Day) -> Bool { from <= day && day <= (until ?? .max) }

  /// The rules of mainland France. Energy audits in the overseas departments have other dates,
  /// on which sources conflict: an organization there corrects the suggestion.
  public static let french: [DiagnosticRule] = sale + rental + works + buildings

  private static func day(_ year: Int, _ month: Int, _ day: Int) -> Day {
    guard let day = Day(year: year, month: month, day: day) else {
      preconditionFailure("a rule has a day that the calendar lacks")
    }
    return day
  }

  private static let premises: Set<PropertyType> = [.apartment, .house, .commercial]
  private static let dwellings: Set<PropertyType> = [.apartment, .house]

  private static func onSale(_ conditions: FactCondition...) -> FactCondition {
    .all([.nature(.saleRentalManagement), .transaction([.sale])] + conditions)
  }

  /// A property under management is let or about to be (DOS-38).
  private static func onRental(_ conditions: FactCondition...) -> FactCondition {
    .all([.nature(.saleRentalManagement), .transaction([.rental, .management])] + conditions)
  }

  private static let sale: [DiagnosticRule] = [
    .init(
      .dpe, from: day(2006, 11, 1), reason: "heated-premises", legalBasis: "CCH L126-26, L271-4",
      when: onSale(.property(premises), .unlessKnownFalse(.heated))),
    .init(
      .energyAudit, from: day(2023, 4, 1), until: day(2024, 12, 31), reason: "energy-class",
      legalBasis: "CCH L126-28-1", when: audit(["F", "G"])),
    .init(
      .energyAudit, from: day(2025, 1, 1), until: day(2033, 12, 31), reason: "energy-class",
      legalBasis: "CCH L126-28-1", when: audit(["E", "F", "G"])),
    .init(
      .energyAudit, from: day(2034, 1, 1), reason: "energy-class", legalBasis: "CCH L126-28-1",
      when: audit(["D", "E", "F", "G"])),
    .init(
      .lead, from: day(2006, 4, 26), reason: "dwelling-built-before-1949",
      legalBasis: "CSP L1334-6, CCH L271-4", when: onSale(.property(dwellings), .builtBefore(year: 1949))),
    .init(
      .asbestos, from: day(2002, 9, 1), reason: "permit-before-1997-07-01",
      legalBasis: "CSP L1334-13, CCH L271-4", when: onSale(.permitBefore(day(1997, 7, 1)))),
    .init(
      .termites, from: day(2007, 11, 1), reason: "termite-zone", legalBasis: "CCH L126-24, L271-4",
      when: onSale(.flag(.termiteZone))),
    .init(
      .gas, from: day(2007, 11, 1), reason: "gas-over-15-years",
      legalBasis: "CCH L134-9, L271-4",
      when: onSale(.property(dwellings), .flag(.gasInstallationOver15Years))),
    .init(
      .electricity, from: day(2009, 1, 1), reason: "electricity-over-15-years",
      legalBasis: "CCH L134-7, L271-4",
      when: onSale(.property(dwellings), .flag(.electricalInstallationOver15Years))),
    .init(
      .riskReport, from: day(2006, 6, 1), reason: "risk-zones", legalBasis: "C. env. L125-5",
      when: onSale()),
    .init(
      .noise, from: day(2020, 6, 1), reason: "noise-zone", legalBasis: "C. urb. L112-11",
      when: onSale(.flag(.noiseZone))),
    .init(
      .sanitation, from: day(2011, 1, 1), reason: "no-public-sewer",
      legalBasis: "CSP L1331-11-1, CCH L271-4", when: onSale(.not(.flag(.publicSewer)))),
    .init(
      .sewer, from: day(2011, 1, 1), reason: "commune-rule", legalBasis: "CSP L1331-4",
      when: onSale(.flag(.publicSewer), .elsewhere("commune_sewer_rule"))),
    .init(
      .carrez, from: day(1997, 6, 19), reason: "co-ownership-lot",
      legalBasis: "loi 65-557 art. 46", when: onSale(.property(premises), .flag(.coOwnership))),
  ]

  /// Houses and buildings of one owner; not the lots of a co-ownership.
  private static func audit(_ classes: Set<String>) -> FactCondition {
    onSale(.property([.house]), .not(.flag(.coOwnership)), .energyClass(classes))
  }

  private static let rental: [DiagnosticRule] = [
    .init(
      .dpe, from: day(2007, 7, 1), reason: "heated-premises",
      legalBasis: "CCH L126-29, loi 89-462 art. 3-3",
      when: onRental(.property(premises), .unlessKnownFalse(.heated))),
    .init(
      .lead, from: day(2008, 8, 12), reason: "dwelling-built-before-1949",
      legalBasis: "CSP L1334-7, loi 89-462 art. 3-3",
      when: onRental(.property(dwellings), .builtBefore(year: 1949))),
    .init(
      .gas, from: day(2018, 1, 1), reason: "gas-over-15-years",
      legalBasis: "loi 89-462 art. 3-3",
      when: onRental(.property(dwellings), .flag(.gasInstallationOver15Years))),
    .init(
      .electricity, from: day(2018, 1, 1), reason: "electricity-over-15-years",
      legalBasis: "loi 89-462 art. 3-3",
      when: onRental(.property(dwellings), .flag(.electricalInstallationOver15Years))),
    .init(
      .riskReport, from: day(2006, 6, 1), reason: "risk-zones",
      legalBasis: "C. env. L125-5, loi 89-462 art. 3-3", when: onRental()),
    .init(
      .noise, from: day(2020, 6, 1), reason: "noise-zone",
      legalBasis: "C. urb. L112-11, loi 89-462 art. 3-3", when: onRental(.flag(.noiseZone))),
    .init(
      .boutin, from: day(2009, 3, 28), reason: "dwelling-let", legalBasis: "loi 89-462 art. 3",
      when: onRental(.property(dwellings))),
  ]

  private static let works: [DiagnosticRule] = [
    .init(
      .asbestosWorks, from: day(2019, 3, 1), reason: "permit-before-1997-07-01",
      legalBasis: "C. trav. L4412-2",
      when: .all([.nature(.worksDemolition), .permitBefore(day(1997, 7, 1))])),
    .init(
      .leadWorks, from: day(2008, 8, 12), reason: "built-before-1949",
      legalBasis: "C. trav. L4531-1",
      when: .all([.nature(.worksDemolition), .builtBefore(year: 1949)])),
  ]

  private static let buildings: [DiagnosticRule] = [
    .init(
      .collectiveDPE, from: day(2026, 1, 1), reason: "co-ownership-permit-before-2013",
      legalBasis: "CCH L126-31",
      when: .all([.nature(.building), .flag(.coOwnership), .permitBefore(day(2013, 1, 1))])),
    .init(
      .asbestosFile, from: day(2002, 1, 1), reason: "permit-before-1997-07-01",
      legalBasis: "CSP R1334-29-5",
      when: .all([.nature(.building), .permitBefore(day(1997, 7, 1))])),
    .init(
      .lead, from: day(2008, 8, 12), reason: "common-parts-built-before-1949",
      legalBasis: "CSP L1334-8", when: .all([.nature(.building), .builtBefore(year: 1949)])),
  ]
}
