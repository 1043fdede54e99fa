public import ConstatCore

/// What becomes of a field that two people wrote without having seen each other's value.
public enum FieldPolicy: String, Sendable, Hashable, CaseIterable {
  /// Seen on site: the device's value becomes live.
  case observed
  /// Decided in the office: the server's value stays live.
  case office
  /// Free text: both stay, one below the other.
  case note
  /// A list of items: additions and removals of both sides are applied.
  case listItem = "list_item"
  /// Computed by the server from other fields.
  case derived
  /// Shown to devices, written by others.
  case readOnly = "read_only"
}

/// The policy of one field of one type: the device sees exactly the fields that have a rule, and
/// writes only those whose rule says so.
public struct FieldRule: Sendable, Hashable {
  /// When a device may write the field.
  public enum Writable: String, Sendable, Hashable {
    case never
    /// When it creates the row, never after.
    case creation
    case always

    /// As documentation and contract say it.
    var wording: String { self == .creation ? "on create" : rawValue }
  }

  public let type: EntityType
  /// The column's name, which is also the wire's.
  public let field: String
  public let policy: FieldPolicy
  public let writable: Writable
  /// False for what a device sends but never receives.
  public let isVisible: Bool
  /// The type that the value names a row of: such a row must be within the mission's reach.
  public let reference: EntityType?
  /// The only values that a device may write, where not all that the field takes.
  public let accepts: [String]?
  /// What the server gives a new row that does not say. A device that has not pulled the row yet shows nothing there,
  /// which is not another value.
  public let initial: JSONValue?
  public let reason: String
}

extension FieldRule {
  /// How a field is merged that a device of a newer schema writes and this code does not know: what is seen on site
  /// stands, and nothing is lost.
  static func unknown(_ field: String, of type: EntityType) -> FieldRule {
    FieldRule(
      type: type, field: field, policy: .observed, writable: .always, isVisible: true, reference: nil,
      accepts: nil, initial: nil, reason: "of a newer schema")
  }

  /// The whole table in Markdown, for the documentation.
  public static var markdown: String {
    var lines = ["| type | scope | device may | why |", "|---|---|---|---|"]
    for rule in EntityRule.table {
      let may = rule.verbs.isEmpty ? "read" : rule.verbs.joined(separator: ", ")
      lines.append("| `\(rule.type.rawValue)` | \(rule.scope.rawValue) | \(may) | \(rule.reason) |")
    }
    lines += ["", "| type | field | policy | device writes | why |", "|---|---|---|---|---|"]
    for rule in table {
      let only = rule.accepts.map { ": only " + $0.map { "`\($0)`" }.joined(separator: ", ") } ?? ""
      let hidden = rule.isVisible ? "" : ", never sent back"
      let starts = rule.initial.map { "; else `\($0)`" } ?? ""
      lines.append(
        "| `\(rule.type.rawValue)` | `\(rule.field)` | \(rule.policy.rawValue) | \(rule.writable.wording)\(only)\(starts)\(hidden)"
          + " | \(rule.reason) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
