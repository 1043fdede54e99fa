import ConstatCore
import ConstatSync
import Foundation
import HTTPTypes
import Postgres

/// Dossiers: the list with its counters, and each from the order to the archive (DOS-01…).
struct DossierRoutes {
  /// Who takes and changes orders.
  static let write = Access.staff(.admin, .office, .accountant, .sales)

  func register(in routes: inout Routes) {
    registerReads(in: &routes)
    routes.post("/v1/dossiers", Self.write, idempotent: true) { writing in
      let (id, isNew) = try await OpenDossier(writing: writing).run()
      return try await Self.reply(
        writing, id, status: isNew ? .created : .ok, location: "/v1/dossiers/\(id.uuidString.lowercased())")
    }
    routes.patch("/v1/dossiers/{id}", Self.write) { writing in
      let id = try writing.call.id()
      try await ChangeDossier(writing: writing, id: id).run()
      return try await Self.reply(writing, id)
    }
    move("/v1/dossiers/{id}/status", .post, in: &routes) { try await $0.toStatus() }
    move("/v1/dossiers/{id}/archival", .post, in: &routes) { try await $0.archive(true) }
    move("/v1/dossiers/{id}/archival", .delete, in: &routes) { try await $0.archive(false) }
    move("/v1/dossiers/{id}/trash", .post, in: &routes) { try await $0.trash(true) }
    move("/v1/dossiers/{id}/trash", .delete, in: &routes) { try await $0.trash(false) }
    ChildResource(
      of: ("/v1/dossiers", "dossier"), collection: "outbuildings", path: "/v1/outbuildings",
      table: "outbuilding",
      link: "dossier_id", fields: Outbuilding.fields, read: .staff, write: Self.write, deletable: true,
      one: OutbuildingStore.one, list: OutbuildingStore.all,
      prepare: { writing, id, use, values in
        if use == .change { try await ProposeChange(writing).divide(&values, of: .outbuilding, id) }
      },
      proposesDeletion: { try await ProposeChange($0).proposesDeletion(of: .outbuilding, $1) }
    ).register(in: &routes)
  }

  private func registerReads(in routes: inout Routes) {
    routes.get("/v1/dossiers", .staff) { reading in
      let page = try await Page(reading, filters: DossierListStore.filters, searching: .dossier)
      return try .list(
        await reading.query(DossierListStore.page(reading.call.organization, reading.call.query, page)),
        page: page, key: DossierListStore.key)
    }
    routes.get("/v1/dossiers/{id}", .staff) { reading in
      let result = try await reading.query(DossierStore.one(reading.call.organization, reading.call.id()))
      return try .resource(
        result, adding: DossierRecap(for: await reading.principal().profiles).members)
    }
    routes.get("/v1/dossier-counters", .staff) { reading in
      try reading.call.query.only()
      return .items(try await reading.query(DossierListStore.counters(reading.call.organization)))
    }
  }

  /// A move answers the dossier as it is then.
  private func move(
    _ path: String, _ method: HTTPRequest.Method, in routes: inout Routes,
    _ action: @escaping @Sendable (MoveDossier) async throws -> Void
  ) {
    let handler: @Sendable (WriteCall) async throws -> Reply = { writing in
      let id = try writing.call.id()
      try await action(MoveDossier(writing: writing, id: id))
      return try await Self.reply(writing, id)
    }
    if method == .delete {
      routes.delete(path, Self.write, handler)
    } else {
      routes.post(path, Self.write, handler)
    }
  }

  private static func reply(
    _ writing: WriteCall, _ id: UUID, status: HTTPResponse.Status = .ok, location: String? = nil
  ) async throws -> Reply {
    try .resource(
      await writing.transaction.query(DossierStore.one(writing.organization, id)), status: status,
      location: location, adding: DossierRecap(for: writing.principal.profiles).members)
  }
}
