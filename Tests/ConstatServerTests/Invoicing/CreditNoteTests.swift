import ConstatCore
import Foundation
import Support
import Testing

@Suite struct CreditNoteTests {
  private func credit(
    _ invoice: TestServer.Answer, _ lines: [JSONValue]? = nil, in billing: Billing
  ) async throws -> TestServer.Answer {
    var body: [String: JSONValue] = ["corrected_invoice_id": invoice["id"]]
    if let lines { body["lines"] = .array(lines) }
    return try await billing.server.post("/v1/credit-notes", as: billing.office, .object(body))
  }

  @Test func `a credit note mirrors its invoice, has its own series and closes the debt INV-17`() async throws
  {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice()
      let draft = try await credit(invoice, in: billing)
      #expect(draft.status == 201 && draft["total_incl_tax_cents"] == -39680, "\(draft.text)")
      let issued = try await billing.issue(draft)
      #expect(
        issued["number"] == "A2026-00001" && issued["linked_numbers"] == ["F2026-00001"], "\(issued.text)")
      let read = try await billing.read(invoice)
      #expect(read["linked"].array?.first?["number"] == "A2026-00001")
      #expect(read["settled"] == true && read["credited_cents"] == 39680)
      #expect(try await billing.balances().isEmpty)
      let beyond = try await credit(invoice, in: billing)
      #expect(beyond.status == 409 && beyond["code"] == "credit-exceeds-invoice")
      let onCredit = try await credit(issued, in: billing)
      #expect(onCredit.status == 409 && onCredit["code"] == "not-creditable")
    }
  }

  @Test func `a credit note is not dated before the invoice that it corrects`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let draft = try await credit(billing.invoice(), in: billing)
      let early = try await billing.issue(draft, on: "2026-11-20")
      #expect(
        early.status == 409 && early["code"] == "issue-day-before-invoice"
          && early["invoice_issued_on"] == "2026-11-21", "\(early.text)")
      #expect(try await billing.issue(draft, on: "2026-11-21")["number"] == "A2026-00001")
    }
  }

  @Test func `a credit beyond what was paid leaves the payer a credit and is not dunned`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      _ = try await billing.pay(5000, .transfer)
      #expect(try await billing.issue(credit(invoice, in: billing)).status == 200)
      let read = try await billing.read(invoice)
      #expect(read["balance_cents"] == -5000 && read["remaining_due_cents"] == 0 && read["settled"] == true)
    }
  }

  @Test func `what small credits leave of an invoice can be credited, their rounded cents included`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      func line(_ cents: Int64) -> JSONValue {
        ["designation": "DPE", "unit_price_excl_tax_cents": .integer(cents), "vat_rate": "20"]
      }
      let invoice = try await billing.invoice([line(1000)])
      for _ in 0..<5 {
        let part = try await billing.issue(credit(invoice, [line(3)], in: billing))
        #expect(part.status == 200 && part["total_incl_tax_cents"] == -4, "\(part.text)")
      }
      let rest = try await billing.issue(credit(invoice, in: billing))
      #expect(rest.status == 200 && rest["total_vat_cents"] == -195, "\(rest.text)")
      #expect(try await billing.read(invoice)["settled"] == true)
      #expect(try await billing.balances().isEmpty)
    }
  }

  @Test func `of two credits of 70 on 120 at once, one succeeds`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      let drafts = [
        try await credit(invoice, [Billing.line(7000)], in: billing),
        try await credit(invoice, [Billing.line(7000)], in: billing),
      ]
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for draft in drafts { group.addTask { try await billing.issue(draft).status } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [200, 409])
      #expect(try await billing.read(invoice)["credited_cents"] == 7000)
      let rest = try await credit(invoice, in: billing)
      #expect(rest["total_incl_tax_cents"] == -5000)
    }
  }

  @Test func `a rate is not credited beyond itself, nor a draft at all`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([
        Billing.line(12000), Billing.line(1100, "Déplacement", vat: "10"),
      ])
      let other = try await credit(invoice, [Billing.line(2200, "Déplacement", vat: "10")], in: billing)
      #expect(other.status == 409 && other["vat_rate"] == "10")
      let draft = try await credit(billing.draft(), in: billing)
      #expect(draft.status == 409 && draft["code"] == "invoice-not-issued")
    }
  }
}
