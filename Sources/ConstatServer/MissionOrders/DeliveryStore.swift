import ConstatCore
import Foundation
import Postgres

/// All SQL on what is to be sent by mail after a mission.
struct DeliveryStore {
  /// The order, and to whom each document would go: the payer, and whoever ordered.
  static func ground(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT m.confirmed_step, m.payer_present, m.payment_on_site, m.payment_means, m.receipt_requested, m.copy_requested,
      m.finalised_at, p.id AS payer_id, nullif(p.email, '') AS payer_email, o.id AS orderer_id,
      nullif(o.email, '') AS orderer_email
    FROM mission_order m
    JOIN dossier d ON d.organization_id = m.organization_id AND d.id = m.dossier_id
    LEFT JOIN contact p ON p.organization_id = d.organization_id AND p.id = d.payer_id
    LEFT JOIN contact o ON o.organization_id = d.organization_id
      AND o.id = \(MissionPartStore.orderingParty)
    WHERE m.organization_id = \(organization) AND m.dossier_id = \(dossier)
    """
  }

  static func insert(
    _ organization: UUID, id: UUID, dossier: UUID, _ kind: MissionDelivery.Kind, contact: UUID?,
    email: String?, document: UUID?
  ) -> SQL {
    let state: MissionDelivery.State = email == nil ? .noAddress : .waiting
    return """
      INSERT INTO mission_delivery AS v (organization_id, id, dossier_id, kind, contact_id, email, state, document_id)
      VALUES (\(organization), \(id), \(dossier), \(kind.rawValue), \(contact), \(email), \(state.rawValue), \(document))
      ON CONFLICT (organization_id, dossier_id, kind) DO UPDATE SET document_id = EXCLUDED.document_id
      WHERE v.document_id IS NULL
      """
  }

  static func all(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT v.id, v.kind, v.contact_id, v.email, v.state, v.document_id, v.sent_at, v.failure, v.created_at FROM mission_delivery v
    WHERE v.organization_id = \(organization) AND v.dossier_id = \(dossier) ORDER BY v.kind
    """
  }

  /// Those that have an address and a file.
  static func due(_ organization: UUID) -> SQL {
    """
    SELECT v.id FROM mission_delivery v
    JOIN mission_document f ON f.organization_id = v.organization_id AND f.id = v.document_id AND f.state = 'rendered'
    WHERE v.organization_id = \(organization) AND v.state = 'waiting' LIMIT 500
    """
  }

  /// One of them, with its file.
  static func ready(_ organization: UUID, _ id: UUID) -> SQL {
    """
    SELECT v.kind, v.email, d.number AS dossier_number, \(BlobStore.columns) FROM mission_delivery v
    JOIN mission_document f ON f.organization_id = v.organization_id AND f.id = v.document_id AND f.state = 'rendered'
    JOIN system.blob b ON b.organization_id = f.organization_id AND b.sha256 = f.file_sha256
    JOIN dossier d ON d.organization_id = v.organization_id AND d.id = v.dossier_id
    WHERE v.organization_id = \(organization) AND v.id = \(id) AND v.state = 'waiting'
    """
  }

  static func sent(_ organization: UUID, _ id: UUID) -> SQL {
    """
    UPDATE mission_delivery SET state = 'sent', sent_at = now(), failure = NULL
    WHERE organization_id = \(organization) AND id = \(id) AND state = 'waiting'
    """
  }

  static func failed(_ organization: UUID, _ id: UUID, _ failure: String) -> SQL {
    """
    UPDATE mission_delivery SET state = 'failed', failure = \(failure)
    WHERE organization_id = \(organization) AND id = \(id) AND state = 'waiting'
    """
  }

  /// How many dossiers ``undocumented(_:after:)`` tells at once.
  static let pageSize = 100

  /// Dossiers with a delivery that has no file: noted before there were any, or before its part was to be had. Those after
  /// one of them, since such a part may never be: a quote is signed in its place.
  static func undocumented(_ organization: UUID, after last: UUID?) -> SQL {
    let rest: SQL = last.map { "AND v.dossier_id > \($0)" } ?? ""
    return """
      SELECT DISTINCT v.dossier_id FROM mission_delivery v
      WHERE v.organization_id = \(organization) AND v.document_id IS NULL AND v.state IN ('no_address', 'waiting') \(rest)
      ORDER BY v.dossier_id LIMIT \(pageSize)
      """
  }

  /// Those whose contact has got an address since.
  static func address(_ organization: UUID) -> SQL {
    """
    UPDATE mission_delivery v SET email = c.email, state = 'waiting'
    FROM contact c
    WHERE v.organization_id = \(organization) AND v.state = 'no_address' AND c.organization_id = v.organization_id
      AND c.id = v.contact_id AND c.email <> ''
    """
  }
}
