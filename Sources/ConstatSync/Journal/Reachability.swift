public import ConstatCore

/// Which rows a device keeps: those that its missions lead to. Server and device follow the same
/// links; a row that no link reaches any more leaves the device without a word from the server.
public enum Reachability {
  /// A field of one type that names a row of another, which then is seen too.
  public struct Link: Sendable, Hashable {
    public let type: EntityType
    public let field: String
    public let target: EntityType
  }

  /// The links to shared rows. The server sends the target when the greatest of three versions is
  /// new: its own, the linking row's, and that of the mission's assignment, for each path apart.
  public static let links: [Link] =
    [
      "requester_id", "prescriber_id", "owner_id", "occupant_id", "buyer_id", "payer_id",
      "notary_id", "managing_agent_id",
    ].map { Link(type: .dossier, field: $0, target: .contact) } + [
      Link(type: .dossierContact, field: "contact_id", target: .contact),
      Link(type: .dossier, field: "building_id", target: .building),
      Link(type: .dossier, field: "module_id", target: .module),
    ]

  private static let linksByType = Dictionary(grouping: links, by: \.type)

  /// The keys to keep, of all rows that the device has. A mission counts as on the device while
  /// its dossier's row is.
  public static func keep(
    _ rows: some Sequence<(EntityKey, [String: JSONValue])>
  ) -> Set<EntityKey> {
    var kept: Set<EntityKey> = []
    var missions: Set<String> = []
    var waiting: [(EntityKey, [String: JSONValue])] = []
    for (key, fields) in rows {
      if key.type == .dossier {
        missions.insert(key.id)
        kept.insert(key)
        follow(.dossier, fields, &kept)
      } else if key.type.rule.scope == .organization {
        kept.insert(key)
      } else if key.type.rule.scope == .mission {
        waiting.append((key, fields))
      }
    }
    var appointments: Set<String> = []
    for (key, fields) in waiting {
      guard let field = key.type.dossierField, let mission = fields[field]?.string,
        missions.contains(mission)
      else { continue }
      kept.insert(key)
      if key.type == .appointment { appointments.insert(key.id) }
      follow(key.type, fields, &kept)
    }
    for (key, fields) in waiting where key.type == .leadAnalyserBooking {
      if let id = fields["appointment_id"]?.string, appointments.contains(id) { kept.insert(key) }
    }
    return kept
  }

  private static func follow(
    _ type: EntityType, _ fields: [String: JSONValue], _ kept: inout Set<EntityKey>
  ) {
    for link in linksByType[type] ?? [] {
      if let id = fields[link.field]?.string { kept.insert(EntityKey(link.target, id)) }
    }
  }
}
