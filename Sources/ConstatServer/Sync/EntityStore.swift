import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Reads rows as devices see them: the fields of the policy table, from one view for each type. Alias `e` is a
/// `system.sync_entity`.
struct EntityStore {
  /// Types of a mission's rows that change with most visits, or in numbers: facts, results, photos.
  private static let frequent: Set<EntityType> = [
    .dossier, .appointment, .missionOrder, .dossierDiagnostic, .outbuilding, .attachment,
  ]

  private static let allShown = fields(Set(EntityType.allCases)) { _ in nil }
  private static let frequentShown = fields(frequent) { _ in nil }

  /// The fields of the row that `e` stands for; NULL when it is gone. A statement pays for starting every view that it
  /// spells out, used or not, but a row that stands behind a function costs more: where few rows are expected, only the
  /// `frequent` types are spelled out, and always those of which something is hidden.
  ///
  /// They are as a device sees them, from which its organization keeps something: those fields are null, conflicts about
  /// them have what this technician typed only, and parked edits do not tell what a colleague wrote there.
  static func fields(withholding withheld: WithheldInformation, expectingFewRows: Bool) -> SQL {
    guard withheld != .none else { return expectingFewRows ? frequentShown : allShown }
    let names = EntityType.allCases.flatMap { type in
      withheld.fields(of: type).map { "\(type.rawValue).\($0)" }
    }
    return fields(expectingFewRows ? frequent : Set(EntityType.allCases)) { type in
      if type == .syncConflict { return withoutRival(of: names) }
      if type == .parkedEdit { return withoutValues(of: names) }
      let hidden = withheld.fields(of: type)
      guard !hidden.isEmpty else { return nil }
      let empty = JSONValue.object(Dictionary(uniqueKeysWithValues: hidden.map { ($0, .null) }))
      return "(v.fields::jsonb || \(JSONB(bytes: empty.serialized())))::json"
    }
  }

  private static func withoutRival(of fields: [String]) -> SQL {
    """
    CASE WHEN (v.fields ->> 'entity_type') || '.' || (v.fields ->> 'field') = ANY (\(fields))
      THEN (v.fields::jsonb || jsonb_build_object('base', (v.fields::jsonb -> 'base') - 'value',
        'theirs', (v.fields::jsonb -> 'theirs') - '{value,earlier}'::text[],
        'mine', CASE WHEN EXISTS (SELECT FROM device d WHERE d.organization_id = e.organization_id
            AND d.id = (v.fields ->> 'device_id')::uuid AND d.technician_id = \(PrincipalStore.signedInAccount))
          THEN v.fields::jsonb -> 'mine' ELSE (v.fields::jsonb -> 'mine') - 'value' END,
        'resolution', CASE WHEN jsonb_typeof(v.fields::jsonb -> 'resolution') = 'object'
          THEN (v.fields::jsonb -> 'resolution') - '{value,replaced}'::text[] END))::json
      ELSE v.fields END
    """
  }

  private static func withoutValues(of fields: [String]) -> SQL {
    """
    CASE WHEN jsonb_typeof(v.fields::jsonb -> 'outline') = 'object'
      THEN jsonb_set(v.fields::jsonb, '{outline,set}', (SELECT coalesce(jsonb_object_agg(s.key, s.value), '{}')
        FROM jsonb_each(v.fields::jsonb -> 'outline' -> 'set') s
        WHERE (v.fields::jsonb -> 'outline' ->> 'type') || '.' || s.key <> ALL (\(fields))))::json
      ELSE v.fields END
    """
  }

  /// `shown`: what is shown of a row's `v.fields`, where that is not all.
  private static func fields(_ spelledOut: Set<EntityType>, _ shown: (EntityType) -> SQL?) -> SQL {
    let branches = EntityType.allCases.compactMap { type -> SQL? in
      let some = shown(type)
      guard some != nil || spelledOut.contains(type) else { return nil }
      return "WHEN \(name(type)) THEN (SELECT \(some ?? "v.fields") \(row(type)))"
    }
    return """
      CASE e.type \(branches.joined(separator: " ")) ELSE system.sync_fields(e.type, e.organization_id, e.id) END
      """
  }

  /// The row that `e` stands for; none when it is gone. Only the branch of its type runs, and only those of `types` cost
  /// anything to start.
  static func live(_ types: some Sequence<EntityType>) -> SQL {
    types.map { type -> SQL in "SELECT v.row_version, v.fields \(row(type)) AND e.type = \(name(type))" }
      .joined(separator: " UNION ALL ")
  }

  private static func row(_ type: EntityType) -> SQL {
    let view = SQL.script(trusted: "system.sync_\(type.rawValue)")
    return "FROM \(view) v WHERE v.organization_id = e.organization_id AND v.id = e.id"
  }

  private static func name(_ type: EntityType) -> SQL { .script(trusted: "'\(type.rawValue)'") }

  /// Keeps values of fields that this server does not know, with their history and versions.
  static func keep(_ extra: [String: JSONValue], of key: EntityKey, _ id: UUID, in dossier: UUID?) -> SQL {
    """
    SELECT system.keep_extra(\(key.type.rawValue), \(id), \(dossier),
      \(JSONB(bytes: JSONValue.object(extra).serialized())))
    """
  }
}
