import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Payments (INV-24, PAY): received, laid on instalments, undone. Nothing about a payment is ever changed or deleted.
struct PaymentRoutes {
  static let write = Access.staff(.admin, .office, .accountant)
  static let read = Access.staff(.admin, .office, .accountant, .sales).orScope(.paymentsRead)
  /// What `…/allocations` takes: an invoice, or the parts.
  static let allocation = FieldSet([
    .defaulted("invoice_id", .uuid),
    .defaulted("allocations", .list(of: .object(Payment.allocation), max: 50)),
  ])

  func register(in routes: inout Routes) {
    routes.get("/v1/payments", Self.read) { reading in
      let page = try Page(reading.call, filters: PaymentListStore.filters)
      return try .list(
        await reading.query(PaymentListStore.page(reading.call.organization, reading.call.query, page)),
        page: page)
    }
    routes.get("/v1/payments/{id}", Self.read) { reading in
      try .resource(await reading.query(PaymentListStore.one(reading.call.organization, reading.call.id())))
    }
    routes.post("/v1/payments", Self.write, idempotent: true) { try await record($0) }
    routes.post("/v1/payments/{id}/allocations", Self.write, idempotent: true) { writing in
      let id = try writing.call.id()
      let columns = try writing.call.fields(Self.allocation, as: .creation)
      let invoice = columns["invoice_id"]?.string.flatMap(UUID.init(uuidString:))
      let choices = Self.choices(columns["allocations"])
      try await AllocatePayment(
        transaction: writing.transaction, organization: writing.organization, clock: writing.call.clock
      ).allocate(id, to: invoice, choices: choices)
      return try .resource(await writing.transaction.query(PaymentListStore.one(writing.organization, id)))
    }
    routes.post("/v1/payments/{id}/reversal", Self.write, idempotent: true) { try await reverse($0) }
  }

  private func record(_ writing: WriteCall) async throws -> Reply {
    let columns = try writing.call.fields(Payment.fields, as: .creation)
    func uuid(_ name: String) -> UUID? { columns[name]?.string.flatMap(UUID.init(uuidString:)) }
    let id = uuid("id") ?? writing.call.clock.newID()
    let receivedAt = columns["received_at"]?.string.flatMap { Instant($0) } ?? writing.call.clock.now()
    guard let means = columns["means"]?.string.flatMap(PaymentMeans.init(rawValue:)),
      let amount = columns["amount_cents"]?.integer,
      let receivedOn = columns["received_on"]?.string.flatMap({ Day($0) })
    else { throw Problem.field("", "required", "règlement incomplet") }
    let company = try await company(uuid("company_id"), choices: columns["allocations"], writing)
    let isNew = try await RecordPayment(
      transaction: writing.transaction, organization: writing.organization, clock: writing.call.clock
    ).record(
      id: id, company: company, dossier: uuid("dossier_id"), payer: uuid("payer_id"), source: .office,
      means: means,
      amountCents: amount, receivedOn: receivedOn, receivedAt: receivedAt,
      reference: columns["reference"]?.string, bank: columns["bank"]?.string,
      issuerName: columns["issuer_name"]?.string, comment: columns["comment"]?.string,
      choices: Self.choices(columns["allocations"]))
    if !isNew {
      let given = columns.filter { $0.key != "id" && $0.key != "allocations" }
      guard try await RowStore(transaction: writing.transaction).matches("payment", id: id, given) else {
        throw Problem.idTaken
      }
    }
    return try .resource(
      await writing.transaction.query(PaymentListStore.one(writing.organization, id)),
      status: isNew ? .created : .ok,
      location: isNew ? "/v1/payments/\(id.uuidString.lowercased())" : nil)
  }

  /// The company named, that of the instalments chosen, or nil for the dossier's.
  private func company(_ named: UUID?, choices: JSONValue?, _ writing: WriteCall) async throws -> UUID? {
    let instalments = Self.choices(choices)?.map(\.instalment) ?? []
    if named != nil || instalments.isEmpty { return named }
    return try await writing.transaction.value(
      PaymentStore.company(writing.organization, ofInstalments: instalments))
  }

  private func reverse(_ writing: WriteCall) async throws -> Reply {
    let id = try writing.call.id()
    let columns = try writing.call.fields(Payment.reversal, as: .creation)
    guard let reason = columns["reason"]?.string,
      let day = columns["reversed_on"]?.string.flatMap({ Day($0) })
    else { throw Problem.field("", "required", "annulation incomplète") }
    try await ReversePayment(
      transaction: writing.transaction, organization: writing.organization, clock: writing.call.clock
    ).reverse(
      id, as: columns["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID(),
      reason: reason,
      on: day, bankFee: Money(cents: columns["bank_fee_cents"]?.integer ?? 0))
    return try .resource(await writing.transaction.query(PaymentListStore.one(writing.organization, id)))
  }

  private static func choices(_ value: JSONValue?) -> [RecordPayment.Choice]? {
    value?.array?.compactMap { choice in
      guard let id = choice["instalment_id"]?.string.flatMap(UUID.init(uuidString:)),
        let cents = choice["amount_cents"]?.integer
      else { return nil }
      return RecordPayment.Choice(instalment: id, amount: Money(cents: cents))
    }
  }
}
