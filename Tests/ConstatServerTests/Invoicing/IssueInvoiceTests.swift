import ConstatCore
@testable import ConstatServer
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct IssueInvoiceTests {
  @Test func `issuing numbers, dates, freezes, seals and posts the draft INV-08`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let issued = try await billing.invoice()
      #expect(issued["number"] == "F2026-00001")
      #expect(issued["issued_on"] == "2026-11-21" && issued["due_on"] == "2026-12-21")
      #expect(issued["seller"]["siren"] == "732829320" && issued["payer"]["auxiliary"] == "CETCH")
      #expect(issued["instalments"].array?.count == 1 && issued["remaining_due_cents"] == 39680)
      #expect(issued["hash"].string?.count == 64)
      #expect(try await billing.balances() == ["411000": 39680, "706000": -33067, "445741": -6613])
      let moved = try await server.patch(
        "/v1/contacts/\(billing.payer)", as: billing.office, ["city": "Anglet", "accounting_code": "CNEW"])
      #expect(moved.status == 200)
      #expect(try await billing.read(issued).json == issued.json)
    }
  }

  @Test func `50 invoices issued at once, 5 of them rolled back, are numbered without a gap INV-08`()
    async throws
  {
    try await TestServer.run(poolSize: 8) { server in
      let billing = try await Billing.found(on: server)
      var drafts: [UUID] = []
      for _ in 0..<50 {
        let draft = try await billing.draft([Billing.line(12000)])
        drafts.append(try #require(draft["id"].string.flatMap(UUID.init(uuidString:))))
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, id) in drafts.enumerated() {
          group.addTask {
            if index % 10 == 7 {
              await #expect(throws: ForcedRollback.self) { try await billing.issueAndRollBack(id) }
            } else {
              let issued = try await server.post(
                "/v1/invoices/\(id)/issuance", as: billing.office, [:], key: id.uuidString)
              #expect(issued.status == 200, "\(issued.text)")
            }
          }
        }
        try await group.waitForAll()
      }
      let numbers = try await billing.value(
        [Int64].self, "SELECT array_agg(sequence ORDER BY sequence) FROM invoice WHERE status = 'issued'")
      #expect(numbers == (1...45).map(Int64.init))
      let ordinals = try await billing.value(
        [Int64].self, "SELECT array_agg(ordinal ORDER BY ordinal) FROM chain_link")
      #expect(ordinals == (1...45).map(Int64.init))
      let entries = try await billing.value(
        [Int64].self, "SELECT array_agg(number ORDER BY number) FROM journal_entry WHERE journal = 'VE'")
      #expect(entries == (1...45).map(Int64.init))
      #expect(try await VerifyChain(querying: server.owner).verify(billing.org.id) == nil)
    }
  }

  @Test func `a day before the last of the series, or to come, is refused`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      _ = try await billing.invoice()
      let draft = try await billing.draft()
      let early = try await billing.issue(draft, on: "2026-11-20")
      #expect(
        early.status == 409 && early["code"] == "issue-day-before-last"
          && early["last_issued_on"] == "2026-11-21")
      let late = try await billing.issue(draft, on: "2026-11-22")
      #expect(late.status == 422 && late["code"] == "issue-day-in-future")
      #expect(try await billing.issue(draft, on: "2026-11-21")["number"] == "F2026-00002")
    }
  }

  @Test func `the new year's first invoice closes the old year's series`() async throws {
    try await TestServer.run(clock: .fixed("2027-01-04T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let draft = try await billing.draft()
      #expect(try await billing.issue(draft, on: "2026-12-31")["number"] == "F2026-00001")
      #expect(try await billing.invoice()["number"] == "F2027-00001")
      let late = try await billing.issue(billing.draft(), on: "2026-12-31")
      #expect(late.status == 409 && late["code"] == "issue-day-before-last")
    }
  }

  @Test func `half past midnight in Paris on 1 January belongs to the new year's series and books`()
    async throws
  {
    try await TestServer.run(clock: .fixed("2026-12-31T23:30:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let issued = try await billing.invoice()
      #expect(issued["number"] == "F2027-00001" && issued["issued_on"] == "2027-01-01")
      #expect(try await billing.value(Int.self, "SELECT fiscal_year FROM journal_entry") == 2027)
    }
  }

  @Test func `two companies have two series that may hold the same number`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let second = try await Billing.company(on: server, billing.org.id, siren: "356000000")
      let unnamed = try await billing.draft()
      #expect(unnamed.status == 422 && unnamed["errors"].array?.first?["pointer"] == "/company_id")
      var numbers: [JSONValue] = []
      for company in [billing.company, second, billing.company] {
        let issued = try await billing.invoice(nil, ["company_id": .string(company.uuidString)])
        numbers.append(issued["number"])
      }
      #expect(numbers == ["F2026-00001", "F2026-00001", "F2026-00002"])
    }
  }

  @Test func `a replayed issuance answers what the first did and takes no second number`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let draft = try await billing.draft()
      let path = "/v1/invoices/\(draft["id"].string ?? "")/issuance"
      let first = try await server.post(path, as: billing.office, [:], key: "issue-1")
      let again = try await server.post(path, as: billing.office, [:], key: "issue-1")
      #expect(first.status == 200 && again.status == 200 && first.json == again.json)
      #expect(again.headers[.init("Idempotency-Replayed")!] == "true")
      #expect(try await server.post(path, as: billing.office).status == 400)
      #expect(try await billing.value(Int.self, "SELECT count(*) FROM invoice WHERE status = 'issued'") == 1)
    }
  }

  @Test func `an invoice without lines is not issued and takes no number`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let empty = try await billing.issue(billing.draft([]))
      #expect(empty.status == 422 && empty["code"] == "invoice-without-lines", "\(empty.text)")
      #expect(try await billing.invoice()["number"].string?.hasSuffix("-00001") == true)
    }
  }

  @Test func `instalments add up to the total in the order of their days INV-20`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      func instalment(_ day: String, _ cents: Int64) -> JSONValue {
        ["due_on": .string(day), "amount_cents": .integer(cents)]
      }
      let thirds = [
        instalment("2026-12-01", 13227), instalment("2027-01-01", 13227), instalment("2027-02-01", 13226),
      ]
      let issued = try await billing.invoice(nil, ["instalments": .array(thirds)])
      #expect(
        issued["instalments"].array?.compactMap { $0["amount_cents"]?.integer } == [13227, 13227, 13226])
      #expect(issued["due_on"] == "2027-02-01")
      let list = try await server.get("/v1/instalments?due_to=2027-01-15", as: billing.office)
      #expect(
        list["items"].array?.count == 2 && list["items"].array?.first?["invoice_number"] == issued["number"])
      let backwards = try await billing.issue(billing.draft(nil, ["instalments": .array(thirds.reversed())]))
      #expect(backwards.status == 422 && backwards["code"] == "instalments-out-of-order")
    }
  }

  @Test func `nobody changes an issued invoice by hand-typed SQL, neither the API's role nor the owner`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let id = try #require(await billing.invoice()["id"].string)
      let attempts: [SQL] = [
        "UPDATE invoice SET comment = 'autre' WHERE id = \(id)", "DELETE FROM invoice WHERE id = \(id)",
        "UPDATE invoice SET status = 'draft', number = NULL WHERE id = \(id)",
        "UPDATE invoice_line SET unit_price_excl_tax_cents = 1 WHERE invoice_id = \(id)",
        "DELETE FROM invoice_line WHERE invoice_id = \(id)",
        "UPDATE invoice_vat SET vat_cents = 0 WHERE invoice_id = \(id)",
        "UPDATE instalment SET amount_cents = 1 WHERE invoice_id = \(id)",
        "UPDATE chain_link SET content = ''",
        "UPDATE journal_entry SET label = 'autre'", "UPDATE journal_line SET debit_cents = debit_cents + 1",
        "DELETE FROM journal_line",
      ]
      for pool in [server.owner, server.services.pool] {
        for attempt in attempts {
          let error = await #expect(throws: PostgresError.self, "\(attempt.text)") {
            try await pool.transaction { transaction, _ in
              _ = try await transaction.query(
                """
                SELECT set_config('app.organization_id', \(billing.org.id.uuidString), true),
                  set_config('app.actor', 'sql:test', true), set_config('app.channel', 'sql', true)
                """)
              _ = try await transaction.execute(attempt)
            }
          }
          #expect(["CN003", "42501"].contains(error?.sqlState), "\(attempt.text): \(error?.sqlState ?? "")")
        }
      }
    }
  }
}

extension IssueInvoiceTests {
  @Test func `a line typed while its invoice is being issued waits, and is refused`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      _ = try await billing.invoice()
      let draft = try await billing.draft([Billing.line(12000)])
      let id = try #require(draft["id"].string.flatMap(UUID.init(uuidString:)))
      let outcomes = try await server.race(
        billing.org.id, behind: TestServer.chain(of: billing.org.id),
        [
          { @Sendable in String(try await billing.issue(draft).status) },
          { @Sendable in
            do {
              try await server.services.pool.transaction { transaction, _ in
                _ = try await transaction.pipeline([
                  """
                  SELECT set_config('app.organization_id', \(billing.org.id.uuidString), true),
                    set_config('app.actor', 'sql:test', true), set_config('app.channel', 'sql', true)
                  """,
                  """
                  INSERT INTO invoice_line (organization_id, id, invoice_id, position, designation,
                    unit_price_excl_tax_cents, vat_rate, total_excl_tax_cents)
                  VALUES (\(billing.org.id), gen_random_uuid(), \(id), 2, 'glissé', 1, 2000, 1)
                  """,
                ])
              }
              return "taken"
            } catch let error as PostgresError { return error.sqlState }
          },
        ])
      #expect(outcomes == ["200", "CN003"])
      #expect(try await billing.read(draft)["lines"].array?.count == 1)
    }
  }
}

struct ForcedRollback: Error {}

extension Billing {
  /// Issues as the route does, in a transaction that then fails.
  func issueAndRollBack(_ id: UUID) async throws {
    try await server.services.pool.transaction { transaction, _ in
      _ = try await transaction.query(
        """
        SELECT set_config('app.organization_id', \(org.id.uuidString), true),
          set_config('app.actor', 'sql:test', true), set_config('app.channel', 'sql', true)
        """)
      try await IssueInvoice(transaction: transaction, organization: org.id, clock: server.services.clock)
        .issue(id)
      throw ForcedRollback()
    }
  }
}
