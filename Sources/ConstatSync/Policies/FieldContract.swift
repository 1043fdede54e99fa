import ConstatCore

extension FieldRule {
  /// The whole table in YAML, for the contract: a schema that has each type's fields with their policies.
  public static var contract: String {
    var lines = [
      "# Printed from the table of field policies (Sources/ConstatSync/Policies), to which a test holds it.",
      "components:", "  schemas:", "    SyncFields:", "      type: object", "      description: >-",
      "        The fields of a row by its type: of `fields` in a put, of `set` and `was` in a mutation. `x-policy` says whose",
      "        value is live where two people wrote a field without having seen each other's, `x-device-writes` when a device",
      "        may write it. Forms are those of the REST resources.", "      properties:",
    ]
    for rule in EntityRule.table {
      lines += [
        "        \(rule.type.rawValue):", "          type: object",
        "          description: \(quoted(rule.reason))",
        "          x-scope: \(rule.scope.rawValue)",
        "          x-device-may: [\(rule.verbs.joined(separator: ", "))]",
        "          properties:",
      ]
      lines += rule.type.rules.map { "            \($0.field): { \($0.members.joined(separator: ", ")) }" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var members: [String] {
    var members = ["x-policy: \(policy.rawValue)", "x-device-writes: \(writable.wording)"]
    if let accepts { members.append("x-device-accepts: [\(accepts.joined(separator: ", "))]") }
    if let initial { members.append("x-initial: \(initial)") }
    if !isVisible { members.append("writeOnly: true") }
    return members + ["description: \(Self.quoted(reason))"]
  }

  /// A JSON string is a quoted scalar of YAML.
  private static func quoted(_ text: String) -> String { "\(JSONValue.string(text))" }
}
