import ConstatCore
import ConstatLedger
import ConstatServer
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct ExportTests {
  /// A year's worth of what happens: instalments, a cheque on a slip, an overpayment, cash, a credit note, a bounce.
  private func year(in billing: Billing) async throws -> (documents: [String], slip: TestServer.Answer) {
    let server = billing.server
    let first = try await billing.invoice([
      Billing.line(12000), Billing.line(1100, "Trajet\t|\"Bayonne\" 😀", vat: "10"),
    ])
    let second = try await billing.invoice([Billing.line(6000)])
    _ = try await billing.pay(20000)
    let slip = try await billing.closedSlip(of: [first])
    let third = try await billing.invoice([Billing.line(9000)])
    _ = try await billing.pay(4000, .cash)
    let draft = try await server.post(
      "/v1/credit-notes", as: billing.office, ["corrected_invoice_id": third["id"]])
    let credit = try await billing.issue(draft)
    let fourth = try await billing.invoice([Billing.line(5000)])
    let bounced = try await billing.pay(5000)
    let undone = try await server.post(
      "/v1/payments/\(bounced["id"].string ?? "")/reversal", as: billing.office,
      ["reason": "Sans provision", "reversed_on": "2026-11-21", "bank_fee_cents": 900], key: "r1")
    #expect(undone.status == 200, "\(undone.text)")
    let free = try await billing.invoice([Billing.line(0)])
    #expect(free["settled"] == true)
    return ([first, second, third, credit, fourth].compactMap { $0["number"].string }, slip)
  }

  @Test func `the FEC pulled over the API is accepted by the strict validator ACC-30`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let (documents, slip) = try await year(in: billing)
      for query in ["", "&separator=pipe&encoding=iso-8859-15&columns=cash_basis", "&validation=provisional"]
      {
        let file = try await server.get(
          "/v1/exports/fec?from=2026-01-01&to=2026-12-31\(query)", as: billing.org.accountant.token)
        #expect(file.status == 200, "\(file.text)")
        #expect(file.headers[.contentDisposition] == "attachment; filename=\"732829320FEC20261231.txt\"")
        #expect(file.headers[.init("Content-Description")!]?.contains("no opening balances") == true)
        var validator = FECValidator()
        validator.origin = .constat
        validator.expectations.documents = documents
        validator.expectations.slips = [
          slip["number"].string ?? "": Money(cents: slip["total_cents"].integer ?? 0)
        ]
        #expect(validator.validate(file.body, fileName: "732829320FEC20261231.txt").map(\.description) == [])
      }
    }
  }

  @Test func `a payer whose accounting code says nothing has an account in the FEC`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      for code in [" ", "|", "\u{200B}"] {
        let payer = try await server.post(
          "/v1/contacts", as: billing.office, ["last_name": "Durand", "accounting_code": .string(code)])
        _ = try await billing.invoice([Billing.line(12000)], ["payer_id": payer["id"]])
      }
      let file = try await server.get("/v1/exports/fec", as: billing.org.accountant.token)
      let findings = FECValidator().validate(file.body, fileName: "732829320FEC20261231.txt")
      #expect(findings.map(\.description) == [])
    }
  }

  @Test func `every entry in the books balances, and none misses its number`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      _ = try await year(in: billing)
      let unbalanced = try await billing.value(
        Int.self,
        """
        SELECT count(*) FROM (SELECT entry_id FROM journal_line GROUP BY entry_id
          HAVING sum(debit_cents) <> sum(credit_cents)) AS u
        """)
      #expect(unbalanced == 0)
      let gaps = try await billing.value(
        Int.self,
        """
        SELECT count(*) FROM (SELECT journal FROM journal_entry GROUP BY journal, fiscal_year
          HAVING max(number) <> count(*) OR min(number) <> 1) AS g
        """)
      #expect(gaps == 0)
      let letters = try await billing.value(
        Int.self,
        """
        SELECT count(*) FROM (SELECT letter FROM journal_line WHERE letter IS NOT NULL GROUP BY letter, account, auxiliary
          HAVING sum(debit_cents) <> sum(credit_cents) OR count(lettered_on) <> count(*)) AS l
        """)
      #expect(letters == 0)
      let list = try await server.get(
        "/v1/accounting/entries?journal=VE&limit=2", as: billing.org.accountant.token)
      #expect(list["items"].array?.count == 2 && !list["next_cursor"].isNull)
      let rest = try await server.get(
        "/v1/accounting/entries?journal=VE&limit=2&cursor=\(list["next_cursor"].string ?? "")",
        as: billing.org.accountant.token)
      #expect(rest["items"].array?.compactMap { $0["code"]?.string } == ["VE000003", "VE000002"])
    }
  }

  @Test func `invoices and entries come as tables INV-18`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let (documents, _) = try await year(in: billing)
      let invoices = try await server.get("/v1/exports/invoices_csv", as: billing.org.accountant.token)
      let lines = invoices.text.split(separator: "\r\n")
      #expect(lines.count == 1 + documents.count + 1, "\(invoices.text)")
      #expect(
        lines.contains { $0.hasPrefix("Diag Adour;F2026-00003;A2026-00001;1;;Etcheverry Maite;21/11/2026") })
      #expect(
        invoices.headers[.contentDisposition]?.contains("factures-732829320-20260101-20261231.csv") == true)
      let entries = try await server.get("/v1/exports/entries_csv", as: billing.org.accountant.token)
      #expect(
        entries.text.contains("VE;VE000001;21/11/2026;411000;Clients;CETCH;Etcheverry Maite;F2026-00001"))
    }
  }

  @Test func `a file is of one company and one fiscal year`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let token = billing.org.accountant.token
      let years = try await server.get("/v1/exports/fec?from=2025-12-31&to=2026-01-01", as: token)
      #expect(years.status == 422 && years["code"] == "several-fiscal-years")
      let backwards = try await server.get("/v1/exports/fec?from=2026-02-01&to=2026-01-01", as: token)
      #expect(backwards.status == 400 && backwards["errors"].array?.first?["pointer"] == "?to")
      #expect(try await server.get("/v1/exports/fec?format=xml", as: token).status == 400)
      _ = try await Billing.company(on: server, billing.org.id, siren: "356000000")
      let unnamed = try await server.get("/v1/exports/fec", as: token)
      #expect(unnamed.status == 400 && unnamed["errors"].array?.first?["pointer"] == "?company_id")
      let named = try await server.get("/v1/exports/fec?company_id=\(billing.company)", as: token)
      #expect(named.status == 200)
      let other = try await Billing.found(on: server, "autre-cabinet")
      #expect(try await server.get("/v1/exports/fec?company_id=\(other.company)", as: token).status == 404)
    }
  }

  @Test func `a December payment recorded in January is in December's file, validated in January`()
    async throws
  {
    try await TestServer.run(clock: .fixed("2027-01-10T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      #expect(try await billing.issue(billing.draft([Billing.line(12000)]), on: "2026-12-20").status == 200)
      _ = try await billing.pay(12000, .transfer, ["received_on": "2026-12-31"])
      let file = try await server.get("/v1/exports/fec?to=2026-12-31", as: billing.org.accountant.token)
      #expect(file.headers[.contentDisposition]?.contains("732829320FEC20261231.txt") == true)
      #expect(file.text.contains("BQ\tBanque\tBQ000001\t20261231\t512000"))
      let validated = file.text.split(separator: "\r\n").dropFirst().compactMap { row -> String? in
        let fields = row.split(separator: "\t", omittingEmptySubsequences: false)
        return fields.count == 18 ? String(fields[15]) : nil
      }
      #expect(validated.count == 7 && Set(validated) == ["20270110"], "\(file.text)")
      #expect(
        FECValidator().validate(file.body, fileName: "732829320FEC20261231.txt").map(\.description) == [])
    }
  }

  @Test func `an API token pulls what its scopes name and nothing else ACC-30`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      _ = try await billing.invoice()
      let exports = try await billing.token([.exportsRead])
      let invoices = try await billing.token([.invoicesRead])
      let allowed: [(String, [Int])] = [
        ("/v1/exports/fec", [200, 403]), ("/v1/exports/invoices_csv", [200, 200]),
        ("/v1/exports/entries_csv", [200, 403]), ("/v1/invoices", [403, 200]),
        ("/v1/instalments", [403, 200]),
        ("/v1/payments", [403, 403]), ("/v1/accounting/entries", [403, 403]),
        ("/v1/deposit-slips", [403, 403]),
      ]
      for (path, statuses) in allowed {
        let answers = [try await server.get(path, as: exports), try await server.get(path, as: invoices)]
        #expect(answers.map(\.status) == statuses, "\(path)")
      }
      let draft = try await server.post(
        "/v1/invoices", as: invoices, ["dossier_id": .string(billing.dossier.uuidString)])
      #expect(draft.status == 403 && draft["code"] == "forbidden")
      #expect(try await server.get("/v1/exports/fec", as: billing.office).status == 403)
    }
  }
}

extension Billing {
  /// An API token with these scopes.
  func token(_ scopes: [Scope]) async throws -> String {
    let token = BearerToken(.personal, organization: org.id, secret: server.services.clock.random(32))
    try await server.asOwner(org.id) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO api_token (organization_id, id, name, scopes, token_hash, created_by)
        VALUES (\(org.id), \(server.services.clock.newID()), 'Comptable', \(scopes.map(\.rawValue)), \(token.hash),
          \(org.admin.id))
        """)
    }
    return token.text
  }
}
