import ConstatCore
import Foundation
import Postgres

/// What clients see: their dossiers, reports and invoices (POR-03, POR-04, POR-09). What they may not see is
/// not there (404); a blocked report is there, but is not served (DOC-12).
struct PortalRoutes {
  func register(in routes: inout Routes) {
    routes.get("/v1/portal/dossiers", .client) { reading in
      try reading.call.query.only("limit", "cursor")
      let page = try Page(reading.call)
      return try .list(await reading.query(Self.store(reading).dossiers(page)), page: page)
    }
    routes.get("/v1/portal/dossiers/{id}", .client) { reading in
      try .resource(await reading.query(Self.store(reading).dossier(reading.call.id())))
    }
    routes.get("/v1/portal/dossiers/{id}/documents", .client) { reading in
      let store = try await Self.store(reading)
      let id = try reading.call.id()
      let results = try await reading.query([store.dossier(id), store.documents(of: id)])
      guard results[0].rowCount == 1 else { throw Problem.notFound }
      return .items(results[1])
    }
    routes.download("/v1/portal/documents/{id}/content", .client) { writing in
      let store = PortalStore(
        organization: writing.organization, contact: try Self.contact(writing.principal))
      let found = try await writing.transaction.first(
        DocumentStore.File.self, store.file(writing.call.id()))
      guard let found else { throw Problem.notFound }
      return try await SendDocument(writing: writing, file: found).perform()
    }
    routes.get("/v1/portal/invoices", .client) { reading in
      try reading.call.query.only("limit", "cursor")
      let page = try Page(reading.call)
      return try .list(await reading.query(Self.store(reading).invoices(page)), page: page)
    }
    routes.get("/v1/portal/invoices/{id}", .client) { reading in
      try .resource(await reading.query(Self.store(reading).invoice(reading.call.id())))
    }
  }

  private static func store(_ reading: ReadCall) async throws -> PortalStore {
    let principal = try await reading.principal()
    return PortalStore(organization: principal.organization, contact: try contact(principal))
  }

  private static func contact(_ principal: Principal) throws -> UUID {
    guard let contact = principal.contactID else { throw Problem.forbidden }
    return contact
  }
}
