import ConstatCore
import Foundation
import Postgres

/// All SQL on buildings and modules.
struct BuildingStore {
  let transaction: Transaction

  init(_ transaction: Transaction) { self.transaction = transaction }

  static let columns: SQL = """
    b.id, b.version, b.name, b.owner_id, b.street, b.address_complement, b.postcode, b.city, b.country, b.insee_code,
    b.latitude, b.longitude, b.built_year, b.permit_year, b.co_ownership, b.collective_heating, b.termite_zone,
    b.comment, b.created_at, b.updated_at,
    (SELECT count(*) FROM dossier d WHERE d.organization_id = b.organization_id AND d.building_id = b.id
      AND d.trashed_at IS NULL) AS dossier_count
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM building b WHERE b.organization_id = \(organization) AND b.id = \(id)"
  }

  /// Newest first, each with the number of its dossiers (PAT-03).
  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "q", "city", "owner_id")
    let search: SQL =
      try filters.text("q").map {
        "AND position((SELECT system.fold(\($0))) IN system.fold(concat_ws(' ', b.name, b.street, b.postcode, b.city))) > 0"
      } ?? ""
    let city: SQL =
      try filters.text("city").map { "AND system.fold(b.city) = (SELECT system.fold(\($0)))" } ?? ""
    let owner: SQL = try filters.uuid("owner_id").map { "AND b.owner_id = \($0)" } ?? ""
    return """
      SELECT \(columns), b.created_at::text AS _key FROM building b
      WHERE b.organization_id = \(organization) \(search) \(city) \(owner)
      \(page.before("b.created_at", "b.id"))
      ORDER BY b.created_at DESC, b.id DESC LIMIT \(page.fetched)
      """
  }

  static let moduleColumns: SQL = """
    m.id, m.version, m.building_id, m.label, m.property_type, m.lot_number, m.floor, m.door, m.staircase,
    m.floor_area_hundredths, m.room_count, m.comment, m.created_at, m.updated_at
    """

  static func module(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(moduleColumns) FROM module m WHERE m.organization_id = \(organization) AND m.id = \(id)"
  }

  static func modules(_ organization: UUID, _ building: UUID) -> SQL {
    """
    SELECT \(moduleColumns) FROM module m
    WHERE m.organization_id = \(organization) AND m.building_id = \(building) ORDER BY m.created_at, m.id
    """
  }

  /// Makes a building ready to be deleted: its modules go with it, unless dossiers hang on it.
  func empty(_ organization: UUID, _ building: UUID) async throws {
    let used: Bool? = try await transaction.value(
      """
      SELECT EXISTS (SELECT 1 FROM dossier d WHERE d.organization_id = \(organization) AND d.building_id = \(building))
      """)
    if used ?? false {
      throw Problem.conflict("building-in-use", "Des dossiers sont rattachés à ce bâtiment")
    }
    try await transaction.execute(
      "DELETE FROM module m WHERE m.organization_id = \(organization) AND m.building_id = \(building)")
  }

  /// Refuses to lose a module that dossiers hang on.
  func detach(_ organization: UUID, module: UUID) async throws {
    let used: Bool? = try await transaction.value(
      "SELECT EXISTS (SELECT 1 FROM dossier d WHERE d.organization_id = \(organization) AND d.module_id = \(module))"
    )
    if used ?? false { throw Problem.conflict("module-in-use", "Des dossiers sont rattachés à ce lot") }
  }
}
