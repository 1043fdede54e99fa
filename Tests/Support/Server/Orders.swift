public import ConstatCore
import Foundation

/// Short ways to what most stories about orders begin with. Each fails loudly through the contract's own
/// answer.
extension TestServer {
  /// Creates a contact and returns its id.
  public func contact(
    _ lastName: String, as org: TestOrganization, _ more: [String: JSONValue] = [:]
  ) async throws -> String {
    try await made(
      post(
        "/v1/contacts", as: org.office.token, .object(more.merging(["last_name": .string(lastName)]) { $1 })))
  }

  /// Opens a dossier and returns its answer; the nature is sale, rental or management unless told.
  @discardableResult
  public func dossier(
    as org: TestOrganization, _ more: [String: JSONValue] = [:], by token: String? = nil
  ) async throws -> Answer {
    try await post(
      "/v1/dossiers", as: token ?? org.office.token,
      .object(["nature": "sale_rental_management"].merging(more) { $1 }), key: UUID().uuidString)
  }

  /// A price list at 20 %: unit prices of 120 € (dpe), 100 € (lead), 80 € (asbestos), 90 € (gas) and a pack
  /// of the first three at 250 €.
  public func priceList(as org: TestOrganization) async throws -> String {
    let list = try await made(post("/v1/price-lists", as: org.admin.token, ["name": "Tarif 2026"]))
    for (code, cents, minutes) in [
      ("dpe", 120_00, 60), ("lead", 100_00, 45), ("asbestos", 80_00, 30), ("gas", 90_00, 20),
    ] {
      _ = try await made(
        post(
          "/v1/price-lists/\(list)/lines", as: org.admin.token,
          [
            "kind": "unit", "label": .string(code), "diagnostic_codes": [.string(code)],
            "amount_incl_tax_cents": .integer(Int64(cents)), "duration_minutes": .integer(Int64(minutes)),
          ]))
    }
    _ = try await made(
      post(
        "/v1/price-lists/\(list)/lines", as: org.admin.token,
        [
          "kind": "pack", "label": "Pack avant 1949", "diagnostic_codes": ["dpe", "lead", "asbestos"],
          "amount_incl_tax_cents": 250_00, "duration_minutes": 120,
        ]))
    return list
  }

  /// The id of what was created.
  public func made(_ answer: Answer) throws -> String {
    guard answer.status == 201, let id = answer["id"].string else {
      throw Unmade(status: answer.status, text: answer.text)
    }
    return id
  }

  public struct Unmade: Error {
    public let status: Int
    public let text: String
  }
}
