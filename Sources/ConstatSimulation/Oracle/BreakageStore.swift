import Foundation
import Postgres

/// Changes rows behind the server's back: without history, version or anybody being told.
struct BreakageStore {
  let superuser: Pool
  let organization: UUID

  /// `token`: the text that it is about. `place`: where it was written; nil where it waits in parking.
  func tamper(_ breakage: Breakage, token: String, place: Evidence.Place?)
    async throws
  {
    let silently: SQL = "SELECT set_config('session_replication_role', 'replica', true)"
    let changes = changes(breakage, token, place)
    _ = try await superuser.transaction { transaction, _ in
      _ = try await transaction.query(silently)
      for change in changes { _ = try await transaction.execute(change) }
    }
  }

  private func changes(
    _ breakage: Breakage, _ token: String, _ place: Evidence.Place?
  ) -> [SQL] {
    let like = "%\(token)%"
    switch breakage {
    case .deviceRow, .shownSecret, .lostPhoto, .doublePhoto: return []
    case .serverRow:
      return [
        """
        UPDATE dossier SET street = 'tampered' WHERE organization_id = \(organization)
          AND id = (SELECT m.dossier_id FROM system.sync_membership m WHERE m.organization_id = \(organization)
            AND m.state = 'in' ORDER BY m.dossier_id LIMIT 1)
        """
      ]
    case .lostValue, .lostResending, .lostOfficeValue, .lostRescue, .lostSignature:
      guard let place, let row = UUID(uuidString: place.row) else {
        return [
          "DELETE FROM parked_edit WHERE organization_id = \(organization) AND mutation::text LIKE \(like)"
        ]
      }
      let (table, field) = (SQL.script(trusted: place.table), SQL.script(trusted: place.field))
      return [
        "UPDATE \(table) SET \(field) = 'gone' WHERE organization_id = \(organization) AND id = \(row)"
      ]
    case .lostResult:
      return [
        """
        DELETE FROM system.device_result WHERE organization_id = \(organization) AND (device_id, sequence) =
          (SELECT r.device_id, r.sequence FROM system.device_result r WHERE r.organization_id = \(organization)
          ORDER BY r.device_id, r.sequence LIMIT 1)
        """
      ]
    case .doubleCreation:
      return [
        """
        INSERT INTO system.history (organization_id, transaction_id, ordinal, at, actor, channel, table_name, row_id,
          dossier_id, operation, changes)
        SELECT h.organization_id, h.transaction_id, h.ordinal + 1000, h.at, h.actor, h.channel, h.table_name,
          gen_random_uuid(), h.dossier_id, h.operation, h.changes
        FROM system.history h WHERE h.organization_id = \(organization) AND h.operation = 'insert'
          AND h.changes::text LIKE \(like)
        """
      ]
    case .doublePayment, .crookedEntry, .silentDouble, .refusedCard, .otherMeans:
      return changesOfMoney(breakage, token)
    case .blindOverwrite: return overwriting(token, place)
    case .lostProposal:
      return [
        "DELETE FROM field_proposal WHERE organization_id = \(organization) AND proposed_value::text LIKE \(like)"
      ]
    case .overwrittenOrder:
      return [
        """
        INSERT INTO system.history (organization_id, transaction_id, ordinal, at, actor, channel, table_name, row_id,
          dossier_id, operation, changes)
        SELECT h.organization_id, h.transaction_id, h.ordinal + 1000, h.at, h.actor, h.channel, p.entity_type, p.entity_id,
          p.dossier_id, 'update', jsonb_build_object(p.field, jsonb_build_array(p.signed_value, p.proposed_value))
        FROM field_proposal p JOIN system.history h ON h.organization_id = p.organization_id AND h.row_id = p.id
          AND h.operation = 'insert'
        WHERE p.organization_id = \(organization) AND p.proposed_value::text LIKE \(like)
        """
      ]
    }
  }

  /// As if the other side of a conflict about the token had been written over it when it came.
  private func overwriting(_ token: String, _ place: Evidence.Place?) -> [SQL] {
    guard let place, let row = UUID(uuidString: place.row) else { return [] }
    let (table, field) = (SQL.script(trusted: place.table), SQL.script(trusted: place.field))
    let about: SQL = """
      c.organization_id = \(organization) AND c.entity_id = \(row) AND c.field = \(place.field)
        AND c.theirs::text LIKE \("%\(token)%")
      """
    return [
      """
      INSERT INTO system.history (organization_id, transaction_id, ordinal, at, actor, channel, table_name, row_id,
        dossier_id, operation, changes)
      SELECT h.organization_id, h.transaction_id, h.ordinal + 2000, h.at, h.actor, h.channel, c.entity_type, c.entity_id,
        h.dossier_id, 'update', jsonb_build_object(c.field, jsonb_build_array(\(token)::text, c.mine -> 'value'))
      FROM sync_conflict c JOIN system.history h ON h.organization_id = c.organization_id AND h.row_id = c.id
        AND h.table_name = 'sync_conflict' AND h.actor = 'device:' || c.device_id
      WHERE \(about) ORDER BY h.at DESC LIMIT 1
      """,
      """
      UPDATE \(table) SET \(field) = coalesce((SELECT c.mine ->> 'value' FROM sync_conflict c WHERE \(about) LIMIT 1),
        'overwritten') WHERE organization_id = \(organization) AND id = \(row)
      """,
      """
      DELETE FROM sync_conflict WHERE organization_id = \(organization)
        AND concat(base, mine, theirs, resolution) LIKE \("%\(token)%")
      """,
    ]
  }

  private func changesOfMoney(_ breakage: Breakage, _ token: String) -> [SQL] {
    switch breakage {
    case .doublePayment:
      [
        """
        INSERT INTO payment (organization_id, id, company_id, number, dossier_id, payer_id, auxiliary, auxiliary_label,
          source, means, amount_cents, received_on, received_at, reference, bank, issuer_name, comment, hash)
        SELECT organization_id, gen_random_uuid(), company_id, number || '-2', dossier_id, payer_id, auxiliary,
          auxiliary_label, source, means, amount_cents, received_on, received_at, reference, bank, issuer_name, comment,
          hash
        FROM payment WHERE organization_id = \(organization) AND reference = \(token)
        """
      ]
    case .crookedEntry:
      [
        """
        UPDATE journal_line SET debit_cents = debit_cents - 1 WHERE organization_id = \(organization)
          AND id = (SELECT l.id FROM journal_line l WHERE l.organization_id = \(organization) AND l.debit_cents > 1
            ORDER BY l.id LIMIT 1)
        """
      ]
    case .refusedCard:
      [
        """
        UPDATE system.device_result SET result = jsonb_set(result, '{status}', '"rejected"')
        WHERE organization_id = \(organization) AND mutation ->> 'type' = 'payment'
          AND mutation::text LIKE \("%\(token)%")
        """
      ]
    case .otherMeans:
      ["UPDATE payment SET means = 'card' WHERE organization_id = \(organization) AND reference = \(token)"]
    default:
      [
        """
        DELETE FROM sync_conflict c USING payment p WHERE c.organization_id = \(organization) AND c.field = '_surplus'
          AND p.organization_id = c.organization_id AND p.id = c.entity_id AND p.reference = \(token)
        """
      ]
    }
  }
}
