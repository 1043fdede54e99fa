import ConstatCore
@testable import ConstatServer
import Foundation
import Postgres
import Support
import Testing

@Suite struct RecordPaymentTests {
  @Test func `a cheque settles the earliest due instalments and posts to 5112 and 411 INV-24`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice(
        [Billing.line(12000)],
        [
          "instalments": [
            ["due_on": "2026-12-01", "amount_cents": 5000], ["due_on": "2027-01-01", "amount_cents": 7000],
          ]
        ])
      let paid = try await billing.pay(6000, .cheque, ["reference": "0001234", "bank": "CIC"])
      #expect(paid.status == 201 && paid["number"] == "R2026-00001", "\(paid.text)")
      #expect(paid["payer_id"].string == billing.payer.uuidString.lowercased())
      #expect(paid["allocations"].array?.compactMap { $0["amount_cents"]?.integer } == [5000, 1000])
      #expect(paid["unallocated_cents"] == 0)
      let read = try await billing.read(invoice)
      #expect(read["instalments"].array?.compactMap { $0["status"]?.string } == ["received", "pending"])
      #expect(read["paid_cents"] == 6000 && read["remaining_due_cents"] == 6000 && read["settled"] == false)
      #expect(
        try await billing.balances()
          == ["511200": 6000, "411000": 6000, "706000": -10000, "445741": -1000, "445711": -1000])
    }
  }

  @Test func `an overpayment settles the invoice and stays the payer's credit`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      let paid = try await billing.pay(13000, .transfer)
      #expect(paid["unallocated_cents"] == 1000)
      let read = try await billing.read(invoice)
      #expect(read["settled"] == true && read["instalments"].array?.first?["status"] == "cashed")
      #expect(try await billing.balances()["411000"] == -1000)
      #expect(
        try await billing.value(Int.self, "SELECT count(*) FROM journal_line WHERE letter IS NOT NULL") == 2)
      let list = try await server.get("/v1/payments?unallocated=true", as: billing.office)
      #expect(list["items"].array?.count == 1)
    }
  }

  @Test func `a payment is shared by VAT rate, and the last one takes each rate's residue`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      _ = try await billing.invoice([Billing.line(12000), Billing.line(11000, "Déplacement", vat: "10")])
      let first = try await billing.pay(11500, .transfer)
      let rates = first["allocations"].array?.first?["by_vat_rate"]?.array
      #expect(rates?.compactMap { $0["incl_tax_cents"]?.integer } == [6000, 5500])
      #expect(rates?.compactMap { $0["vat_cents"]?.integer } == [1000, 500])
      #expect(try await billing.pay(11500, .transfer).status == 201)
      let balances = try await billing.balances()
      #expect(balances["445741"] == nil && balances["445742"] == nil)
      #expect(balances["445711"] == -2000 && balances["445712"] == -1000)
    }
  }

  @Test func `where VAT is due on invoices a payment moves none`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server, vatPoint: .debit)
      _ = try await billing.invoice([Billing.line(12000)])
      _ = try await billing.pay(12000, .transfer)
      #expect(try await billing.balances() == ["512000": 12000, "706000": -10000, "445711": -2000])
    }
  }

  @Test func `money taken in the field before the invoice waits as credit and is allocated to it later`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let id = server.services.clock.newID()
      #expect(try await billing.fieldPayment(id, cents: 12000))
      #expect(try await !billing.fieldPayment(id, cents: 12000))
      #expect(try await billing.value(Int.self, "SELECT count(*) FROM payment") == 1)
      let invoice = try await billing.invoice([Billing.line(12000)])
      #expect(invoice["settled"] == false)
      let allocated = try await server.post(
        "/v1/payments/\(id)/allocations", as: billing.office, ["invoice_id": invoice["id"]], key: "a1")
      #expect(allocated.status == 200 && allocated["unallocated_cents"] == 0, "\(allocated.text)")
      let read = try await billing.read(invoice)
      #expect(read["settled"] == true && read["instalments"].array?.first?["status"] == "received")
      #expect(
        try await billing.balances() == ["511200": 12000, "706000": -10000, "445711": -2000])
      let again = try await server.post(
        "/v1/payments/\(id)/allocations", as: billing.office, ["invoice_id": invoice["id"]], key: "a2")
      #expect(again.status == 409 && again["code"] == "nothing-to-allocate")
    }
  }

  @Test func `cash beyond a thousand euros on one debt is refused, however it is cut`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      _ = try await billing.invoice([Billing.line(150_000)])
      #expect(try await billing.pay(60_000, .cash).status == 201)
      let refused = try await billing.pay(40_001, .cash)
      #expect(
        refused.status == 422 && refused["code"] == "cash-limit" && refused["already_paid_cents"] == 60_000)
      #expect(try await billing.pay(40_000, .cash).status == 201)
      #expect(try await billing.value(Int.self, "SELECT count(*) FROM payment") == 2)
    }
  }

  @Test func `cash on one debt is counted whatever dossier each payment names`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(250_000)])
      let other = server.services.clock.newID()
      try await server.asOwner(billing.org.id) { transaction in
        _ = try await transaction.execute(
          """
          INSERT INTO dossier (organization_id, id, number, nature, payer_id, created_by)
          VALUES (\(billing.org.id), \(other), 2, 'other', \(billing.payer), 'test')
          """)
      }
      func chosen(_ cents: Int64, _ more: [String: JSONValue]) -> [String: JSONValue] {
        let instalment = invoice["instalments"].array?.first?["id"] ?? .null
        return more.merging(
          ["allocations": [["instalment_id": instalment, "amount_cents": .integer(cents)]]]
        ) { $1 }
      }
      #expect(try await billing.pay(60_000, .cash, chosen(60_000, ["dossier_id": nil])).status == 201)
      let ofDossier = try await billing.pay(40_001, .cash)
      #expect(ofDossier.status == 422 && ofDossier["already_paid_cents"] == 60_000, "\(ofDossier.text)")
      let elsewhere: [String: JSONValue] = ["dossier_id": .string(other.uuidString)]
      let named = try await billing.pay(40_001, .cash, chosen(40_001, elsewhere))
      #expect(named.status == 422 && named["code"] == "cash-limit", "\(named.text)")
      // The other dossier's own debt is another debt.
      #expect(try await billing.pay(90_000, .cash, elsewhere).status == 201)
      #expect(try await billing.pay(40_000, .cash, chosen(40_000, [:])).status == 201)
    }
  }

  @Test func `cash recorded without a dossier counts when it is laid on a debt`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(250_000)])
      var ids: [String] = []
      for _ in 0..<2 {
        let paid = try await billing.pay(60_000, .cash, ["dossier_id": nil])
        #expect(paid.status == 201 && paid["unallocated_cents"] == 60_000, "\(paid.text)")
        ids.append(paid["id"].string ?? "")
      }
      func lay(_ id: String, _ body: JSONValue, _ key: String) async throws -> TestServer.Answer {
        try await server.post("/v1/payments/\(id)/allocations", as: billing.office, body, key: key)
      }
      func part(_ cents: Int64) -> JSONValue {
        let instalment = invoice["instalments"].array?.first?["id"] ?? .null
        return ["allocations": [["instalment_id": instalment, "amount_cents": .integer(cents)]]]
      }
      #expect(try await lay(ids[0], ["invoice_id": invoice["id"]], "a").status == 200)
      let whole = try await lay(ids[1], ["invoice_id": invoice["id"]], "b")
      #expect(whole.isProblem(422, "cash-limit") && whole["already_paid_cents"] == 60_000, "\(whole.text)")
      #expect(try await lay(ids[1], part(40_001), "c").isProblem(422, "cash-limit"))
      #expect(try await lay(ids[1], part(40_000), "d").status == 200)
      let more = try await billing.pay(1, .cash)
      #expect(more.isProblem(422, "cash-limit") && more["already_paid_cents"] == 100_000)
    }
  }

  @Test func `cash taken in the field is laid on its dossier's invoice, however much it is, and on no other`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let id = server.services.clock.newID()
      #expect(try await billing.fieldPayment(id, cents: 250_000, means: .cash))
      let own = try await billing.invoice([Billing.line(130_000)])
      let other = try await billing.invoice([Billing.line(110_000)], ofDossier: false)
      func lay(_ invoice: TestServer.Answer, _ key: String) async throws -> TestServer.Answer {
        try await server.post(
          "/v1/payments/\(id)/allocations", as: billing.office, ["invoice_id": invoice["id"]], key: key)
      }
      #expect(try await lay(own, "a")["unallocated_cents"] == 120_000)
      #expect(try await lay(other, "b").isProblem(422, "cash-limit"))
    }
  }

  @Test func `two receipts of cash on one dossier at once do not pass the limit together`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      _ = try await billing.invoice([Billing.line(12000)], ofDossier: false)
      let statuses = try await server.race(
        billing.org.id, behind: TestServer.chain(of: billing.org.id),
        [
          { @Sendable in try await billing.pay(60_000, .cash).status },
          { @Sendable in try await billing.pay(60_000, .cash).status },
        ])
      #expect(statuses.sorted() == [201, 422])
    }
  }

  @Test func `chosen instalments take no more than is due on them`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      let instalment = invoice["instalments"].array?.first?["id"] ?? .null
      func choose(_ cents: Int64) -> [String: JSONValue] {
        ["allocations": [["instalment_id": instalment, "amount_cents": .integer(cents)]]]
      }
      let over = try await billing.pay(20000, .transfer, choose(12001))
      #expect(over.status == 409 && over["code"] == "allocation-exceeds-instalment")
      #expect(try await billing.pay(20000, .transfer, choose(12000))["unallocated_cents"] == 8000)
      let late = try await billing.pay(100, .transfer, choose(100))
      #expect(late.status == 409 && late["code"] == "instalment-not-open")
    }
  }

  @Test func `two payments of one debt at once never settle the same euro twice`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<6 {
          group.addTask {
            let paid = try await billing.pay(5000, .transfer)
            #expect(paid.status == 201, "\(paid.text)")
          }
        }
        try await group.waitForAll()
      }
      #expect(try await billing.read(invoice)["paid_cents"] == 12000)
      #expect(try await billing.balances()["411000"] == 12000 - 30000)
    }
  }

  @Test func `a replayed payment is recorded once, and its id taken for another is refused`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let more: [String: JSONValue] = ["id": "019a0000-0000-7000-8000-0000000000bb"]
      let first = try await billing.pay(5000, .transfer, more)
      let again = try await billing.pay(5000, .transfer, more)
      #expect([first.status, again.status] == [201, 200] && first.json == again.json)
      let other = try await billing.pay(6000, .transfer, more)
      #expect(other.status == 409 && other["code"] == "id-taken")
      let future = try await billing.pay(5000, .transfer, ["received_on": "2999-01-01"])
      #expect(future.status == 422 && future["errors"].array?.first?["pointer"] == "/received_on")
    }
  }
}

extension Billing {
  /// Money as a device's push records it.
  func fieldPayment(_ id: UUID, cents: Int64, means: PaymentMeans = .cheque) async throws -> Bool {
    try await server.services.pool.transaction { transaction, _ in
      _ = try await transaction.query(
        """
        SELECT set_config('app.organization_id', \(org.id.uuidString), true),
          set_config('app.actor', 'device:test', true), set_config('app.channel', 'sync', true)
        """)
      let now = server.services.clock.now()
      return try await RecordPayment(
        transaction: transaction, organization: org.id, clock: server.services.clock
      )
      .record(
        id: id, dossier: dossier, payer: nil, source: .field, means: means, amountCents: cents,
        receivedOn: Zone.paris.day(of: now), receivedAt: now, reference: "0001234", bank: "CIC",
        issuerName: nil)
    }
  }
}
