import ConstatCore
import ConstatServer
import Foundation
import Postgres
import Support
import Testing

@Suite struct ReversePaymentTests {
  private func reverse(_ payment: TestServer.Answer, in billing: Billing, _ more: [String: JSONValue] = [:])
    async throws
    -> TestServer.Answer
  {
    var body: [String: JSONValue] = ["reason": "Chèque sans provision", "reversed_on": "2026-12-15"]
    body.merge(more) { $1 }
    return try await billing.server.post(
      "/v1/payments/\(payment["id"].string ?? "")/reversal", as: billing.office, .object(body),
      key: UUID().uuidString)
  }

  @Test func `a cheque that bounces before its slip reopens the debt and gives the VAT back`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      let before = try await billing.balances()
      let paid = try await billing.pay(12000)
      let undone = try await reverse(paid, in: billing)
      #expect(undone.status == 200 && undone["reversal"]["reversed_on"] == "2026-12-15", "\(undone.text)")
      #expect(undone["unallocated_cents"] == 0)
      let read = try await billing.read(invoice)
      #expect(
        read["remaining_due_cents"] == 12000 && read["instalments"].array?.first?["status"] == "pending")
      #expect(try await billing.balances() == before)
      #expect(
        try await billing.value(Int.self, "SELECT count(*) FROM journal_line WHERE letter IS NOT NULL") == 0)
      let again = try await reverse(paid, in: billing)
      #expect(again.status == 409 && again["code"] == "payment-already-reversed")
      let early = try await reverse(billing.pay(100), in: billing, ["reversed_on": "2026-11-20"])
      #expect(early.status == 422)
    }
  }

  @Test func `a payment reversed while it is being laid on an invoice leaves that invoice due`() async throws
  {
    try await TestServer.run(poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      let paid = try await billing.pay(12000)
      let invoice = try await billing.invoice([Billing.line(12000)])
      let day = Zone.paris.day(of: server.services.clock.now()).description
      let outcomes = try await server.race(
        billing.org.id, behind: TestServer.chain(of: billing.org.id),
        [
          { @Sendable in
            try await server.post(
              "/v1/payments/\(paid["id"].string ?? "")/allocations", as: billing.office,
              ["invoice_id": invoice["id"]], key: "laid"
            ).status
          },
          { @Sendable in try await reverse(paid, in: billing, ["reversed_on": .string(day)]).status },
        ])
      #expect(outcomes == [200, 200])
      let read = try await billing.read(invoice)
      #expect(
        read["remaining_due_cents"] == 12000 && read["instalments"].array?.first?["status"] == "pending")
      #expect(try await billing.balances() == ["411000": 12000, "706000": -10000, "445741": -2000])
    }
  }

  @Test func `a cheque that bounces after closure leaves the slip as it was and costs the bank's fee`()
    async throws
  {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      let paid = try await billing.pay(12000)
      let slip = try await billing.closedSlip(of: [invoice])
      let undone = try await reverse(paid, in: billing, ["bank_fee_cents": 1500])
      #expect(undone.status == 200, "\(undone.text)")
      let read = try await server.get("/v1/deposit-slips/\(slip["id"].string ?? "")", as: billing.office)
      #expect(read["total_cents"] == 12000 && read["items"].array?.count == 1 && read["status"] == "closed")
      let balances = try await billing.balances()
      #expect(balances["411000"] == 12000 && balances["512000"] == -1500 && balances["627000"] == 1500)
      #expect(balances["511200"] == nil && balances["445711"] == nil)
      #expect(try await billing.read(invoice)["instalments"].array?.first?["status"] == "pending")
      _ = try await billing.pay(12000)
      let second = try await billing.closedSlip(of: [invoice])
      #expect(second["total_cents"] == 12000 && second["number"] == "B2026-00002")
    }
  }
}
