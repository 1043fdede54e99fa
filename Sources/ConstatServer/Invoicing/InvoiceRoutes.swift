import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Invoices and credit notes (INV-05…27): drafts that may be changed, their issuance, and the lists.
///
/// Lines and instalments are part of the draft: a PATCH that names them replaces them all, so that totals are always
/// those of the lines that the caller saw.
struct InvoiceRoutes {
  static let write = Access.staff(.admin, .office, .accountant)
  static let read = Access.staff(.admin, .office, .accountant, .sales).orScope(.invoicesRead)

  func register(in routes: inout Routes) {
    registerReads(in: &routes)
    routes.post("/v1/invoices", Self.write) { writing in
      let columns = try writing.call.fields(Invoice.draft, as: .creation)
      let id = columns["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
      let isNew = try await writing.draft.create(id, columns.filter { $0.key != "id" })
      return try await writing.reply(id, isNew: isNew)
    }
    routes.post("/v1/credit-notes", Self.write) { writing in
      let columns = try writing.call.fields(Invoice.creditNote, as: .creation)
      let id = columns["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
      let isNew = try await DraftCreditNote(
        transaction: writing.transaction, organization: writing.organization, clock: writing.call.clock
      ).create(id, columns)
      return try await writing.reply(id, isNew: isNew)
    }
    routes.patch("/v1/invoices/{id}", Self.write) { writing in
      let id = try writing.call.id()
      try await writing.draft.change(id, expected: writing.call.ifMatch(), writing.call.json())
      return try await writing.reply(id)
    }
    routes.delete("/v1/invoices/{id}", Self.write) { writing in
      try await writing.draft.delete(writing.call.id(), expected: writing.call.ifMatch())
      return .noContent
    }
    registerActions(in: &routes)
  }

  private func registerReads(in routes: inout Routes) {
    routes.get("/v1/invoices", Self.read) { reading in
      let page = try Page(reading.call, filters: InvoiceListStore.filters)
      return try .list(
        await reading.query(InvoiceListStore.page(reading.call.organization, reading.call.query, page)),
        page: page)
    }
    routes.get("/v1/invoices/{id}", Self.read) { reading in
      try .resource(await reading.query(InvoiceListStore.one(reading.call.organization, reading.call.id())))
    }
    routes.get("/v1/instalments", Self.read) { reading in
      let page = try Page(reading.call, filters: InvoiceListStore.instalmentFilters)
      return try .list(
        await reading.query(
          InvoiceListStore.instalments(reading.call.organization, reading.call.query, page)),
        page: page)
    }
  }

  private func registerActions(in routes: inout Routes) {
    routes.post("/v1/invoices/{id}/issuance", Self.write, idempotent: true) { writing in
      let id = try writing.call.id()
      let fields = FieldSet([.defaulted("issued_on", .day)])
      let body = writing.call.body.isEmpty ? [:] : try writing.call.fields(fields, as: .creation)
      try await IssueInvoice(
        transaction: writing.transaction, organization: writing.organization, clock: writing.call.clock
      ).issue(id, on: body["issued_on"]?.string.flatMap { Day($0) })
      return try await writing.reply(id)
    }
    routes.post("/v1/invoices/{id}/archival", Self.write) { writing in
      try await archive(writing, at: writing.call.clock.now())
    }
    routes.delete("/v1/invoices/{id}/archival", Self.write) { writing in try await archive(writing, at: nil) }
  }

  /// Puts a settled invoice away, or takes it out again (INV-15).
  private func archive(_ writing: WriteCall, at instant: Instant?) async throws -> Reply {
    let id = try writing.call.id()
    let store = InvoiceStore(
      transaction: writing.transaction, organization: writing.organization, clock: writing.call.clock)
    guard try await store.lock(id).status == .issued else { throw InvoiceError.notIssued }
    let result = try await writing.transaction.query(InvoiceListStore.one(writing.organization, id))
    let total: Int64 = try result[0].get("total_incl_tax_cents")
    if try result[0].get("kind") == Invoice.Kind.invoice.rawValue {
      try InvoiceBalance(
        total: Money(cents: total), credited: Money(cents: result[0].get("credited_cents")),
        paid: Money(cents: result[0].get("paid_cents"))
      ).checkArchivable()
    }
    try await RowStore(transaction: writing.transaction).update(
      "invoice", id: id, expected: nil, ["archived_at": JSONValue(instant?.description)])
    return try await writing.reply(id)
  }
}

extension WriteCall {
  fileprivate var draft: DraftInvoice {
    DraftInvoice(transaction: transaction, organization: organization, clock: call.clock)
  }

  /// The document as it now stands.
  fileprivate func reply(_ id: UUID, isNew: Bool = false) async throws -> Reply {
    try .resource(
      await transaction.query(InvoiceListStore.one(organization, id)), status: isNew ? .created : .ok,
      location: isNew ? "/v1/invoices/\(id.uuidString.lowercased())" : nil)
  }
}
