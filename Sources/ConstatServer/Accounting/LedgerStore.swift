import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// All SQL that writes the books. Whoever posts does so in the transaction of the event, so that books and
/// documents never disagree.
///
/// Writers lock in one order, which keeps them from waiting in a circle: documents by id, then the company
/// that numbers one (shared), then the organization's chain, then the series of the number, then the series
/// of the entries by name.
struct LedgerStore {
  let transaction: Transaction
  let organization: UUID
  let clock: WallClock

  /// What an event posts: its entries get the next numbers of their journals and fiscal years, and the debts
  /// that it closes or reopens are lettered or unlettered. `source` is the document whose event it is.
  func post(
    _ posting: some Posting, of company: CompanyBooks, source: UUID, dossier: UUID?, at instant: Instant
  ) async throws {
    let drafts: [EntryDraft]
    do { drafts = try posting.entries(in: company.chart) } catch let error as EntryError {
      throw Problem.conflict("entry-refused", "Écriture comptable refusée", detail: "\(error)")
    }
    guard !drafts.isEmpty else { return }
    let years = drafts.map { company.fiscalYear(of: $0.day).year }
    let numbers = try await take(zip(drafts, years).map { Self.series(company.id, $1, $0.journal) })
    var entries: [JSONValue] = []
    var lines: [JSONValue] = []
    for (index, draft) in drafts.enumerated() {
      let id = clock.newID().uuidString
      entries.append([
        "id": .string(id), "journal": .string(draft.journal.code),
        "fiscal_year": .integer(Int64(years[index])),
        "number": .integer(numbers[index]), "day": .string(draft.day.description),
        "piece_reference": .string(draft.pieceReference), "piece_day": .string(draft.pieceDay.description),
        "label": .string(draft.label), "event": .string(draft.event.rawValue),
        "settled_on": JSONValue(draft.settlement?.day.description),
        "settled_by": JSONValue(draft.settlement?.means.rawValue),
      ])
      for (position, line) in draft.lines.enumerated() {
        lines.append([
          "id": .string(clock.newID().uuidString), "entry_id": .string(id),
          "position": .integer(Int64(position + 1)),
          "account": .string(line.account.number), "account_label": .string(line.account.label),
          "auxiliary": JSONValue(line.auxiliary?.number), "auxiliary_label": JSONValue(line.auxiliary?.label),
          "debit_cents": .integer(line.debit.cents), "credit_cents": .integer(line.credit.cents),
          "matching": JSONValue(line.matching),
        ])
      }
    }
    let documents = Set(drafts.flatMap(\.lines).compactMap(\.matching)).sorted()
    _ = try await transaction.pipeline([
      insertion(ofEntries: entries, company: company.id, source: source, dossier: dossier, at: instant),
      insertion(ofLines: lines), lettering(documents, company: company.id),
    ])
  }

  /// One row if the event of this source is in the books.
  static func posted(_ organization: UUID, source: UUID) -> SQL {
    "SELECT id FROM journal_entry WHERE organization_id = \(organization) AND source_id = \(source) LIMIT 1"
  }

  private static func series(_ company: UUID, _ year: Int, _ journal: Journal) -> String {
    "entry/\(company.uuidString.lowercased())/\(year)/\(journal.code)"
  }

  /// The next number of each series named, as often as it is named, the series locked in the order of their
  /// names.
  private func take(_ series: [String]) async throws -> [Int64] {
    let counts = Dictionary(series.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
    let results = try await transaction.pipeline(
      counts.map { name, count in
        """
        INSERT INTO system.counter AS c (organization_id, series, last) VALUES (\(organization), \(name), \(count))
        ON CONFLICT (organization_id, series) DO UPDATE SET last = c.last + EXCLUDED.last RETURNING last
        """
      })
    var next: [String: Int64] = [:]
    for ((name, count), result) in zip(counts, results) {
      next[name] = try result[0].get("last", as: Int64.self) - Int64(count)
    }
    return series.map { name in
      next[name]! += 1
      return next[name]!
    }
  }

  private func insertion(
    ofEntries entries: [JSONValue], company: UUID, source: UUID, dossier: UUID?, at instant: Instant
  ) -> SQL {
    """
    INSERT INTO journal_entry (organization_id, id, company_id, journal, fiscal_year, number, day, piece_reference,
      piece_day, label, event, source_id, dossier_id, settled_on, settled_by, validated_at)
    SELECT \(organization), e.id, \(company), e.journal, e.fiscal_year, e.number, e.day, e.piece_reference, e.piece_day,
      e.label, e.event, \(source), \(dossier), e.settled_on, e.settled_by, \(instant)
    FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(entries).serialized()))) AS e (id uuid, journal text,
      fiscal_year integer, number bigint, day date, piece_reference text, piece_day date, label text, event text,
      settled_on date, settled_by text)
    """
  }

  private func insertion(ofLines lines: [JSONValue]) -> SQL {
    """
    INSERT INTO journal_line (organization_id, id, entry_id, position, account, account_label, auxiliary,
      auxiliary_label, debit_cents, credit_cents, matching)
    SELECT \(organization), l.id, l.entry_id, l.position, l.account, l.account_label, l.auxiliary, l.auxiliary_label,
      l.debit_cents, l.credit_cents, l.matching
    FROM jsonb_to_recordset(\(JSONB(bytes: JSONValue.array(lines).serialized()))) AS l (id uuid, entry_id uuid,
      position integer, account text, account_label text, auxiliary text, auxiliary_label text, debit_cents bigint,
      credit_cents bigint, matching text)
    """
  }

  /// Letters the customers' lines about these documents where they cancel out, and takes the letter away
  /// where they no longer do. In the books the letter is the document's own number; a file gives letters of
  /// its own.
  private func lettering(_ documents: [String], company: UUID) -> SQL {
    """
    UPDATE journal_line l SET letter = g.letter, lettered_on = g.lettered_on
    FROM (
      SELECT m.account, m.auxiliary, m.matching, array_agg(m.id) AS ids,
        CASE WHEN sum(m.debit_cents - m.credit_cents) = 0 AND count(*) > 1 THEN m.matching END AS letter,
        CASE WHEN sum(m.debit_cents - m.credit_cents) = 0 AND count(*) > 1 THEN max(e.day) END AS lettered_on
      FROM journal_line m
      JOIN journal_entry e ON e.organization_id = m.organization_id AND e.id = m.entry_id
      WHERE m.organization_id = \(organization) AND m.matching = ANY (\(documents)) AND m.account LIKE '411%'
        AND e.company_id = \(company)
      GROUP BY m.account, m.auxiliary, m.matching
    ) g
    WHERE l.organization_id = \(organization) AND l.id = ANY (g.ids)
      AND (l.letter, l.lettered_on) IS DISTINCT FROM (g.letter, g.lettered_on)
    """
  }
}
