/// What a device may do with the rows of one type, beside writing their fields.
public struct EntityRule: Sendable, Hashable {
  /// Which devices see the rows.
  public enum Scope: String, Sendable, Hashable {
    /// Rows of one dossier: seen while that mission is on the device.
    case mission
    /// Rows that several dossiers may share: seen while a mission on the device leads to them.
    case shared
    /// Rows that every device of the organization sees.
    case organization
  }

  public let type: EntityType
  public let scope: Scope
  public let mayCreate: Bool
  public let mayDelete: Bool
  public let reason: String

  /// What a device may do with such a row, beside reading it.
  var verbs: [String] {
    let sets = type.rules.contains { $0.writable == .always }
    return [mayCreate ? "create" : nil, sets ? "set" : nil, mayDelete ? "delete" : nil].compactMap { $0 }
  }

  /// True for what is born whole and never changes: money and signatures.
  public var isImmutable: Bool { mayCreate && type.rules.allSatisfy { $0.writable != .always } }
}

extension EntityRule {
  /// One row per type.
  public static let table: [EntityRule] = [
    rule(.dossier, .mission, "the mission itself; the office opens and closes it"),
    rule(.appointment, .mission, "planning belongs to the office, which sees every agenda"),
    rule(.outbuilding, .mission, creates: true, deletes: true, "counted on site (MIS-12)"),
    rule(
      .dossierDiagnostic, .mission, creates: true, deletes: true,
      "the list of diagnostics is corrected on site (MIS-13)"),
    rule(.dossierContact, .mission, "says which contacts a mission leads to"),
    rule(.missionOrder, .mission, creates: true, "its id is its dossier's: two devices cannot start two"),
    rule(.signature, .mission, creates: true, "proof: born whole, never changes"),
    rule(.payment, .mission, creates: true, "money: born whole, reversed but never changed"),
    rule(
      .attachment, .mission, creates: true, deletes: true,
      "a file seen on site: born whole, never changes; its bytes come apart"),
    rule(.leadAnalyserBooking, .mission, "booked by the office, which sees every analyser"),
    rule(.syncConflict, .mission, "so that the technician sees what is contested; the office decides"),
    rule(
      .fieldProposal, .mission,
      "what the office would change of a signed order; the technician decides, or an administrator"),
    rule(
      .parkedEdit, .mission,
      "what came too late from a device that had the mission; the office applies it or dismisses it"),
    rule(.contact, .shared, creates: true, "a payer met on site may be unknown to the office"),
    rule(.building, .shared, "kept by the office, its facts corrected on site"),
    rule(.module, .shared, "kept by the office, its facts corrected on site"),
    rule(.diagnosticType, .organization, "the catalogue"),
    rule(.organization, .organization, "what the company lets its technicians do and see; one row"),
  ]

  private static func rule(
    _ type: EntityType, _ scope: Scope, creates: Bool = false, deletes: Bool = false,
    _ reason: String
  ) -> EntityRule {
    EntityRule(type: type, scope: scope, mayCreate: creates, mayDelete: deletes, reason: reason)
  }
}

extension EntityType {
  private static let entityRules: [EntityType: EntityRule] = Dictionary(
    uniqueKeysWithValues: EntityRule.table.map { ($0.type, $0) })
  private static let fieldRules: [EntityType: [FieldRule]] = Dictionary(
    grouping: FieldRule.table, by: \.type)
  private static let fieldRulesByName: [EntityType: [String: FieldRule]] = fieldRules.mapValues {
    Dictionary(uniqueKeysWithValues: $0.map { ($0.field, $0) })
  }

  public var rule: EntityRule { EntityType.entityRules[self]! }
  /// The rules of the type's fields, in the table's order.
  public var rules: [FieldRule] { EntityType.fieldRules[self] ?? [] }

  public func rule(of field: String) -> FieldRule? { EntityType.fieldRulesByName[self]?[field] }

  /// The columns that a pull shows, in the table's order.
  public var visibleFields: [String] { rules.filter(\.isVisible).map(\.field) }

  /// The field that names the row's dossier; nil where the type is not of one dossier, and for
  /// the dossier itself.
  public var dossierField: String? {
    rule(of: "dossier_id") == nil ? nil : "dossier_id"
  }
}
