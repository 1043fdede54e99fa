public import ConstatCore

/// What an organization keeps from its devices (ORG-18, MIS-31): the fields of the withheld groups are empty in all that
/// a device is sent. It hides, it does not forbid: an edit of a field that a device was not shown is merged as one that
/// had not seen the value.
public struct WithheldInformation: Sendable, Hashable {
  public let groups: Set<Organization.Information>

  public init(_ groups: Set<Organization.Information>) { self.groups = groups }

  public static let none = WithheldInformation([])
  /// All that can be withheld.
  public static let all = WithheldInformation(Set(Organization.Information.allCases))

  /// One row per group: the fields that it is made of, by type.
  public static let table: [(group: Organization.Information, type: EntityType, fields: [String])] = [
    (
      .prices, .dossier,
      ["price_mode", "gross_incl_tax_cents", "price_incl_tax_cents", "discount_comment", "vat_rate"]
    ),
    (.paymentTerms, .dossier, ["on_site_payment_agreed", "on_site_payment_means"]),
    (.contactDetails, .contact, ["email", "additional_emails", "phone", "mobile"]),
    (.contactAddresses, .contact, ["street", "address_complement", "postcode", "city", "country"]),
    (.notes, .dossier, ["notes"]),
    (.notes, .appointment, ["comment"]),
    (.sale, .dossier, ["transaction_type", "preliminary_sale_date"]),
  ]

  /// The withheld fields of rows of the type, in the table's order.
  public func fields(of type: EntityType) -> [String] {
    guard !groups.isEmpty else { return [] }
    return Self.table.filter { $0.type == type && groups.contains($0.group) }.flatMap(\.fields)
  }

  public func hides(_ field: String, of type: EntityType) -> Bool {
    guard !groups.isEmpty, let hiding = Self.hiding[type]?[field] else { return false }
    return !groups.isDisjoint(with: hiding)
  }

  /// The table the other way round, for a push asks of every field: the groups that hide it.
  private static let hiding: [EntityType: [String: Set<Organization.Information>]] = {
    var hiding: [EntityType: [String: Set<Organization.Information>]] = [:]
    for row in table {
      for field in row.fields { hiding[row.type, default: [:]][field, default: []].insert(row.group) }
    }
    return hiding
  }()

  /// The same groups have the same key: what a cursor remembers of the filter that its device was told under.
  public var key: String { groups.map(\.rawValue).sorted().joined(separator: "+") }

  /// The whole table in Markdown, for the documentation.
  public static var markdown: String {
    let rows = table.map { row in
      let fields = row.fields.map { "`\($0)`" }.joined(separator: ", ")
      return "| `\(row.group.rawValue)` | `\(row.type.rawValue)` | \(fields) |"
    }
    return (["| withheld | type | fields |", "|---|---|---|"] + rows).joined(separator: "\n") + "\n"
  }
}
