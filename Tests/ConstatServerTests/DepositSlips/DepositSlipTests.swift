import ConstatCore
import Foundation
import Postgres
import Support
import Testing

@Suite struct DepositSlipTests {
  @Test func `a slip opened twice at once is one slip`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z"), poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      let open: @Sendable (JSONValue) async throws -> TestServer.Answer = { id in
        try await server.post(
          "/v1/deposit-slips", as: billing.office, ["id": id, "means": "cheque", "bank": "CIC"])
      }
      #expect(try await open("019a0000-0000-7000-8000-0000000000a1")["number"] == "B2026-00001")
      let again: @Sendable () async throws -> Int = {
        try await open("019a0000-0000-7000-8000-0000000000a2").status
      }
      let numbers: SQL = """
        SELECT last FROM system.counter WHERE organization_id = \(billing.org.id) AND series LIKE 'deposit_slip/%' FOR UPDATE
        """
      #expect(try await server.race(billing.org.id, behind: numbers, [again, again]).sorted() == [200, 201])
      #expect(try await open("019a0000-0000-7000-8000-0000000000a3")["number"] == "B2026-00003")
    }
  }

  @Test func `a slip is filled, closed, then final and printed DEP-02 DEP-04 DEP-06 DEP-09`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      let first = try await billing.invoice([Billing.line(12000)])
      let second = try await billing.invoice([Billing.line(6000)])
      _ = try await billing.pay(18000, .cheque, ["reference": "0001234", "issuer_name": "Me Duhalde"])
      let slip = try await billing.slip()
      #expect(slip.status == 201 && slip["number"] == "B2026-00001" && slip["total_cents"] == 0)
      let path = "/v1/deposit-slips/\(slip["id"].string ?? "")"
      let empty = try await server.post(path + "/closure", as: billing.office, [:], key: "c0")
      #expect(empty.status == 409 && empty["code"] == "deposit-slip-empty")
      #expect(
        try await server.get(path + "/document", as: billing.office)["code"] == "deposit-slip-still-open")
      let filled = try await billing.put(first, on: slip)
      #expect(filled["total_cents"] == 18000 && filled["items"].array?.count == 1, "\(filled.text)")
      #expect(try await billing.status(first) == "deposit_in_progress")
      let closed = try await server.post(path + "/closure", as: billing.office, [:], key: "c1")
      #expect(
        closed.status == 200 && closed["status"] == "closed" && closed["total_cents"] == 18000,
        "\(closed.text)")
      #expect(try await billing.status(first) == "cashed")
      #expect(try await billing.status(second) == "cashed", "the same cheque paid both")
      #expect(try await billing.balances()["512000"] == 18000)
      #expect(try await billing.balances()["511200"] == nil)
      let document = try await server.get(path + "/document", as: billing.office)
      #expect(
        document.text.contains("B2026-00001;21/11/2026;BNP;Chèques;1;F2026-00001;Etcheverry Maite;Me Duhalde")
      )
      let more = try await billing.put(second, on: slip)
      #expect(more.status == 409 && more["code"] == "deposit-slip-closed")
      let taken = try await server.delete(
        path + "/instalments/\(Billing.instalment(first).string ?? "")", as: billing.office)
      #expect(taken.status == 409 && taken["code"] == "deposit-slip-closed")
      let twice = try await server.post(path + "/closure", as: billing.office, [:], key: "c2")
      #expect(twice.status == 409 && twice["code"] == "deposit-slip-closed")
    }
  }

  @Test func `an instalment comes off an open slip and may go on another DEP-08`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      let slip = try await billing.slip()
      let early = try await billing.put(invoice, on: slip)
      #expect(early.status == 409 && early["code"] == "instalment-not-received")
      _ = try await billing.pay(12000)
      let cash = try await billing.put(invoice, on: billing.slip(.cash))
      #expect(cash.status == 409 && cash["code"] == "instalment-of-other-means")
      #expect(try await billing.put(invoice, on: slip).status == 200)
      let other = try await billing.slip()
      let held = try await billing.put(invoice, on: other)
      #expect(held.status == 409 && held["code"] == "instalment-already-on-slip")
      #expect(held["deposit_slip_id"] == slip["id"])
      let path =
        "/v1/deposit-slips/\(slip["id"].string ?? "")/instalments/\(Billing.instalment(invoice).string ?? "")"
      #expect(try await server.delete(path, as: billing.office)["total_cents"] == 0)
      #expect(try await billing.status(invoice) == "received")
      let gone = try await server.delete(path, as: billing.office)
      #expect(gone.status == 409 && gone["code"] == "instalment-not-on-slip")
      #expect(try await billing.put(invoice, on: other).status == 200)
      let listed = try await server.get("/v1/deposit-slips?status=open&means=cheque", as: billing.office)
      #expect(listed["items"].array?.compactMap { $0["instalment_count"]?.integer } == [1, 0])
    }
  }

  @Test func `a cheque laid on another invoice while its slip closes is cashed there too`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      let first = try await billing.invoice([Billing.line(12000)])
      let paid = try await billing.pay(18000)
      let second = try await billing.invoice([Billing.line(6000)])
      let slip = try await billing.slip()
      #expect(try await billing.put(first, on: slip).status == 200)
      let statuses = try await server.race(
        billing.org.id, behind: TestServer.chain(of: billing.org.id),
        [
          { @Sendable in
            try await server.post(
              "/v1/payments/\(paid["id"].string ?? "")/allocations", as: billing.office,
              ["invoice_id": second["id"]], key: "laid"
            ).status
          },
          { @Sendable in
            try await server.post(
              "/v1/deposit-slips/\(slip["id"].string ?? "")/closure", as: billing.office, [:], key: "closed"
            ).status
          },
        ])
      #expect(statuses == [200, 200])
      #expect(try await billing.status(first) == "cashed")
      #expect(try await billing.status(second) == "cashed", "the same cheque paid both")
    }
  }

  @Test func `nothing joins a closed slip, and an allocation is only ever reversed, by hand-typed SQL too`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      _ = try await billing.pay(12000)
      _ = try await billing.closedSlip(of: [invoice])
      _ = try await billing.pay(500)
      let attempts: [SQL] = [
        """
        INSERT INTO deposit_slip_item (organization_id, id, deposit_slip_id, payment_id, instalment_id, position,
          amount_cents)
        SELECT s.organization_id, gen_random_uuid(), s.id, p.id, t.id, 2, 500 FROM deposit_slip s, payment p, instalment t
        WHERE p.amount_cents = 500
        """,
        "UPDATE payment_allocation SET amount_cents = 1", "DELETE FROM payment_allocation",
        "UPDATE payment_allocation SET reversed_at = now(), allocated_on = '2026-01-01'",
      ]
      for attempt in attempts {
        let error = await #expect(throws: PostgresError.self, "\(attempt.text)") {
          try await server.asOwner(billing.org.id) { try await $0.execute(attempt) }
        }
        #expect(error?.sqlState == "CN003", "\(attempt.text): \(error?.message ?? "")")
      }
    }
  }

  @Test func `of two open slips that take one cheque at once, one wins`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let billing = try await Billing.found(on: server)
      let first = try await billing.invoice([Billing.line(12000)])
      let second = try await billing.invoice([Billing.line(6000)])
      _ = try await billing.pay(18000)
      let slips = [try await billing.slip(), try await billing.slip()]
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for (slip, invoice) in zip(slips, [first, second]) {
          group.addTask { try await billing.put(invoice, on: slip).status }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [200, 409])
    }
  }

  @Test func `a cheque that pays a part goes to the bank, and the rest on another slip`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let invoice = try await billing.invoice([Billing.line(12000)])
      _ = try await billing.pay(5000)
      #expect(try await billing.closedSlip(of: [invoice])["total_cents"] == 5000)
      #expect(try await billing.status(invoice) == "pending")
      _ = try await billing.pay(7000)
      #expect(try await billing.closedSlip(of: [invoice])["total_cents"] == 7000)
      #expect(try await billing.status(invoice) == "cashed")
      #expect(try await billing.balances()["512000"] == 12000)
    }
  }

  @Test func `a company that books cheques at the bank's credit moves nothing at closure`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      try await server.asOwner(billing.org.id) { transaction in
        _ = try await transaction.execute("UPDATE company SET cheque_bank_entry_at = 'bank_credit'")
      }
      let invoice = try await billing.invoice([Billing.line(12000)])
      _ = try await billing.pay(12000)
      let slip = try await billing.closedSlip(of: [invoice])
      #expect(try await billing.balances()["511200"] == 12000)
      let path = "/v1/deposit-slips/\(slip["id"].string ?? "")/bank-credit"
      #expect(
        try await server.post(path, as: billing.office, ["credited_on": "2026-11-20"], key: "b0").status
          == 422)
      #expect(
        try await server.post(path, as: billing.office, ["credited_on": "2026-11-24"], key: "b1").status
          == 200)
      #expect(try await billing.balances()["512000"] == 12000)
      let again = try await server.post(path, as: billing.office, ["credited_on": "2026-11-25"], key: "b2")
      #expect(again.status == 409 && again["code"] == "bank-credit-already-posted")
    }
  }

  @Test func `a cheque that bounces before the bank credits its slip is not credited`() async throws {
    try await TestServer.run(clock: .fixed("2026-11-21T10:00:00Z")) { server in
      let billing = try await Billing.found(on: server)
      try await server.asOwner(billing.org.id) { transaction in
        _ = try await transaction.execute("UPDATE company SET cheque_bank_entry_at = 'bank_credit'")
      }
      let first = try await billing.invoice([Billing.line(12000)])
      let bounced = try await billing.pay(12000)
      let second = try await billing.invoice([Billing.line(6000)])
      _ = try await billing.pay(6000)
      let slip = try await billing.closedSlip(of: [first, second])
      let undone = try await server.post(
        "/v1/payments/\(bounced["id"].string ?? "")/reversal", as: billing.office,
        ["reason": "Sans provision", "reversed_on": "2026-11-22"], key: "r1")
      #expect(undone.status == 200, "\(undone.text)")
      let credited = try await server.post(
        "/v1/deposit-slips/\(slip["id"].string ?? "")/bank-credit", as: billing.office,
        ["credited_on": "2026-11-24"], key: "b1")
      #expect(credited.status == 200 && credited["total_cents"] == 18000, "\(credited.text)")
      let balances = try await billing.balances()
      #expect(balances["512000"] == 6000 && balances["511200"] == nil && balances["411000"] == 12000)
    }
  }
}

extension Billing {
  func slip(_ means: PaymentMeans = .cheque) async throws -> TestServer.Answer {
    try await server.post("/v1/deposit-slips", as: office, ["means": .string(means.rawValue), "bank": "BNP"])
  }

  /// The id of an invoice's first instalment.
  static func instalment(_ invoice: TestServer.Answer) -> JSONValue {
    invoice["instalments"].array?.first?["id"] ?? .null
  }

  func put(_ invoice: TestServer.Answer, on slip: TestServer.Answer) async throws -> TestServer.Answer {
    try await server.post(
      "/v1/deposit-slips/\(slip["id"].string ?? "")/instalments", as: office,
      ["instalment_id": Self.instalment(invoice)])
  }

  /// A new slip with the invoices' first instalments, closed.
  func closedSlip(of invoices: [TestServer.Answer]) async throws -> TestServer.Answer {
    let slip = try await slip()
    for invoice in invoices {
      let filled = try await put(invoice, on: slip)
      #expect(filled.status == 200, "\(filled.text)")
    }
    let closed = try await server.post(
      "/v1/deposit-slips/\(slip["id"].string ?? "")/closure", as: office, [:], key: UUID().uuidString)
    #expect(closed.status == 200, "\(closed.text)")
    return closed
  }

  /// The status of an invoice's first instalment.
  func status(_ invoice: TestServer.Answer) async throws -> String? {
    try await read(invoice)["instalments"].array?.first?["status"]?.string
  }
}
