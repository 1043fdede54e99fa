import ConstatCore
import Foundation
import Postgres

/// All SQL on the catalogue of diagnostics and on the diagnostics of dossiers.
struct DiagnosticStore {
  let transaction: Transaction
  let organization: UUID

  init(_ transaction: Transaction, _ organization: UUID) {
    self.transaction = transaction
    self.organization = organization
  }

  static let typeColumns: SQL = """
    t.id, t.version, t.code, t.label, t.in_technical_file, t.requires_lead_analyser, t.duration_minutes, t.position,
    t.active, t.created_at, t.updated_at
    """

  static func type(_ organization: UUID, _ id: UUID) -> SQL {
    "SELECT \(typeColumns) FROM diagnostic_type t WHERE t.organization_id = \(organization) AND t.id = \(id)"
  }

  /// In the catalogue's own order.
  static func types(_ organization: UUID, _ filters: QueryParameters, _ page: Page) throws -> SQL {
    try filters.only("limit", "cursor", "active")
    let active: SQL = try filters.bool("active").map { "AND t.active = \($0)" } ?? ""
    let after: SQL = page.after.map { "AND (t.position, t.id) > (\($0.key)::integer, \($0.id))" } ?? ""
    return """
      SELECT \(typeColumns), t.position::text AS _key FROM diagnostic_type t
      WHERE t.organization_id = \(organization) \(active) \(after)
      ORDER BY t.position, t.id LIMIT \(page.fetched)
      """
  }

  /// Code and label of every active diagnostic.
  static func catalogue(_ organization: UUID) -> SQL {
    """
    SELECT t.code, t.label FROM diagnostic_type t WHERE t.organization_id = \(organization) AND t.active
    ORDER BY t.position
    """
  }

  func insertTypes(_ entries: [(id: UUID, entry: DiagnosticCatalogueEntry)]) async throws {
    _ = try await transaction.pipeline(
      entries.enumerated().map { position, new in
        """
        INSERT INTO diagnostic_type (organization_id, id, code, label, in_technical_file, requires_lead_analyser,
          duration_minutes, position)
        VALUES (\(organization), \(new.id), \(new.entry.code.rawValue), \(new.entry.label),
          \(new.entry.inTechnicalFile), \(new.entry.requiresLeadAnalyser), \(new.entry.durationMinutes),
          \(position + 1))
        ON CONFLICT (organization_id, code) DO NOTHING
        """
      })
  }

  /// `transaction_type` is the dossier's: what the validity hangs on.
  private static let diagnostics: SQL = """
    SELECT g.id, g.version, g.dossier_id, g.diagnostic_code, t.label, t.in_technical_file, t.requires_lead_analyser,
      g.source, g.pre_conclusion, g.outcome, g.visited_on, g.valid_until, d.transaction_type,
      \(ProposalStore.openCount("dossier_diagnostic", "g.id", of: "g.organization_id")) AS open_proposals,
      g.created_at, g.updated_at
    FROM dossier_diagnostic g
    JOIN diagnostic_type t ON t.organization_id = g.organization_id AND t.code = g.diagnostic_code
    JOIN dossier d ON d.organization_id = g.organization_id AND d.id = g.dossier_id
    """

  static func diagnostic(_ organization: UUID, _ id: UUID) -> SQL {
    "\(diagnostics) WHERE g.organization_id = \(organization) AND g.id = \(id)"
  }

  static func diagnostics(_ organization: UUID, _ dossier: UUID) -> SQL {
    "\(diagnostics) WHERE g.organization_id = \(organization) AND g.dossier_id = \(dossier) ORDER BY t.position, g.id"
  }

  /// What the end of validity is computed from.
  struct Ground: RowDecodable {
    let id: UUID
    let code: String
    let transactionType: TransactionType?
    var outcome: DiagnosticOutcome?
    var visitedOn: Day?
    let validUntil: Day?

    init(row: Row) throws {
      id = try row.get("id")
      code = try row.get("diagnostic_code")
      transactionType = try row.get("transaction_type")
      outcome = try row.get("outcome")
      visitedOn = try row.get("visited_on")
      validUntil = try row.get("valid_until")
    }

    /// The last day of validity; nil where there is none to tell.
    var day: Day? {
      DiagnosticValidity.evaluate(
        code: code, transaction: transactionType, outcome: outcome, visitedOn: visitedOn
      ).day
    }
  }

  func ground(of diagnostic: UUID) async throws -> Ground? {
    try await transaction.first(Self.diagnostic(organization, diagnostic), as: Ground.self)
  }

  func transactionType(of dossier: UUID) async throws -> TransactionType? {
    try await transaction.value(
      TransactionType?.self,
      "SELECT d.transaction_type FROM dossier d WHERE d.organization_id = \(organization) AND d.id = \(dossier)"
    ) ?? nil
  }

  /// Brings `valid_until` of all diagnostics of a dossier in line with what it is computed from: after the
  /// transaction type changed, or after a device has written outcomes.
  func refreshValidities(of dossier: UUID) async throws {
    let grounds = try await transaction.all(Ground.self, Self.diagnostics(organization, dossier))
    _ = try await transaction.pipeline(
      grounds.filter { $0.day != $0.validUntil }.map { ground in
        """
        UPDATE dossier_diagnostic SET valid_until = \(ground.day)
        WHERE organization_id = \(organization) AND id = \(ground.id)
        """
      })
  }

  /// Puts diagnostics into a new dossier.
  func add(_ codes: [(id: UUID, code: String)], source: DossierDiagnostic.Source, to dossier: UUID)
    async throws
  {
    _ = try await transaction.pipeline(
      codes.map { new in
        """
        INSERT INTO dossier_diagnostic (organization_id, id, dossier_id, diagnostic_code, source)
        VALUES (\(organization), \(new.id), \(dossier), \(new.code), \(source.rawValue))
        """
      })
  }
}
