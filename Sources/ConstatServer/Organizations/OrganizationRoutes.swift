import ConstatCore
import ConstatLedger
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
      one: OrganizationStore.company, list: OrganizationStore.companies, prepare: Self.check
    ).register(in: &routes)
  }

  /// What a company is set up with has to serve when it invoices: refused here, it would stop the first issue there.
  @Sendable private static func check(
    _ writing: WriteCall, _ id: UUID, _ use: Resource.Use, _ values: inout [String: JSONValue]
  ) async throws {
    let prefixes = values.filter { ["invoice_prefix", "credit_note_prefix"].contains($0.key) }
    for (name, prefix) in prefixes.sorted(by: { $0.key < $1.key }) {
      do { try InvoiceNumber.checkPrefix(prefix.string ?? "") } catch {
        throw Problem.field(
          "/\(name)", "malformed", "lettres et chiffres sans accent, puis aussi + - _ /, sont acceptés")
      }
    }
    if let accounts = values["chart_of_accounts"]?.object {
      do { _ = try ChartOfAccounts(overrides: accounts.compactMapValues(\.string)) } catch {
        throw Problem.field("/chart_of_accounts", "malformed", error.words)
      }
    }
    if use == .change, !prefixes.isEmpty { try await keep(prefixes, writing, id) }
  }

  /// Number prefixes hold from the first issue on: a series that changes its name looks like a gap (INV-04).
  private static func keep(_ prefixes: [String: JSONValue], _ writing: WriteCall, _ id: UUID) async throws {
    let results = try await writing.transaction.pipeline([
      OrganizationStore.lock(writing.organization, id), OrganizationStore.prefixes(writing.organization, id),
    ])
    guard let company = results[1].first, try company.get("has_issued") else { return }
    for (name, prefix) in prefixes where try prefix != .string(company.get(name)) {
      throw Problem.conflict(
        "prefix-in-use", "Préfixe déjà utilisé", detail: "Des factures ont été émises avec ce préfixe.")
    }
  }
}

extension AccountError {
  /// What is wrong with an account of a company's own, in words.
  fileprivate var words: String {
    switch self {
    case .invalidNumber(let number): "« \(number) » n'est pas un numéro de compte"
    case .blankLabel(let number): "le compte \(number) n'a pas de libellé"
    case .unknownUse(let use): "« \(use) » n'est pas un emploi de compte"
    }
  }
}
