import ConstatCore
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct PortalTests {
  @Test
  func
    `the agency reads the dossier and its report, not the invoice; the payer reads the invoice POR-03 POR-04`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let dossiers = try await server.get("/v1/portal/dossiers", as: rows.agencyToken)
      #expect(dossiers["items"].array?.count == 1, "\(dossiers.text)")
      #expect(dossiers["items"].array?.first?["report_access"] == true)
      let dossier = try await server.get("/v1/portal/dossiers/\(rows["dossier"])", as: rows.agencyToken)
      #expect(dossier["appointments"].array?.first?["starts_at"] == "2026-12-01T08:00:00Z")
      #expect(dossier["diagnostics"].array?.first?["label"] == "DPE")
      let documents = try await server.get(
        "/v1/portal/dossiers/\(rows["dossier"])/documents", as: rows.agencyToken)
      #expect(documents["items"].array?.count == 1)
      let content = try await server.get(
        "/v1/portal/documents/\(rows["document"])/content", as: rows.agencyToken)
      #expect(content.status == 200 && content.body == TestServer.pdf)
      #expect(try await server.get("/v1/portal/invoices", as: rows.agencyToken)["items"] == [])
      #expect(
        try await server.get("/v1/portal/invoices/\(rows["invoice"])", as: rows.agencyToken).status == 404)

      let invoices = try await server.get("/v1/portal/invoices", as: rows.payerToken)
      #expect(
        invoices["items"].array?.compactMap { $0["number"] } == ["F-TEST-1"], "no drafts: \(invoices.text)")
      let invoice = try await server.get("/v1/portal/invoices/\(rows["invoice"])", as: rows.payerToken)
      #expect(invoice["lines"].array?.first?["vat_rate"] == "20" && invoice["vat"].array?.count == 1)
      #expect(invoice["instalments"].array?.first?["amount_cents"] == 12000)
      #expect(
        try await server.get("/v1/portal/invoices/\(rows["draft_invoice"])", as: rows.payerToken).status
          == 404)
    }
  }

  @Test func `a payer without a row in the dossier still reads its invoice, and only that`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      try await server.grant(org, rows, "payer", nil)
      #expect(
        try await server.get("/v1/portal/invoices/\(rows["invoice"])", as: rows.payerToken).status == 200)
      #expect(
        try await server.get("/v1/portal/dossiers/\(rows["dossier"])", as: rows.payerToken).status == 404)
      #expect(
        try await server.get("/v1/portal/documents/\(rows["document"])/content", as: rows.payerToken).status
          == 404)
    }
  }

  @Test func `a blocked report is listed and not served, but for who is never blocked DOC-11 DOC-12 CON-19`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let block = try await server.post(
        "/v1/documents/\(rows["document"])/block", as: org.office.token, ["reason": "Facture impayée"])
      #expect(block["blocked"] == true && block["blocked_reason"] == "Facture impayée")
      let list = "/v1/portal/dossiers/\(rows["dossier"])/documents"
      let content = "/v1/portal/documents/\(rows["document"])/content"
      let listed = try await server.get(list, as: rows.payerToken)["items"].array?.first
      #expect(listed?["blocked"] == true && listed?["blocked_reason"] == "Facture impayée")
      let refused = try await server.get(content, as: rows.payerToken)
      #expect(
        refused.status == 403 && refused["code"] == "document-blocked"
          && refused["detail"] == "Facture impayée")

      try await server.patch(
        "/v1/contacts/\(rows["agency"])", as: org.office.token, ["never_block_reports": true])
      #expect(try await server.get(list, as: rows.agencyToken)["items"].array?.first?["blocked"] == false)
      #expect(try await server.get(content, as: rows.agencyToken).status == 200)
      #expect(try await server.get(content, as: org.marc.token).status == 403, "not a client")
      #expect(
        try await server.get("/v1/documents/\(rows["document"])/content", as: org.marc.token).status == 200)

      let open = try await server.send(
        .delete, "/v1/documents/\(rows["document"])/block", as: org.office.token)
      #expect(open["blocked"] == false && open["blocked_reason"] == .null)
      #expect(try await server.get(content, as: rows.payerToken).status == 200)
    }
  }

  @Test func `without the right on reports a dossier shows neither report nor validity DOC-07`() async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      try await server.grant(org, rows, "agency", (report: false, invoice: false))
      let dossier = try await server.get("/v1/portal/dossiers/\(rows["dossier"])", as: rows.agencyToken)
      #expect(dossier.status == 200 && dossier["report_access"] == false)
      let documents = try await server.get(
        "/v1/portal/dossiers/\(rows["dossier"])/documents", as: rows.agencyToken)
      #expect(documents["items"] == [])
      #expect(
        try await server.get("/v1/portal/documents/\(rows["document"])/content", as: rows.agencyToken).status
          == 404)
      try await server.grant(org, rows, "agency", (report: false, invoice: true))
      #expect(
        try await server.get("/v1/portal/invoices/\(rows["invoice"])", as: rows.agencyToken).status == 200)
    }
  }

  @Test
  func `a main account sees what its sub-accounts see; a sub-account only its own CON-14 CON-15 POR-09`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let (main, mainToken) = try await server.clientContact(org, "siege", mainAccount: nil)
      let (_, siblingToken) = try await server.clientContact(org, "soeur", mainAccount: main)
      try await server.patch(
        "/v1/contacts/\(rows["agency"])", as: org.office.token, ["main_account_id": .string(main.uuidString)])
      let content = "/v1/portal/documents/\(rows["document"])/content"
      #expect(try await server.get("/v1/portal/dossiers", as: mainToken)["items"].array?.count == 1)
      #expect(try await server.get(content, as: mainToken).status == 200)
      #expect(try await server.get("/v1/portal/dossiers", as: rows.agencyToken)["items"].array?.count == 1)
      #expect(try await server.get("/v1/portal/dossiers", as: siblingToken)["items"] == [])
      #expect(try await server.get("/v1/portal/dossiers/\(rows["dossier"])", as: siblingToken).status == 404)
      #expect(try await server.get(content, as: siblingToken).status == 404)

      try await server.post("/v1/documents/\(rows["document"])/block", as: org.office.token, ["reason": "x"])
      #expect(try await server.get(content, as: mainToken).status == 403)
      try await server.patch("/v1/contacts/\(main)", as: org.office.token, ["never_block_reports": true])
      #expect(try await server.get(content, as: mainToken).status == 200)
      #expect(try await server.get(content, as: rows.agencyToken).status == 403, "the flag goes no way down")
    }
  }

  @Test func `a dossier in the trash is gone from the portal`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute(
          "UPDATE dossier SET trashed_at = now() WHERE organization_id = \(org.id) AND id = \(rows["dossier"])"
        )
      }
      #expect(try await server.get("/v1/portal/dossiers", as: rows.agencyToken)["items"] == [])
      #expect(
        try await server.get("/v1/portal/documents/\(rows["document"])/content", as: rows.agencyToken).status
          == 404)
    }
  }
}

extension TestServer {
  /// Sets what a contact may see of the dossier; nil takes its row away.
  func grant(
    _ org: TestOrganization, _ rows: TestRows, _ contact: String, _ rights: (report: Bool, invoice: Bool)?
  ) async throws {
    try await asOwner(org.id) { transaction in
      if let rights {
        _ = try await transaction.execute(
          """
          UPDATE dossier_contact SET report_access = \(rights.report), invoice_access = \(rights.invoice)
          WHERE organization_id = \(org.id) AND contact_id = \(rows[contact])
          """)
      } else {
        _ = try await transaction.execute(
          "DELETE FROM dossier_contact WHERE organization_id = \(org.id) AND contact_id = \(rows[contact])")
      }
    }
  }

  /// An agency with an account, signed in.
  func clientContact(
    _ org: TestOrganization, _ name: String, mainAccount: UUID?
  ) async throws -> (contact: UUID, token: String) {
    let (contact, account) = (UUID(), UUID())
    try await asOwner(org.id) { transaction in
      _ = try await transaction.pipeline([
        """
        INSERT INTO contact (organization_id, id, kind, last_name, main_account_id)
        VALUES (\(org.id), \(contact), 'agency', \(name), \(mainAccount))
        """,
        """
        INSERT INTO user_account (organization_id, id, kind, email, last_name, contact_id)
        VALUES (\(org.id), \(account), 'client', \(name + "@example.test"), \(name), \(contact))
        """,
      ])
    }
    return (contact, try await session(org.id, account))
  }
}
