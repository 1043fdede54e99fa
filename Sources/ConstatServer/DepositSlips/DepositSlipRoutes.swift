import ConstatCore
import ConstatLedger
import Foundation
import HTTPTypes
import Postgres

/// Deposit slips (DEP-01…09): opened for a means and a bank, filled with instalments, closed for good.
struct DepositSlipRoutes {
  static let write = Access.staff(.admin, .office, .accountant)
  static let read = Access.staff(.admin, .office, .accountant).orScope(.depositSlipsRead)

  func register(in routes: inout Routes) {
    routes.get("/v1/deposit-slips", Self.read) { reading in
      let page = try Page(reading.call, filters: DepositSlipListStore.filters)
      return try .list(
        await reading.query(DepositSlipListStore.page(reading.call.organization, reading.call.query, page)),
        page: page)
    }
    routes.get("/v1/deposit-slips/{id}", Self.read) { reading in
      try .resource(
        await reading.query(DepositSlipListStore.one(reading.call.organization, reading.call.id())))
    }
    routes.get("/v1/deposit-slips/{id}/document", Self.read) { try await document($0) }
    routes.post("/v1/deposit-slips", Self.write) { try await create($0) }
    routes.post("/v1/deposit-slips/{id}/instalments", Self.write) { writing in
      let id = try writing.call.id()
      let columns = try writing.call.fields(DepositSlip.itemFields, as: .creation)
      guard let instalment = columns["instalment_id"]?.string.flatMap(UUID.init(uuidString:)) else {
        throw Problem.field("/instalment_id", "required", "l'échelon est attendu")
      }
      try await writing.filling.add(instalment, to: id)
      return try await writing.reply(id)
    }
    routes.delete("/v1/deposit-slips/{id}/instalments/{instalment_id}", Self.write) { writing in
      let id = try writing.call.id()
      try await writing.filling.remove(writing.call.id("instalment_id"), from: id)
      return try await writing.reply(id)
    }
    routes.post("/v1/deposit-slips/{id}/closure", Self.write, idempotent: true) { writing in
      let id = try writing.call.id()
      try await writing.closing.close(id)
      return try await writing.reply(id)
    }
    routes.post("/v1/deposit-slips/{id}/bank-credit", Self.write, idempotent: true) { writing in
      let id = try writing.call.id()
      let columns = try writing.call.fields(FieldSet([.required("credited_on", .day)]), as: .creation)
      guard let day = columns["credited_on"]?.string.flatMap({ Day($0) }) else { throw Problem.notFound }
      try await writing.closing.credit(id, on: day)
      return try await writing.reply(id)
    }
  }

  private func create(_ writing: WriteCall) async throws -> Reply {
    let columns = try writing.call.fields(DepositSlip.fields, as: .creation)
    let id = columns["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
    let company = try await CompanyBooksStore.chosen(
      columns["company_id"]?.string.flatMap(UUID.init(uuidString:)), of: writing.organization,
      in: writing.transaction)
    let known = try await writing.transaction.query(DepositSlipListStore.one(writing.organization, id))
    if known.rowCount > 0 {
      let given = columns.filter { $0.key != "id" }
      guard try await RowStore(transaction: writing.transaction).matches("deposit_slip", id: id, given) else {
        throw Problem.idTaken
      }
      return try .resource(known)
    }
    let isNew = try await writing.store.create(
      id, company: company.id, means: columns["means"]?.string ?? "", bank: columns["bank"]?.string ?? "",
      on: company.day(of: writing.call.clock.now()))
    guard isNew else {
      // Somebody opened it meanwhile: begun anew, it is found before a number is taken.
      try await RowStore(transaction: writing.transaction).startAgain()
      throw Problem.idTaken
    }
    return try await writing.reply(id, isNew: true)
  }

  /// The slip as a table; only once it is closed (DEP-04).
  private func document(_ reading: ReadCall) async throws -> Reply {
    let result = try await reading.query(
      DepositSlipListStore.one(reading.call.organization, reading.call.id()))
    guard let row = result.first else { throw Problem.notFound }
    guard let closedOn: Day = try row.get("closed_on") else { throw DepositSlipError.stillOpen }
    let items = try JSONValue.parse(row.bytes("items") ?? []).array ?? []
    let number: String = try row.get("number")
    let table = DepositSlipCSV(
      number: number, closedOn: closedOn, bank: try row.get("bank"),
      content: DepositSlipPosting.Content(rawValue: try row.get("means")) ?? .cheque)
    let bytes = table.write(
      items.map { item in
        DepositSlipCSV.Row(
          instalment: Int(clamping: item["instalment_position"]?.integer ?? 0),
          invoice: item["invoice_number"]?.string ?? "", payer: item["payer_name"]?.string ?? "",
          issuer: item["issuer_name"]?.string ?? "", chequeNumber: item["reference"]?.string ?? "",
          status: (item["instalment_status"]?.string).flatMap(Instalment.Status.init(rawValue:))?.label ?? "",
          amount: Money(cents: item["amount_cents"]?.integer ?? 0))
      })
    return .file(bytes, named: "bordereau-\(number).csv", type: "text/csv; charset=utf-8")
  }
}

extension WriteCall {
  fileprivate var store: DepositSlipStore {
    DepositSlipStore(transaction: transaction, organization: organization, clock: call.clock)
  }
  fileprivate var filling: FillDepositSlip {
    FillDepositSlip(transaction: transaction, organization: organization, clock: call.clock)
  }
  fileprivate var closing: CloseDepositSlip {
    CloseDepositSlip(transaction: transaction, organization: organization, clock: call.clock)
  }

  /// The slip as it now stands.
  fileprivate func reply(_ id: UUID, isNew: Bool = false) async throws -> Reply {
    try .resource(
      await transaction.query(DepositSlipListStore.one(organization, id)), status: isNew ? .created : .ok,
      location: isNew ? "/v1/deposit-slips/\(id.uuidString.lowercased())" : nil)
  }
}

extension Instalment.Status {
  /// As the manual names it.
  fileprivate var label: String {
    switch self {
    case .pending: "En attente"
    case .received: "Perçu"
    case .depositInProgress: "Dépôt en cours"
    case .cashed: "Encaissé"
    }
  }
}
