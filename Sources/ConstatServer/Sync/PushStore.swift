import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Reads what a push touches, in the statements that travel with BEGIN.
struct PushStore {
  /// A row of the feed, by an id that is one.
  struct RowKey: Hashable {
    let type: EntityType
    let id: UUID

    /// The rows that the values of a mutation refer to.
    static func referred(by mutation: Mutation) -> [Self] {
      mutation.set.compactMap { field, value in
        guard let type = mutation.key.type.rule(of: field)?.reference,
          let id = value.string.flatMap(UUID.init(uuidString:))
        else { return nil }
        return .init(type: type, id: id)
      }
    }

    /// A dossier and its mission order, which bears the same id.
    static func mission(_ dossier: UUID) -> [Self] {
      [.init(type: .dossier, id: dossier), .init(type: .missionOrder, id: dossier)]
    }
  }

  let organization: UUID

  /// The device's journal, locked: two pushes of one device come one after the other.
  var journal: SQL {
    """
    SELECT d.id, d.technician_id, d.revoked_at IS NOT NULL AS revoked, j.last_sequence, t.epoch, t.forks, t.version,
      t.withheld
    FROM system.device_journal j
      JOIN device d ON d.organization_id = j.organization_id AND d.id = j.device_id
      JOIN system.tenant_sync t ON t.organization_id = j.organization_id
    WHERE j.organization_id = \(organization)
      AND j.device_id = \(PrincipalStore.signedInDevice)
    FOR UPDATE OF j
    """
  }

  func stored(_ sequences: ClosedRange<Int64>) -> SQL {
    """
    SELECT sequence, payload_hash, result FROM system.device_result
    WHERE organization_id = \(organization) AND device_id = \(PrincipalStore.signedInDevice)
      AND sequence BETWEEN \(sequences.lowerBound) AND \(sequences.upperBound)
    """
  }

  /// Locked in the order of their ids, so that pushes and reassignments of the same missions queue up.
  func lock(_ dossiers: [UUID]) -> SQL {
    """
    SELECT d.id FROM dossier d WHERE d.organization_id = \(organization) AND d.id = ANY (\(dossiers))
    ORDER BY d.id FOR NO KEY UPDATE
    """
  }

  /// The same of the dossier that a row of another table is of: whoever decides there locks as pushes do.
  func lock(dossierOf table: SQL, _ id: UUID) -> SQL {
    """
    SELECT d.id FROM dossier d WHERE d.organization_id = \(organization) AND d.id =
      (SELECT r.dossier_id FROM \(table) r WHERE r.organization_id = \(organization) AND r.id = \(id))
    FOR NO KEY UPDATE
    """
  }

  /// Whether the dossiers are the technician's, which shared rows they lead to, and whether steps that the device took in
  /// them were parked.
  func missions(_ dossiers: [UUID], technician: SQL, device: SQL) -> SQL {
    """
    SELECT d.id, m.state, m.reason, d.building_id, d.module_id,
      array_remove(ARRAY[d.requester_id, d.prescriber_id, d.owner_id, d.occupant_id, d.buyer_id, d.payer_id, d.notary_id,
        d.managing_agent_id], NULL) || ARRAY(SELECT dc.contact_id FROM dossier_contact dc
        WHERE dc.organization_id = d.organization_id AND dc.dossier_id = d.id) AS contacts,
      ARRAY(SELECT s.signer FROM signature s
        WHERE s.organization_id = d.organization_id AND s.mission_order_id = d.id) AS signers,
      EXISTS (SELECT FROM parked_edit p WHERE p.organization_id = d.organization_id AND p.device_id = \(device)
        AND p.dossier_id = d.id AND p.mutation ->> 'type' = 'mission_order') AS has_parked_steps
    FROM dossier d JOIN system.sync_membership m ON m.organization_id = d.organization_id AND m.dossier_id = d.id
      AND m.technician_id = \(technician)
    WHERE d.organization_id = \(organization) AND d.id = ANY (\(dossiers))
    """
  }

  /// The rows, alive or deleted, with who made the versions that their fields have. `row_version` guards the
  /// write: a row that moved meanwhile starts the push again.
  func entities(_ rows: Set<RowKey>) -> SQL {
    // A push without mutations names none; what a proposal is about is found with it.
    let isAboutProposals = rows.contains { $0.type == .fieldProposal }
    let further: Set<EntityType> =
      isAboutProposals ? SignedOrder.types : [.dossier]
    let types = EntityType.allCases.filter(further.union(rows.lazy.map(\.type)).contains)
    let proposed: SQL =
      isAboutProposals ? "UNION SELECT p.entity_type, p.entity_id \(proposals(among: rows))" : ""
    let rows = Array(rows)
    return """
      SELECT e.type, e.id, e.version, e.born, e.field_versions, e.deleted, l.row_version, l.fields, e.extra,
        CASE WHEN e.deleted THEN (
          SELECT jsonb_object_agg(c.key, c.value -> 0) FROM system.history h CROSS JOIN jsonb_each(h.changes) c
          WHERE h.organization_id = e.organization_id AND h.row_id = e.id AND h.operation = 'delete'
            AND h.transaction_id = (SELECT s.transaction_id FROM system.seal s
              WHERE s.organization_id = e.organization_id AND s.version = e.version)) END AS last_fields,
        (SELECT jsonb_object_agg(s.version, jsonb_build_array(s.actor, s.device_id)) FROM system.seal s
         WHERE s.organization_id = e.organization_id AND s.version = ANY (
           ARRAY(SELECT f.value::bigint FROM jsonb_each(e.field_versions) f) || e.version || e.born)) AS writers
      FROM (SELECT n.type, n.id FROM unnest(\(rows.map(\.type.rawValue))::text[], \(rows.map(\.id))::uuid[]) AS n (type, id) \(proposed)) AS k
      JOIN system.sync_entity e ON e.organization_id = \(organization) AND e.type = k.type AND e.id = k.id
      LEFT JOIN LATERAL (
        \(EntityStore.live(types))
      ) l ON true
      """
  }

  /// This device's open conflicts on those rows: its later edits of a contested field go into them.
  func openConflicts(_ rows: Set<RowKey>, device: SQL) -> SQL {
    let ids = Array(Set(rows.lazy.map(\.id)))
    let proposed: SQL =
      rows.contains { $0.type == .fieldProposal }
      ? "OR c.entity_id IN (SELECT p.entity_id \(proposals(among: rows)))" : ""
    return """
      SELECT c.id, c.entity_type, c.entity_id, c.dossier_id, c.field, c.policy, c.base, c.mine, c.theirs, c.chosen
      FROM sync_conflict c
      WHERE c.organization_id = \(organization) AND (c.entity_id = ANY (\(ids)) \(proposed)) AND c.state = 'open'
        AND c.device_id = \(device)
      """
  }

  private func proposals(among rows: Set<RowKey>) -> SQL {
    let ids = rows.filter { $0.type == .fieldProposal }.map(\.id)
    return "FROM field_proposal p WHERE p.organization_id = \(organization) AND p.id = ANY (\(ids))"
  }

  var diagnosticCodes: SQL {
    "SELECT code FROM diagnostic_type WHERE organization_id = \(organization) AND active"
  }

  /// Whether cards through the online provider are offered, and since which version.
  var onlineCard: SQL { setting("online_card_payments", as: "offered") }

  /// What devices are not shown, and since which version.
  var withheld: SQL { setting("withheld_information", as: "withheld") }

  private func setting(_ name: String, as column: SQL) -> SQL {
    """
    SELECT o.\(SQL.script(trusted: name)) AS \(column), coalesce((e.field_versions ->> \(name)::text)::bigint, 0) AS since
    FROM organization o LEFT JOIN system.sync_entity e
      ON e.organization_id = o.organization_id AND e.type = 'organization' AND e.id = o.id
    WHERE o.organization_id = \(organization)
    """
  }

  /// Stores each mutation with its result and moves the journal on (`journal`); returns the version that the transaction sealed, or
  /// `version` where it changed nothing. Comes last, after the constraints that seal.
  func settlement(
    _ results: [(PushRequest.Item, MutationResult)], moving journal: SQL, of device: UUID, version: Int64
  ) -> SQL {
    """
    WITH sealed AS (
      SELECT coalesce(nullif(split_part(current_setting('app.sealed', true), ':', 2), '')::bigint, \(version)) AS version
    ), stored AS (
      INSERT INTO system.device_result (organization_id, device_id, sequence, payload_hash, mutation, result)
      SELECT \(organization), \(device), r.sequence, decode(r.hash, 'hex'), r.mutation,
        r.result || jsonb_build_object('v', sealed.version)
      FROM sealed CROSS JOIN jsonb_to_recordset(\(JSONB(bytes: Self.settled(results))))
        AS r (sequence bigint, hash text, mutation jsonb, result jsonb)
    ), moved AS (
      \(journal)
    )
    SELECT version FROM sealed
    """
  }

  /// The results as a record set. A mutation's canonical text is both hashed and stored: it is made once.
  private static func settled(_ results: [(PushRequest.Item, MutationResult)]) -> [UInt8] {
    var text = Array("[".utf8)
    for (index, (item, result)) in results.enumerated() {
      let mutation = item.canonical
      let hash = Mutation.payloadHash(ofCanonical: mutation).hexadecimal
      if index > 0 { text.append(UInt8(ascii: ",")) }
      text += Array("{\"sequence\":\(item.seq),\"hash\":\"\(hash)\",\"mutation\":".utf8)
      text += mutation
      text += Array(",\"result\":".utf8)
      text += result.json.serialized()
      text.append(UInt8(ascii: "}"))
    }
    text.append(UInt8(ascii: "]"))
    return text
  }
}

extension PushStore {
  /// What decides a push, as the statements above answered.
  struct Loaded {
    var missions: [String: PushDecision.Mission] = [:]
    var states: [EntityKey: EntityState] = [:]
    var rowVersions: [EntityKey: Int64] = [:]
    var conflicts: [EntityKey: [String: ConflictRecord]] = [:]
    var codes: Set<String> = []
  }

  static func loaded(
    missions: QueryResult, entities: QueryResult, conflicts: QueryResult, codes: QueryResult
  ) throws -> Loaded {
    var loaded = Loaded()
    for row in missions {
      var shared = Set((try row.get("contacts") as [UUID]).map { EntityKey(.contact, $0.wire) })
      if let building: UUID = try row.get("building_id") {
        shared.insert(EntityKey(.building, building.wire))
      }
      if let module: UUID = try row.get("module_id") { shared.insert(EntityKey(.module, module.wire)) }
      let isOut = try row.get("state", as: String.self) == "out"
      let reason = ParkReason(rawValue: try row.get("reason", as: String?.self) ?? "closed")
      let signers = Set((try row.get("signers") as [String]).compactMap(Signature.Signer.init(rawValue:)))
      loaded.missions[(try row.get("id") as UUID).wire] = .init(
        closed: isOut ? reason : nil, shared: shared, signers: signers,
        hasParkedSteps: try row.get("has_parked_steps"))
    }
    for row in entities {
      guard let state = try Self.state(row) else { continue }
      loaded.states[state.key] = state
      loaded.rowVersions[state.key] = try row.get("row_version", as: Int64?.self)
    }
    for row in conflicts {
      guard let type = EntityType(rawValue: try row.get("entity_type")) else { continue }
      let key = EntityKey(type, (try row.get("entity_id") as UUID).wire)
      let record = try ConflictRecord(
        json: [
          "entity_type": .string(type.rawValue), "entity_id": .string(key.id),
          "dossier_id": .string((try row.get("dossier_id", as: UUID?.self))?.wire ?? ""),
          "field": .string(try row.get("field")), "policy": .string(try row.get("policy")),
          "base": try json(row, "base"), "mine": try json(row, "mine"), "theirs": try json(row, "theirs"),
          "chosen": .string(try row.get("chosen")),
        ], id: (try row.get("id") as UUID).wire)
      loaded.conflicts[key, default: [:]][record.field] = record
    }
    loaded.codes = Set(try codes.map { try $0.get("code") as String })
    return loaded
  }

  /// A row as `entities` answers it; nil of a type that is none of the feed's.
  static func state(_ row: Row) throws -> EntityState? {
    guard let type = EntityType(rawValue: try row.get("type")) else { return nil }
    var writers: [Int64: Writer] = [:]
    for (version, who) in try json(row, "writers").object ?? [:] {
      guard let version = Int64(version), let actor = who.array?.first?.string else { continue }
      writers[version] = Writer(actor: actor, device: who.array?.last?.string)
    }
    let extra = try json(row, "extra").object ?? [:]
    let values = try json(row, "fields").object ?? json(row, "last_fields").object ?? [:]
    return EntityState(
      key: EntityKey(type, (try row.get("id") as UUID).wire), values: values.merging(extra) { $1 },
      version: try row.get("version"), born: try row.get("born"),
      fieldVersions: (try json(row, "field_versions").object ?? [:]).compactMapValues(\.integer),
      isDeleted: try row.get("deleted"), writers: writers, extraFields: Set(extra.keys))
  }

  static func json(_ row: Row, _ column: String) throws -> JSONValue {
    guard let bytes = row.bytes(column) else { return .null }
    return try JSONValue.parse(bytes)
  }
}

extension UUID {
  /// Of a text that the wire's reader has found well-formed; many times faster than Foundation's.
  init?(wire text: String) {
    var text = text
    guard let read = text.withUTF8({ try? UUID(text: $0) }) else { return nil }
    self = read
  }

  /// As the wire writes it.
  var wire: String {
    String(unsafeUninitializedCapacity: 36) { text in
      let digits: StaticString = "0123456789abcdef"
      var place = 0
      withUnsafeBytes(of: uuid) { bytes in
        for (index, byte) in bytes.enumerated() {
          if index == 4 || index == 6 || index == 8 || index == 10 {
            text[place] = UInt8(ascii: "-")
            place += 1
          }
          text[place] = digits.utf8Start[Int(byte >> 4)]
          text[place + 1] = digits.utf8Start[Int(byte & 15)]
          place += 2
        }
      }
      return 36
    }
  }
}
