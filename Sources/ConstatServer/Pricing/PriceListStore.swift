import ConstatCore
import Foundation
import Postgres

/// All SQL on price lists.
struct PriceListStore {
  static let columns: SQL = """
    p.id, p.version, p.name, system.percent(p.vat_rate) AS vat_rate, p.active, p.created_at, p.updated_at
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM price_list p WHERE p.organization_id = \(organization) AND p.id = \(id)"
  }

  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "active")
    let active: SQL = try filters.bool("active").map { "AND p.active = \($0)" } ?? ""
    return """
      SELECT \(columns), p.created_at::text AS _key FROM price_list p
      WHERE p.organization_id = \(organization) \(active) \(page.before("p.created_at", "p.id"))
      ORDER BY p.created_at DESC, p.id DESC LIMIT \(page.fetched)
      """
  }

  static let lineColumns: SQL = """
    l.id, l.version, l.price_list_id, l.kind, l.label, l.diagnostic_codes, l.property_type,
    l.floor_area_max_hundredths, l.room_count_max, l.amount_incl_tax_cents, l.duration_minutes, l.created_at,
    l.updated_at
    """

  static func line(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(lineColumns) FROM price_list_line l WHERE l.organization_id = \(organization) AND l.id = \(id)"
  }

  static func lines(_ organization: UUID, _ list: UUID) -> SQL {
    """
    SELECT \(lineColumns) FROM price_list_line l
    WHERE l.organization_id = \(organization) AND l.price_list_id = \(list) ORDER BY l.created_at, l.id
    """
  }

  /// The list's VAT rate; no row when there is no such list.
  static func rate(_ organization: UUID, _ list: UUID?) -> SQL {
    "SELECT p.vat_rate FROM price_list p WHERE p.organization_id = \(organization) AND p.id = \(list)"
  }

  static func rate(_ result: QueryResult) throws -> Rate? {
    try result.first.map { Rate(hundredths: try $0.get("vat_rate")) }
  }

  static func lines(_ result: QueryResult) throws -> [PriceListLine] {
    try result.map { row in
      PriceListLine(
        id: try row.get("id", as: UUID.self).uuidString, kind: try row.get("kind"),
        label: try row.get("label"),
        diagnosticCodes: Set(try row.get("diagnostic_codes", as: [String].self)),
        propertyType: try row.get("property_type"),
        floorAreaMaxHundredths: try row.get("floor_area_max_hundredths"),
        roomCountMax: try row.get("room_count_max"),
        amountInclTax: Money(cents: try row.get("amount_incl_tax_cents")),
        durationMinutes: try row.get("duration_minutes"))
    }
  }

  /// What the prescriber's record takes off every order of his.
  static func systematicDiscount(_ organization: UUID, _ prescriber: UUID?) -> SQL {
    """
    SELECT c.discount_rate, c.discount_comment FROM contact c
    WHERE c.organization_id = \(organization) AND c.id = \(prescriber)
    """
  }

  /// Which of the codes the catalogue does not have.
  static func unknownCodes(_ organization: UUID, _ codes: [String]) -> SQL {
    """
    SELECT c.code FROM unnest(\(codes)::text[]) AS c (code) WHERE NOT EXISTS (SELECT 1 FROM diagnostic_type t
      WHERE t.organization_id = \(organization) AND t.code = c.code)
    """
  }
}
