import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// Money taken offline for a debt that the office saw paid meanwhile: kept, never doubled in silence.
@Suite struct DoublePaymentTests {
  @Test
  func
    `both payments stay, the surplus is the payer's credit, and a conflict asks whether it is the same money`()
    async throws
  {
    try await TestServer.run { server in
      let scene = try await Scene(server)
      let office = try await scene.billing.pay(12000, .transfer)
      let answer = try await scene.device.push([scene.cheque(12000)])
      let result = answer["results"].array?.first
      #expect(result?["status"] == "conflicted", "\(answer.text)")
      let again = try await server.get("/v1/payments?unallocated=true", as: scene.billing.office)
      #expect(again["items"].array?.compactMap { $0["id"]?.string } == [scene.id.uuidString.lowercased()])
      try await scene.expectBooks(["512000": 12000, "511200": 12000, "411000": -12000])
      let conflict = try await server.get(
        "/v1/sync/conflicts/\(result?["conflicts"]?.array?.first?.string ?? "")", as: scene.billing.office)
      #expect(conflict["field"] == "_surplus" && conflict["policy"] == "both_kept", "\(conflict.text)")
      #expect(
        conflict["mine"]["surplus_cents"] == nil && conflict["mine"]["value"]?["surplus_cents"] == 12000)
      #expect(conflict["theirs"]["value"]?.array?.first?["id"] == office["id"])
      #expect(conflict["theirs"]["actor"]?.string == "user:\(scene.billing.org.office.wire)")
      try await scene.device.pull()
      #expect(scene.device.rows.contains { $0.key.type == .syncConflict && $0.value["state"] == "open" })
      #expect(scene.device.rows.filter { $0.key.type == .payment }.count == 2)
      // Sent again, it is answered as then and counts once.
      let replay = try await scene.device.push([scene.sent])
      #expect(replay["results"].array?.first?["conflicts"] == result?["conflicts"])
      let kept = try await scene.resolve(conflict, "keep")
      #expect(kept["state"] == "resolved", "\(kept.text)")
      try await scene.expectBooks(["512000": 12000, "511200": 12000, "411000": -12000])
    }
  }

  @Test func `the office's entry was right: the device's is undone`() async throws {
    try await TestServer.run { server in
      let scene = try await Scene(server)
      _ = try await scene.billing.pay(12000, .transfer)
      let conflict = try await scene.pushed(12000)
      _ = try await scene.resolve(conflict, "theirs")
      try await scene.expectBooks(["512000": 12000])
      let payment = try await server.get("/v1/payments/\(scene.id)", as: scene.billing.office)
      #expect(payment["reversal"]["reason"]?.string == "Double saisie d'un même règlement", "\(payment.text)")
      #expect(try await scene.billing.read(scene.invoice)["settled"] == true)
    }
  }

  @Test func `the device's entry was right: the office's is undone and the cheque settles the invoice`()
    async throws
  {
    try await TestServer.run { server in
      let scene = try await Scene(server)
      let office = try await scene.billing.pay(5000, .transfer)
      let conflict = try await scene.pushed(12000)
      #expect(conflict["mine"]["value"]?["surplus_cents"] == 5000)
      try await scene.expectBooks(["512000": 5000, "511200": 12000, "411000": -5000])
      let wrong = try await scene.resolve(conflict, "delete")
      #expect(wrong.status == 422, "\(wrong.text)")
      _ = try await scene.resolve(conflict, "mine")
      try await scene.expectBooks(["511200": 12000])
      #expect(try await scene.billing.read(scene.invoice)["settled"] == true)
      let undone = try await server.get("/v1/payments/\(office["id"].string ?? "")", as: scene.billing.office)
      #expect(undone["reversed_on"].string != nil)
      let twice = try await scene.resolve(conflict, "theirs")
      #expect(twice.status == 409 && twice["code"] == "conflict-resolved")
    }
  }

  @Test func `a payment that two conflicts undo is undone once, and the chain of documents stays whole`()
    async throws
  {
    try await TestServer.run { server in
      let scene = try await Scene(server)
      _ = try await scene.billing.pay(12000, .transfer)
      let conflicts = [try await scene.pushed(12000), try await scene.pushed(12000)]
      for conflict in conflicts {
        let resolved = try await scene.resolve(conflict, "mine")
        #expect(resolved["state"] == "resolved", "\(resolved.text)")
      }
      let chain = VerifyChain(querying: server.owner)
      #expect(try await chain.verify(scene.billing.org.id) == nil)
      _ = try await scene.billing.pay(100, .transfer)
      #expect(try await chain.verify(scene.billing.org.id) == nil)
    }
  }

  @Test func `what the device had seen, or what is still owed, is no conflict`() async throws {
    try await TestServer.run { server in
      let scene = try await Scene(server)
      _ = try await scene.billing.pay(5000, .transfer)
      let part = try await scene.device.push([scene.cheque(7000)])
      #expect(part["results"].array?.first?["status"] == "applied", "\(part.text)")
      try await scene.device.pull()
      let tip = try await scene.device.push([scene.cheque(1000)])
      #expect(tip["results"].array?.first?["status"] == "applied", "\(tip.text)")
      try await scene.expectBooks(["512000": 5000, "511200": 8000, "411000": -1000])
    }
  }

  @Test func `before the invoice, more than the dossier's price is a conflict too`() async throws {
    try await TestServer.run { server in
      let scene = try await Scene(server, invoiced: false)
      _ = try await scene.billing.pay(39680, .card)
      let conflict = try await scene.pushed(39680)
      #expect(conflict["mine"]["value"]?["surplus_cents"] == 39680, "\(conflict.text)")
      let invoice = try await scene.billing.invoice()
      _ = try await scene.resolve(conflict, "mine")
      #expect(try await scene.billing.read(invoice)["settled"] == true)
      #expect(try await scene.billing.balances()["411000"] == nil)
    }
  }
}

/// A mission whose invoice of 120 euros the device has seen unpaid.
private final class Scene: @unchecked Sendable {
  let billing: Billing
  let invoice: TestServer.Answer
  let device: RawDevice
  private(set) var id = UUID()
  private(set) var sent: Mutation

  init(_ server: TestServer, invoiced: Bool = true) async throws {
    billing = try await Billing.found(on: server)
    let (org, dossier) = (billing.org, billing.dossier)
    let appointment = server.services.clock.newID()
    try await server.asOwner(org.id) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO appointment (organization_id, id, dossier_id, technician_id, starts_at, ends_at, time_zone)
        VALUES (\(org.id), \(appointment), \(dossier), \(org.marc.id), '2026-12-01T08:00Z', '2026-12-01T10:00Z',
          'Europe/Paris')
        """)
    }
    invoice = invoiced ? try await billing.invoice([Billing.line(12000)]) : try await billing.draft()
    if !invoiced {
      try await server.delete("/v1/invoices/\(invoice["id"].string ?? "")", as: billing.office)
    }
    let work = FieldWork(
      server: server, org: org, dossier: dossier, owner: billing.payer, appointment: appointment)
    device = try await work.enrol(org.marc)
    try await device.pull()
    sent = device.mutation(.payment, UUID().uuidString, in: dossier, .create)
    device.seq = 0
  }

  func cheque(_ cents: Int64) -> Mutation {
    id = billing.server.services.clock.newID()
    let now = billing.server.services.clock.now()
    sent = device.mutation(
      .payment, id.uuidString, in: billing.dossier, .create,
      set: [
        "dossier_id": .string(billing.dossier.uuidString.lowercased()), "means": "cheque",
        "amount_cents": .integer(cents), "received_on": .string(Zone.paris.day(of: now).description),
        "received_at": .string(now.description), "reference": "0001234",
      ])
    return sent
  }

  /// Pushes a cheque, and returns the conflict that it raises.
  func pushed(_ cents: Int64) async throws -> TestServer.Answer {
    let answer = try await device.push([cheque(cents)])
    let conflict = answer["results"].array?.first?["conflicts"]?.array?.first?.string
    return try await billing.server.get(
      "/v1/sync/conflicts/\(try #require(conflict, "\(answer.text)"))", as: billing.office)
  }

  func resolve(_ conflict: TestServer.Answer, _ choice: String) async throws -> TestServer.Answer {
    try await billing.server.post(
      "/v1/sync/conflicts/\(conflict["id"].string ?? "")/resolve", as: billing.office,
      ["choice": .string(choice)])
  }

  /// Treasury and clients' accounts, every entry in balance.
  func expectBooks(_ expected: [String: Int64], at location: SourceLocation = #_sourceLocation) async throws {
    let balances = try await billing.balances().filter { !$0.key.hasPrefix("7") && !$0.key.hasPrefix("44") }
    #expect(balances == expected, sourceLocation: location)
    let crooked = try await billing.value(
      Int.self,
      """
      SELECT count(*) FROM (SELECT entry_id FROM journal_line GROUP BY entry_id
        HAVING sum(debit_cents) <> sum(credit_cents)) AS e
      """)
    #expect(crooked == 0, sourceLocation: location)
  }
}
