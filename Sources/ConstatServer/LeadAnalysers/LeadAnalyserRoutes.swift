import ConstatCore
import Foundation
import Postgres

/// The registry of lead analysers (ORG-06) and who holds which on which half-day.
struct LeadAnalyserRoutes {
  func register(in routes: inout Routes) {
    Resource(
      "/v1/lead-analysers", table: "lead_analyser", fields: LeadAnalyser.fields, read: .staff,
      write: .staff(.admin),
      filters: ["active"], one: LeadAnalyserStore.one, list: LeadAnalyserStore.page
    ).register(in: &routes)
    routes.get("/v1/lead-analyser-bookings", .staff) { reading in
      let query = reading.call.query
      try query.only("from", "to", "lead_analyser_id")
      let range = try PlanningRange(query)
      return .items(
        try await reading.query(
          LeadAnalyserStore.bookings(
            reading.call.organization, from: range.from, to: range.to,
            analyser: query.uuid("lead_analyser_id"))))
    }
  }
}
