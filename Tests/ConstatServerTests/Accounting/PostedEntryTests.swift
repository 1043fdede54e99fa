import ConstatCore
import ConstatServer
import Foundation
import Postgres
import Support
import Testing

/// An entry is whole when its transaction ends, for hand-typed SQL too.
@Suite struct PostedEntryTests {
  /// Debits and credits, in cents, as lines of an entry of the organization.
  private static func lines(_ org: UUID, _ sides: [(debit: Int64, credit: Int64)], of entry: SQL) -> [SQL] {
    sides.map { side in
      """
      INSERT INTO journal_line (organization_id, id, entry_id, position, account, account_label, debit_cents,
        credit_cents)
      SELECT \(org), gen_random_uuid(), e.id, 9, '471000', 'Attente', \(side.debit), \(side.credit)
      FROM journal_entry e WHERE e.organization_id = \(org) AND \(entry)
      """
    }
  }

  private static func entry(_ billing: Billing) -> SQL {
    """
    INSERT INTO journal_entry (organization_id, id, company_id, journal, fiscal_year, number, day, piece_reference,
      piece_day, label, event, source_id, validated_at)
    VALUES (\(billing.org.id), gen_random_uuid(), \(billing.company), 'OD', 2026, 9001, '2026-12-01', 'X', '2026-12-01',
      'X', 'typed', gen_random_uuid(), now())
    """
  }

  /// How the database answers these statements in one transaction; nil when it takes them.
  private static func attempt(_ statements: [SQL], in billing: Billing, by pool: Pool) async throws -> String?
  {
    do {
      try await pool.transaction { transaction, _ in
        _ = try await transaction.query(
          """
          SELECT set_config('app.organization_id', \(billing.org.id.uuidString), true),
            set_config('app.actor', 'sql:test', true), set_config('app.channel', 'sql', true)
          """)
        _ = try await transaction.pipeline(statements)
      }
      return nil
    } catch let error as PostgresError {
      return error.sqlState
    }
  }

  @Test
  func `no line joins a posted entry, neither alone nor balanced, typed by the API's role or the owner`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      _ = try await billing.invoice()
      let before = try await billing.balances()
      for pool in [server.owner, server.services.pool] {
        for sides in [[(100, 0)], [(100, 0), (0, 100)]] as [[(Int64, Int64)]] {
          let more = Self.lines(
            billing.org.id, sides.map { (debit: $0.0, credit: $0.1) }, of: "e.journal = 'VE'")
          #expect(try await Self.attempt(more, in: billing, by: pool) == "CN003")
        }
        for change: SQL in [
          "UPDATE journal_line SET debit_cents = 1, credit_cents = 0", "DELETE FROM journal_line",
          "UPDATE journal_line SET entry_id = gen_random_uuid()",
        ] {
          let answer = try await Self.attempt([change], in: billing, by: pool)
          #expect(answer == "CN003" || answer == "42501", "\(change.text): \(answer ?? "taken")")
        }
      }
      #expect(try await billing.balances() == before)
    }
  }

  @Test func `an entry comes with its lines, which balance when its transaction ends`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      func typed(_ sides: [(debit: Int64, credit: Int64)], _ more: [SQL] = []) async throws -> String? {
        try await Self.attempt(
          [Self.entry(billing)] + Self.lines(billing.org.id, sides, of: "e.number = 9001") + more,
          in: billing,
          by: server.owner)
      }
      #expect(try await typed([]) == "CN005")
      #expect(try await typed([(100, 0)]) == "CN005")
      // A check that was made early is made again for what comes after it.
      let late = Self.lines(billing.org.id, [(7, 0)], of: "e.number = 9001")
      #expect(
        try await typed(
          [(100, 0), (0, 100)], ["SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"] + late)
          == "CN005")
      #expect(try await typed([(100, 0), (0, 60), (0, 40)]) == nil)
      #expect(try await billing.value(Int.self, "SELECT count(*) FROM journal_line") == 3)
    }
  }
}
