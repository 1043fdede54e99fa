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
}
