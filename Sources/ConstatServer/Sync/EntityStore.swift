import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Reads rows as devices see them: the fields of the policy table, with the versions that merging needs.
struct EntityStore {
  /// The fields of the row that alias `e` (a `system.sync_entity`) stands for; NULL when it is gone.
  static let fields: SQL = """
    CASE e.type
      WHEN 'dossier' THEN (SELECT v.fields FROM system.sync_dossier v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'appointment' THEN (SELECT v.fields FROM system.sync_appointment v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'outbuilding' THEN (SELECT v.fields FROM system.sync_outbuilding v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'dossier_diagnostic' THEN (SELECT v.fields FROM system.sync_dossier_diagnostic v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'dossier_contact' THEN (SELECT v.fields FROM system.sync_dossier_contact v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'mission_order' THEN (SELECT v.fields FROM system.sync_mission_order v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'signature' THEN (SELECT v.fields FROM system.sync_signature v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'payment' THEN (SELECT v.fields FROM system.sync_payment v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'attachment' THEN (SELECT v.fields FROM system.sync_attachment v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'lead_analyser_booking' THEN (SELECT v.fields FROM system.sync_lead_analyser_booking v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'sync_conflict' THEN (SELECT v.fields FROM system.sync_sync_conflict v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'contact' THEN (SELECT v.fields FROM system.sync_contact v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'building' THEN (SELECT v.fields FROM system.sync_building v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'module' THEN (SELECT v.fields FROM system.sync_module v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
      WHEN 'diagnostic_type' THEN (SELECT v.fields FROM system.sync_diagnostic_type v
        WHERE v.organization_id = e.organization_id AND v.id = e.id)
    END
    """
}
