import ConstatCore
import Foundation
import Postgres

/// Who changed what, when, from what to what (HIS-01, HIS-02), and the same for one dossier (HIS-03).
struct HistoryRoutes {
  func register(in routes: inout Routes) {
    routes.get("/v1/history", .staff(.admin)) { reading in
      let page = try Page(reading.call, filters: HistoryStore.filters)
      return try .list(
        await reading.query(HistoryStore.page(reading.call.organization, reading.call.query, page)),
        page: page)
    }
    routes.get("/v1/dossiers/{id}/history", .staff) { reading in
      try reading.call.query.only("limit", "cursor")
      let (organization, id) = try (reading.call.organization, reading.call.id())
      let page = try Page(reading.call)
      let withFieldReturn = try await reading.principal().profiles.readsFieldReturn
      let results = try await reading.query([
        HistoryStore.dossier(organization, id),
        HistoryStore.page(organization, dossier: id, withFieldReturn: withFieldReturn, page),
      ])
      guard results[0].rowCount == 1 else { throw Problem.notFound }
      return try .list(results[1], page: page)
    }
  }
}
