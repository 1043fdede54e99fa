import ConstatCore
import Foundation
import Postgres

/// All SQL that reads a dossier's contract.
struct ContractStore {
  /// When the pieces were signed, and by whom the mission order.
  static func signatures(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT d.quote_signed_on, d.ademe_form_signed_on, m.finalised_at IS NOT NULL AS is_order_finalised,
      ARRAY(SELECT DISTINCT g.signer FROM signature g
        WHERE g.organization_id = m.organization_id AND g.mission_order_id = m.id) AS signers
    FROM dossier d LEFT JOIN mission_order m ON m.organization_id = d.organization_id AND m.dossier_id = d.id
    WHERE d.organization_id = \(organization) AND d.id = \(dossier)
    """
  }

  static func contract(_ row: Row) throws -> DossierContract {
    let signers: [String] = try row.get("signers")
    return DossierContract(
      quoteSignedOn: try row.get("quote_signed_on", as: Day?.self),
      ademeFormSignedOn: try row.get("ademe_form_signed_on", as: Day?.self),
      signers: Set(signers.compactMap(Signature.Signer.init(rawValue:))),
      isOrderFinalised: try row.get("is_order_finalised"))
  }

  /// The files of the category, the latest first.
  static func files(_ organization: UUID, dossier: UUID) -> SQL {
    """
    SELECT \(DocumentStore.columns) FROM document f
    WHERE f.organization_id = \(organization) AND f.dossier_id = \(dossier) AND f.category = 'contract'
    ORDER BY f.created_at DESC, f.id DESC LIMIT 500
    """
  }
}
