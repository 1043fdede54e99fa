import ConstatCore
import Foundation
import Postgres

/// All SQL on contacts: the address book.
struct ContactStore {
  let transaction: Transaction
  let organization: UUID

  static let columns: SQL = """
    c.id, c.version, c.kind, c.company_name, c.title, c.last_name, c.first_name, c.street, c.address_complement,
    c.postcode, c.city, c.country, c.email, c.additional_emails, c.phone, c.mobile, c.fax, c.private_comment,
    system.percent(c.discount_rate) AS discount_rate, c.discount_comment, c.accounting_code, c.siren, c.vat_number,
    c.website, c.registration_number, c.main_account_id, c.sales_representative_id, c.never_block_reports,
    c.notify_appointments, c.created_at, c.updated_at
    """

  static func one(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(columns) FROM contact c WHERE c.organization_id = \(organization) AND c.id = \(id)"
  }

  /// Newest first; each word of `q` is somewhere in the contact, accents and case ignored (DOS-22).
  static func page(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "q", "kind", "city", "main_account_id")
    let kind: SQL = try filters.text("kind").map { "AND c.kind = \($0)" } ?? ""
    let city: SQL =
      try filters.text("city").map { "AND system.fold(c.city) = (SELECT system.fold(\($0)))" } ?? ""
    let main: SQL = try filters.uuid("main_account_id").map { "AND c.main_account_id = \($0)" } ?? ""
    return """
      SELECT \(columns), c.created_at::text AS _key FROM contact c
      WHERE c.organization_id = \(organization) \(kind) \(city) \(main)
        \(page.holding(id: "c.id", text: "c.search_text"))
      \(page.before("c.created_at", "c.id"))
      ORDER BY c.created_at DESC, c.id DESC LIMIT \(page.fetched)
      """
  }

  /// A contact as one end of the link between main account and sub-account.
  struct LinkEnd: RowDecodable {
    let id: UUID
    let party: AccountLink.Party

    init(row: Row) throws {
      id = try row.get("id")
      party = AccountLink.Party(
        kind: Contact.Kind(rawValue: try row.get("kind")) ?? .individual,
        isSubAccount: try row.get("is_sub_account"),
        hasSubAccounts: try row.get("has_sub_accounts"))
    }
  }

  /// These contacts, locked so that two links made at once cannot add up to a chain. What hangs on them is read once they
  /// are: whoever waits for a row sees beside it what was there before.
  func parties(_ ids: [UUID]) async throws -> [UUID: LinkEnd] {
    let results = try await transaction.pipeline([
      """
      SELECT c.id FROM contact c WHERE c.organization_id = \(organization) AND c.id = ANY (\(ids))
      ORDER BY c.id FOR UPDATE
      """,
      """
      SELECT c.id, c.kind, c.main_account_id IS NOT NULL AS is_sub_account, EXISTS (SELECT 1 FROM contact s
        WHERE s.organization_id = c.organization_id AND s.main_account_id = c.id) AS has_sub_accounts
      FROM contact c WHERE c.organization_id = \(organization) AND c.id = ANY (\(ids))
      """,
    ])
    return Dictionary(try results[1].all(LinkEnd.self).map { ($0.id, $0) }, uniquingKeysWith: { $1 })
  }
}
