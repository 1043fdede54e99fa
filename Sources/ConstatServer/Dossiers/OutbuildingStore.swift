import ConstatCore
import Foundation
import Postgres

/// All SQL on outbuildings (DOS-50).
struct OutbuildingStore {
  private static let columns: SQL = """
    b.id, b.version, b.dossier_id, b.kind, b.lot_number, b.comment,
    \(ProposalStore.openCount("outbuilding", "b.id", of: "b.organization_id")) AS open_proposals, b.created_at, b.updated_at
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM outbuilding b WHERE b.organization_id = \(organization) AND b.id = \(id)"
  }

  static func all(_ organization: UUID, _ dossier: UUID) -> SQL {
    """
    SELECT \(columns) FROM outbuilding b
    WHERE b.organization_id = \(organization) AND b.dossier_id = \(dossier) ORDER BY b.created_at, b.id
    """
  }

  static func insert(_ organization: UUID, _ id: UUID, into dossier: UUID, _ values: [String: JSONValue])
    -> SQL
  {
    """
    INSERT INTO outbuilding (organization_id, id, dossier_id, kind, lot_number, comment)
    VALUES (\(organization), \(id), \(dossier), \(values["kind"]?.string), \(values["lot_number"]?.string),
      \(values["comment"]?.string))
    """
  }
}
