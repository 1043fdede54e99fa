import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// The books as they are, and the proof that no issued document was touched.
struct AccountingRoutes {
  static let read = Access.staff(.admin, .accountant)

  func register(in routes: inout Routes) {
    routes.get("/v1/accounting/entries", Self.read.orScope(.accountingRead)) { reading in
      let page = try Page(reading.call, filters: EntryListStore.filters)
      return try .list(
        await reading.query(EntryListStore.page(reading.call.organization, reading.call.query, page)),
        page: page)
    }
    routes.get("/v1/accounting/chain-verification", Self.read) { reading in
      try reading.call.query.only()
      let organization = try await reading.principal().organization
      let (links, broken) = try await VerifyChain(querying: reading.call.services.pool).verified(organization)
      let link: JSONValue =
        broken.map { broken in
          [
            "ordinal": .integer(broken.ordinal), "kind": JSONValue(broken.kind?.rawValue),
            "number": JSONValue(broken.number), "fault": .string(broken.fault.code),
          ]
        } ?? .null
      return .json(["intact": .bool(broken == nil), "verified_links": .integer(links), "first_broken": link])
    }
  }
}
