import ConstatCore
import Foundation
import Support
import Testing

@Suite struct PricingTests {
  @Test
  func
    `pack, units and typed amount stand side by side, the prescriber's discount taken off DOS-39 DOS-40 DOS-41`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let list = try await server.priceList(as: org)
      let agency = try await server.contact(
        "Agence du Port", as: org,
        ["kind": "agency", "discount_rate": "20", "discount_comment": "Partenaire"])
      let answer = try await server.post(
        "/v1/price-calculations", as: org.office.token,
        [
          "price_list_id": .string(list), "diagnostic_codes": ["dpe", "lead", "asbestos", "gas"],
          "prescriber_id": .string(agency), "gross_incl_tax_cents": 300_00,
        ])
      #expect(answer.status == 200, "\(answer.text)")
      let pack = answer["pack"]
      #expect(pack["gross_incl_tax_cents"] == 340_00 && pack["discount_cents"] == 68_00)
      #expect(pack["price_incl_tax_cents"] == 272_00 && pack["price_excl_tax_cents"] == 226_67)
      #expect(pack["vat_cents"] == 45_33 && pack["estimated_minutes"] == 140)
      #expect(pack["discount_comment"] == "Partenaire" && pack["lines"]?.array?.count == 2)
      #expect(answer["unit"]["gross_incl_tax_cents"] == 390_00)
      #expect(answer["manual"]["price_incl_tax_cents"] == 240_00)
      let none = try await server.post(
        "/v1/price-calculations", as: org.office.token,
        [
          "price_list_id": .string(list), "diagnostic_codes": ["dpe"], "prescriber_id": .string(agency),
          "discount_kind": nil,
        ])
      #expect(none["unit"]["price_incl_tax_cents"] == 120_00 && none["pack"].isNull)
    }
  }

  @Test func `what has no price is named, and a discount beyond the price is refused`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let list = try await server.priceList(as: org)
      let gap = try await server.post(
        "/v1/price-calculations", as: org.office.token,
        ["price_list_id": .string(list), "diagnostic_codes": ["dpe", "termites"]])
      #expect(gap["unit"].isNull && gap["without_unit_price"] == ["termites"])
      let beyond = try await server.post(
        "/v1/price-calculations", as: org.office.token,
        ["price_list_id": .string(list), "diagnostic_codes": ["dpe"], "discount_cents": 500_00])
      #expect(beyond.status == 422 && beyond["code"] == "discount-exceeds-price")
      let empty = try await server.post(
        "/v1/price-calculations", as: org.office.token,
        ["price_list_id": .string(list), "diagnostic_codes": []])
      #expect(empty.status == 422 && empty["code"] == "no-diagnostics")
      let unknown = try await server.post(
        "/v1/price-calculations", as: org.office.token,
        ["price_list_id": .string(org.marc.id.uuidString.lowercased()), "diagnostic_codes": ["dpe"]])
      #expect(unknown.status == 422 && unknown["errors"].array?.first?["pointer"] == "/price_list_id")
    }
  }

  @Test func `a unit price is for one diagnostic of the catalogue ORG-07`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let list = try await server.made(
        server.post("/v1/price-lists", as: org.admin.token, ["name": "T", "vat_rate": "5.5"]))
      func line(_ more: [String: JSONValue]) async throws -> TestServer.Answer {
        try await server.post(
          "/v1/price-lists/\(list)/lines", as: org.admin.token,
          .object(["kind": "unit", "label": "L", "amount_incl_tax_cents": 100].merging(more) { $1 }))
      }
      #expect(try await line(["diagnostic_codes": ["dpe", "gas"]]).status == 422)
      #expect(try await line(["diagnostic_codes": ["astrology"]]).status == 422)
      let pack = try await line(["kind": "pack", "diagnostic_codes": ["dpe", "gas"]])
      #expect(pack.status == 201)
      let path = "/v1/price-list-lines/\(pack["id"].string ?? "")"
      #expect(try await server.patch(path, as: org.admin.token, ["kind": "unit"]).status == 422)
      #expect(try await server.patch(path, as: org.admin.token, ["diagnostic_codes": ["gas"]]).status == 200)
      #expect(try await server.get("/v1/price-lists/\(list)", as: org.office.token)["vat_rate"] == "5.5")
      #expect(try await server.post("/v1/price-lists", as: org.office.token, ["name": "X"]).status == 403)
    }
  }
}
