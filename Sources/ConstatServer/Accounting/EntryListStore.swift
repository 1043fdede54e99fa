import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// Reads the books: pages of entries for callers, whole periods for exports.
struct EntryListStore {
  static let filters = ["company_id", "journal", "fiscal_year", "dossier_id", "source_id", "from", "to"]

  /// Newest first. A letter names the document whose debt is closed.
  static func page(_ organization: UUID, _ query: QueryParameters, _ page: Page) throws -> SQL {
    try query.only(
      "limit", "cursor", "company_id", "journal", "fiscal_year", "dossier_id", "source_id", "from", "to")
    var conditions: SQL = ""
    if let company = try query.uuid("company_id") { conditions += "AND e.company_id = \(company) " }
    if let journal = try query.choice("journal", Journal.allCases.map(\.code)) {
      conditions += "AND e.journal = \(journal) "
    }
    if let year = try query.integer("fiscal_year", in: 1...9999) {
      conditions += "AND e.fiscal_year = \(year) "
    }
    if let dossier = try query.uuid("dossier_id") { conditions += "AND e.dossier_id = \(dossier) " }
    if let source = try query.uuid("source_id") { conditions += "AND e.source_id = \(source) " }
    if let from = try query.day("from") { conditions += "AND e.day >= \(from) " }
    if let to = try query.day("to") { conditions += "AND e.day <= \(to) " }
    return """
      SELECT e.id, e.version, e.company_id, e.journal, e.fiscal_year, e.number,
        e.journal || lpad(e.number::text, greatest(6, length(e.number::text)), '0') AS code, e.day, e.piece_reference,
        e.piece_day, e.label, e.event, e.source_id, e.dossier_id, e.validated_at,
        (SELECT jsonb_agg(jsonb_build_object('position', l.position, 'account', l.account,
          'account_label', l.account_label, 'auxiliary', l.auxiliary, 'auxiliary_label', l.auxiliary_label,
          'debit_cents', l.debit_cents, 'credit_cents', l.credit_cents, 'letter', l.letter,
          'lettered_on', l.lettered_on) ORDER BY l.position)
          FROM journal_line l WHERE l.organization_id = e.organization_id AND l.entry_id = e.id) AS lines,
        e.created_at, e.updated_at, e.created_at::text AS _key
      FROM journal_entry e WHERE e.organization_id = \(organization) \(conditions)
      \(page.before("e.created_at", "e.id"))
      ORDER BY e.created_at DESC, e.id DESC LIMIT \(page.fetched)
      """
  }

  /// All lines of a company's entries of a period, entry by entry.
  static func period(_ organization: UUID, company: UUID, from: Day, to: Day) -> SQL {
    """
    SELECT e.id, e.journal, e.number, e.day, e.piece_reference, e.piece_day, e.label, e.event, e.settled_on,
      e.settled_by, e.validated_at, l.account, l.account_label, l.auxiliary, l.auxiliary_label, l.debit_cents,
      l.credit_cents, l.matching
    FROM journal_entry e JOIN journal_line l ON l.organization_id = e.organization_id AND l.entry_id = e.id
    WHERE e.organization_id = \(organization) AND e.company_id = \(company) AND e.day >= \(from) AND e.day <= \(to)
    ORDER BY e.fiscal_year, e.journal, e.number, l.position
    """
  }

  /// The entries of a period, as the ledger writes them; each is recorded on a day of the company's place.
  static func entries(_ result: QueryResult, in zone: Zone) throws -> [LedgerEntry] {
    var entries: [LedgerEntry] = []
    var start = 0
    while start < result.rowCount {
      let id: UUID = try result[start].get("id")
      var end = start + 1
      while end < result.rowCount, try result[end].get("id") == id { end += 1 }
      entries.append(try entry(result[start], lines: (start..<end).map { try line(result[$0]) }, in: zone))
      start = end
    }
    return entries
  }

  private static func entry(_ row: Row, lines: [LedgerLine], in zone: Zone) throws -> LedgerEntry {
    let means = try (row.get("settled_by", as: String?.self)).flatMap(PaymentMeans.init(rawValue:))
    let settledOn: Day? = try row.get("settled_on")
    guard let event = EntryEvent(rawValue: try row.get("event")),
      let journal = Journal(rawValue: try row.get("journal"))
    else { throw Problem.internalError }
    let draft = try EntryDraft(
      event: event, journal: journal, day: try row.get("day"), pieceReference: try row.get("piece_reference"),
      pieceDay: try row.get("piece_day"), label: try row.get("label"), lines: lines,
      settlement: means.flatMap { means in settledOn.map { Settlement(day: $0, means: means) } })
    return LedgerEntry(
      draft: draft, number: try row.get("number"), postedOn: zone.day(of: try row.get("validated_at")))
  }

  private static func line(_ row: Row) throws -> LedgerLine {
    let auxiliary: String? = try row.get("auxiliary")
    let line = LedgerLine(
      account: try Account(row.get("account"), row.get("account_label")),
      auxiliary: try auxiliary.map { Auxiliary(number: $0, label: try row.get("auxiliary_label")) },
      debit: Money(cents: try row.get("debit_cents")), credit: Money(cents: try row.get("credit_cents")),
      matching: try row.get("matching"))
    guard let line else { throw Problem.internalError }
    return line
  }
}
