import ConstatCore
import Foundation
import Postgres

/// The organization itself, and the legal entities that it invoices through. A company is never deleted: its books
/// outlive it.
struct OrganizationRoutes {
  func register(in routes: inout Routes) {
    routes.get("/v1/organization", .staff) { reading in
      try .resource(await reading.query(OrganizationStore.organization(reading.call.organization)))
    }
    routes.patch("/v1/organization", .staff(.admin)) { writing in
      let expected = try writing.call.ifMatch()
      let values = try writing.call.fields(Organization.fields, as: .patch)
      try await RowStore(transaction: writing.transaction)
        .update("organization", id: writing.organization, expected: expected, values)
      return try .resource(
        await writing.transaction.query(OrganizationStore.organization(writing.organization)))
    }
    Resource(
      "/v1/companies", table: "company", fields: Company.fields, read: .staff, write: .staff(.admin),
      one: OrganizationStore.company, list: OrganizationStore.companies, prepare: Self.keepPrefixes
    ).register(in: &routes)
  }

  /// Number prefixes hold from the first issue on: a series that changes its name looks like a gap (INV-04).
  @Sendable private static func keepPrefixes(
    _ writing: WriteCall, _ id: UUID, _ use: Resource.Use, _ values: inout [String: JSONValue]
  ) async throws {
    let names = ["invoice_prefix", "credit_note_prefix"].filter { values[$0] != nil }
    guard use == .change, !names.isEmpty else { return }
    let result = try await writing.transaction.query(OrganizationStore.prefixes(writing.organization, id))
    guard result.rowCount == 1, try result[0].get("has_issued") else { return }
    for name in names where try values[name] != .string(result[0].get(name)) {
      throw Problem.conflict(
        "prefix-in-use", "Préfixe déjà utilisé", detail: "Des factures ont été émises avec ce préfixe.")
    }
  }
}
