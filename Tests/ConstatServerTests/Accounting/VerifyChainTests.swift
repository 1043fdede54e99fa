import ConstatCore
import ConstatLedger
import ConstatServer
import Foundation
import Postgres
import Support
import Testing

@Suite struct VerifyChainTests {
  /// Seals one document of each kind: invoice, payment, slip, credit note, reversal.
  private func seal(in billing: Billing) async throws {
    let server = billing.server
    let invoice = try await billing.invoice()
    let paid = try await billing.pay(39680, .cheque, ["comment": "Remis en main propre 😀"])
    _ = try await billing.closedSlip(of: [invoice])
    let draft = try await server.post(
      "/v1/credit-notes", as: billing.office, ["corrected_invoice_id": invoice["id"]])
    #expect(try await billing.issue(draft).status == 200)
    let today = Zone.paris.day(of: server.services.clock.now())
    let undone = try await server.post(
      "/v1/payments/\(paid["id"].string ?? "")/reversal", as: billing.office,
      ["reason": "Sans provision", "reversed_on": .string(today.description)], key: "r1")
    #expect(undone.status == 200, "\(undone.text)")
  }

  /// What a superuser can do: no trigger, no policy.
  private func forge(_ statement: SQL, in billing: Billing) async throws {
    let pool = billing.server.database.makePool(as: .superuser)
    try await pool.transaction { transaction, _ in
      _ = try await transaction.query("SELECT set_config('session_replication_role', 'replica', true)")
      #expect(try await transaction.execute(statement) > 0, "\(statement.text)")
    }
  }

  @Test func `every kind of issued document is a link, and what happens to it afterwards breaks none`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      try await seal(in: billing)
      let kinds = try await billing.value(
        [String].self, "SELECT array_agg(document_kind ORDER BY ordinal) FROM chain_link")
      #expect(kinds == ["invoice", "payment", "deposit_slip", "credit_note", "payment_reversal"])
      #expect(try await VerifyChain(querying: server.owner).verify(billing.org.id) == nil)
      let told = try await server.get("/v1/accounting/chain-verification", as: billing.org.accountant.token)
      #expect(told["intact"] == true && told["verified_links"] == 5)
    }
  }

  @Test func `a document forged by a superuser is named, whichever part of it was touched`() async throws {
    let forgeries: [(SQL, Int64, String)] = [
      ("UPDATE invoice SET comment = 'autre' WHERE kind = 'invoice'", 1, "document-changed"),
      (
        "UPDATE invoice SET payer = payer || '{\"name\": \"Autre\"}' WHERE kind = 'invoice'", 1,
        "document-changed"
      ),
      ("UPDATE invoice_line SET designation = 'Autre' WHERE total_excl_tax_cents > 0", 1, "document-changed"),
      ("UPDATE invoice_vat SET vat_cents = vat_cents - 1 WHERE vat_cents > 0", 1, "document-changed"),
      ("UPDATE instalment SET due_on = due_on + 30", 1, "document-changed"),
      ("UPDATE payment SET amount_cents = 1", 2, "document-changed"),
      ("UPDATE deposit_slip_item SET amount_cents = 1", 3, "document-changed"),
      ("UPDATE deposit_slip SET total_cents = 1", 3, "document-changed"),
      ("UPDATE invoice SET total_incl_tax_cents = 0 WHERE kind = 'credit_note'", 4, "document-changed"),
      ("UPDATE payment_reversal SET bank_fee_cents = 999", 5, "document-changed"),
      ("DELETE FROM payment", 2, "document-missing"),
      (
        "UPDATE chain_link SET content = replace(content, 'Etcheverry', 'Autre') WHERE ordinal = 2", 2,
        "sealed-text-changed"
      ),
      ("UPDATE chain_link SET previous_hash = hash WHERE ordinal = 3", 3, "previous-link-replaced"),
      ("DELETE FROM chain_link WHERE ordinal = 3", 3, "link-missing"),
      ("DELETE FROM chain_link WHERE ordinal = 5", 6 - 1, "end-cut-or-added"),
    ]
    for (statement, ordinal, fault) in forgeries {
      try await TestServer.run { server in
        let billing = try await Billing.found(on: server)
        try await seal(in: billing)
        try await forge(statement, in: billing)
        let broken = try await VerifyChain(querying: server.owner).verify(billing.org.id)
        #expect(
          broken?.ordinal == ordinal && broken?.fault.code == fault,
          "\(statement.text): \(String(describing: broken))")
      }
    }
  }

  @Test
  func `the first forged invoice is named by its number, also over the API, and others' chains stay intact`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let other = try await Billing.found(on: server, "autre-cabinet")
      _ = try await other.invoice()
      for _ in 0..<3 { _ = try await billing.invoice() }
      try await forge(
        "UPDATE invoice SET total_incl_tax_cents = 1 WHERE organization_id = \(billing.org.id) AND sequence = 2",
        in: billing)
      let reports = try await VerifyChain(querying: server.owner).reports()
      #expect(reports.map(\.slug) == ["autre-cabinet", "cabinet-basque"])
      #expect(reports.map(\.verifiedLinks) == [1, 1])
      #expect(reports.first?.broken == nil)
      let broken = reports.last?.broken
      #expect(broken?.ordinal == 2 && broken?.kind == .invoice && broken?.number?.hasSuffix("-00002") == true)
      let told = try await server.get("/v1/accounting/chain-verification", as: billing.org.accountant.token)
      #expect(told["intact"] == false && told["first_broken"]["fault"] == "document-changed")
      #expect(try await VerifyChain(querying: server.owner).reports(slug: "autre-cabinet").count == 1)
    }
  }
}
