import ConstatCore
import ConstatServer
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct OrganizationTests {
  @Test func `staff read the organization, administrators change it at the version seen`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let read = try await server.get("/v1/organization", as: org.marc.token)
      #expect(read["time_zone"] == "Europe/Paris" && read["half_day_split"] == "13:00")
      let etag = read.etag
      #expect(try await server.patch("/v1/organization", as: org.office.token, ["name": "X"]).status == 403)
      let moved = try await server.patch(
        "/v1/organization", as: org.admin.token, ["time_zone": "Indian/Reunion"], ifMatch: etag)
      #expect(moved["time_zone"] == "Indian/Reunion", "\(moved.text)")
      let stale = try await server.patch(
        "/v1/organization", as: org.admin.token, ["name": "X"], ifMatch: etag)
      #expect(stale.status == 412)
      let nowhere = try await server.patch(
        "/v1/organization", as: org.admin.token, ["time_zone": "Europe/Bayonne"])
      #expect(nowhere["errors"].array?.first?["code"] == "unknown-time-zone")
      let renamed = try await server.patch("/v1/organization", as: org.admin.token, ["slug": "autre"])
      #expect(renamed.status == 422)
    }
  }

  @Test func `a company's number prefixes hold from the first issue on INV-04`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let made = try await server.post(
        "/v1/companies", as: org.admin.token, ["name": "Cabinet Basque SARL", "siren": "732829320"])
      #expect(made.status == 201, "\(made.text)")
      let path = "/v1/companies/\(made["id"].string ?? "")"
      let free = try await server.patch(path, as: org.admin.token, ["invoice_prefix": "FA"])
      #expect(free["invoice_prefix"] == "FA")
      let company = UUID(uuidString: made["id"].string ?? "")!
      try await server.asOwner(org.id) { transaction in
        let contact = server.services.clock.newID()
        _ = try await transaction.pipeline([
          "INSERT INTO contact (organization_id, id, last_name) VALUES (\(org.id), \(contact), 'Payeur')",
          """
          INSERT INTO invoice (organization_id, id, company_id, kind, status, payer_id, number, series, sequence,
            issued_on, issued_at, due_on, seller, payer, hash)
          VALUES (\(org.id), \(server.services.clock.newID()), \(company), 'invoice', 'issued', \(contact), 'FA-1', 'FA',
            1, '2026-01-01', now(), '2026-01-31', '{}', '{}', '\\x00')
          """,
        ])
      }
      let late = try await server.patch(path, as: org.admin.token, ["invoice_prefix": "FB"])
      #expect(late.status == 409 && late["code"] == "prefix-in-use")
      let same = try await server.patch(
        path, as: org.admin.token, ["invoice_prefix": "FA", "city": "Bayonne"])
      #expect(same.status == 200 && same["city"] == "Bayonne")
      #expect(try await server.send(.delete, path, as: org.admin.token).status == 405)
    }
  }

  @Test func `a company that could not invoice as it is set up is refused`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      func made(_ more: [String: JSONValue]) async throws -> TestServer.Answer {
        let body: [String: JSONValue] = ["name": "Cabinet Basque SARL", "siren": "732829320"]
        return try await server.post("/v1/companies", as: org.admin.token, .object(body.merging(more) { $1 }))
      }
      for wrong: [String: JSONValue] in [
        ["invoice_prefix": "FA 2"], ["credit_note_prefix": "=A"], ["invoice_prefix": "-"],
        ["chart_of_accounts": ["bank": "Banque"]], ["chart_of_accounts": ["sales_21": "706000"]],
      ] {
        let refused = try await made(wrong)
        let pointer = refused["errors"].array?.first?["pointer"]?.string
        #expect(refused.status == 422 && pointer == wrong.keys.first.map { "/" + $0 }, "\(refused.text)")
      }
      let right = try await made([
        "invoice_prefix": "FA-", "chart_of_accounts": ["bank": "512100 Crédit Agricole"],
      ])
      #expect(right.status == 201, "\(right.text)")
    }
  }

  @Test func `a prefix that changes while the first invoice is being issued waits, and holds then INV-04`()
    async throws
  {
    try await TestServer.run(poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      _ = try await billing.pay(1000)
      let draft = try await billing.draft()
      let statuses = try await server.race(
        billing.org.id, behind: TestServer.chain(of: billing.org.id),
        [
          { @Sendable in try await billing.issue(draft).status },
          { @Sendable in
            try await server.patch(
              "/v1/companies/\(billing.company)", as: billing.org.admin.token, ["invoice_prefix": "FA"]
            ).status
          },
        ])
      #expect(statuses == [200, 409])
    }
  }
}
