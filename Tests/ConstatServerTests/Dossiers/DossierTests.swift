import ConstatCore
import Foundation
import Postgres
import Support
import Testing

/// From the phone call to an order that stands.
@Suite struct DossierTests {
  @Test
  func
    `an order gets its number, its owner's name, its place and its price DOS-02 DOS-03 DOS-33 DOS-41 DOS-67`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let owner = try await server.contact("Etcheverry", as: org, ["first_name": "Maïté"])
      let agency = try await server.contact(
        "Port", as: org, ["kind": "agency", "company_name": "Agence du Port", "discount_rate": "10"])
      let building = try await server.made(
        server.post(
          "/v1/buildings", as: org.office.token,
          [
            "name": "Résidence des Pins", "street": "3 rue des Pins", "city": "Bayonne", "postcode": "64100",
            "built_year": 1936,
          ]))
      let module = try await server.made(
        server.post(
          "/v1/buildings/\(building)/modules", as: org.office.token,
          ["label": "Apt 12", "property_type": "apartment", "floor_area_hundredths": 6450]))
      let list = try await server.priceList(as: org)
      let opened = try await server.dossier(
        as: org,
        [
          "owner_id": .string(owner), "prescriber_id": .string(agency), "payer_id": .string(owner),
          "module_id": .string(module), "transaction_type": "sale", "price_list_id": .string(list),
          "price_mode": "pack", "diagnostics": ["dpe", "lead", "asbestos"],
          "outbuildings": [["kind": "cellar", "lot_number": "34"]],
        ])
      #expect(opened.status == 201, "\(opened.text)")
      #expect(
        opened["number"] == 1 && opened["status"] == "to_quote"
          && opened["internal_reference"] == "Etcheverry Maïté")
      #expect(
        opened["street"] == "3 rue des Pins" && opened["city"] == "Bayonne" && opened["built_year"] == 1936)
      #expect(opened["building_id"] == .string(building) && opened["property_type"] == "apartment")
      #expect(opened["gross_incl_tax_cents"] == 250_00 && opened["discount_rate"] == "10")
      #expect(opened["discount_cents"] == 25_00 && opened["price_incl_tax_cents"] == 225_00)
      #expect(opened["vat_rate"] == "20" && opened["estimated_minutes"] == 120)
      #expect(opened["owner_name"] == "Etcheverry Maïté" && opened["prescriber_name"] == "Agence du Port")
      #expect(opened["created_by"] == .string("user:\(org.office.id.uuidString.lowercased())"))
      let id = opened["id"].string ?? ""
      #expect(try await server.get("/v1/dossiers/\(id)", as: org.marc.token).json == opened.json)
      let diagnostics = try await server.get("/v1/dossiers/\(id)/diagnostics", as: org.office.token)
      #expect(
        diagnostics["items"].array?.compactMap { $0["diagnostic_code"]?.string } == [
          "dpe", "lead", "asbestos",
        ])
      let outbuildings = try await server.get("/v1/dossiers/\(id)/outbuildings", as: org.office.token)
      #expect(outbuildings["items"].array?.first?["lot_number"] == "34")
      #expect(try await server.dossier(as: org)["number"] == 2)
    }
  }

  @Test func `a quick order is visited, an agreed one to schedule AMB-11 AMB-15 DOS-53`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      #expect(try await server.dossier(as: org, ["creation_mode": "quick"])["status"] == "visited")
      #expect(try await server.dossier(as: org, ["status": "to_schedule"])["status"] == "to_schedule")
      let person = try await server.contact(
        "Lafitte", as: org, ["street": "8 quai Chaho", "city": "Bayonne", "postcode": "64100"])
      let own = try await server.dossier(
        as: org,
        ["requester_id": .string(person), "owner_id": .string(person), "occupant_id": .string(person)])
      #expect(own["street"] == "8 quai Chaho", "DOS-44: \(own.text)")
      let typed = try await server.dossier(
        as: org,
        [
          "requester_id": .string(person), "owner_id": .string(person), "occupant_id": .string(person),
          "city": "Anglet", "internal_reference": "L-77",
        ])
      #expect(typed["city"] == "Anglet" && typed["street"].isNull && typed["internal_reference"] == "L-77")
    }
  }

  @Test func `the same order sent again opens one dossier`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let body: [String: JSONValue] = [
        "id": "019a0000-0000-7000-8000-0000000000d1", "city": "Bayonne", "diagnostics": ["dpe"],
      ]
      let first = try await server.dossier(as: org, body)
      let again = try await server.dossier(as: org, body)
      #expect([first.status, again.status] == [201, 200] && first["number"] == again["number"])
      let other = try await server.dossier(as: org, body.merging(["city": "Biarritz"]) { $1 })
      #expect(other.status == 409 && other["code"] == "id-taken")
      let keyless = try await server.post("/v1/dossiers", as: org.office.token, ["nature": "other"])
      #expect(keyless.status == 400 && keyless["code"] == "idempotency-key-required")
      #expect(try await server.dossier(as: org)["number"] == 2)
    }
  }

  @Test func `an order sent twice at once opens one dossier and takes one number DOS-02`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let org = try await server.organization()
      let first = try await server.dossier(as: org)
      let order: @Sendable () async throws -> Int = {
        try await server.dossier(as: org, ["id": "019a0000-0000-7000-8000-0000000000aa"]).status
      }
      let numbers: SQL = """
        SELECT last FROM system.counter WHERE organization_id = \(org.id) AND series = 'dossier' FOR UPDATE
        """
      #expect(try await server.race(org.id, behind: numbers, [order, order]).sorted() == [200, 201])
      let next = try await server.dossier(as: org)
      #expect(next["number"].integer == first["number"].integer.map { $0 + 2 })
    }
  }

  @Test func `the price follows what the office changes of it DOS-34 DOS-39 DOS-40`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let list = try await server.priceList(as: org)
      let opened = try await server.dossier(
        as: org,
        [
          "price_list_id": .string(list), "price_mode": "unit", "diagnostics": ["dpe", "lead", "asbestos"],
          "discount_rate": "50", "discount_comment": "Geste",
        ])
      #expect(opened["price_incl_tax_cents"] == 150_00 && opened["discount_kind"] == "rate", "\(opened.text)")
      let path = "/v1/dossiers/\(opened["id"].string ?? "")"
      func change(_ body: JSONValue) async throws -> TestServer.Answer {
        try await server.patch(path, as: org.office.token, body)
      }
      let pack = try await change(["price_mode": "pack"])
      #expect(
        pack["gross_incl_tax_cents"] == 250_00 && pack["price_incl_tax_cents"] == 125_00, "\(pack.text)")
      let amount = try await change([
        "discount_kind": "amount", "discount_cents": 10_00, "discount_rate": nil,
      ])
      #expect(amount["price_incl_tax_cents"] == 240_00 && amount["discount_rate"].isNull)
      let none = try await change(["discount_kind": nil])
      #expect(none["price_incl_tax_cents"] == 250_00 && none["discount_cents"].isNull)
      let typed = try await change(["gross_incl_tax_cents": 199_00])
      #expect(typed["price_incl_tax_cents"] == 199_00 && typed["price_mode"] == "manual")
      let final = try await change(["price_incl_tax_cents": 180_00])
      #expect(final["price_incl_tax_cents"] == 180_00 && final["gross_incl_tax_cents"] == 180_00)
      let contradiction = try await change(["gross_incl_tax_cents": 200_00, "price_incl_tax_cents": 1_00])
      #expect(contradiction.status == 422 && contradiction["errors"].array?.first?["code"] == "inconsistent")
      let emptied = try await change(["price_mode": nil])
      #expect(emptied["price_incl_tax_cents"].isNull && emptied["price_list_id"] == .string(list))
    }
  }

  @Test func `a dossier is attached to a building afterwards, another one's module refused PAT-08 PAT-09`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      func building(_ city: String) async throws -> (String, String) {
        let id = try await server.made(
          server.post(
            "/v1/buildings", as: org.office.token,
            ["name": "B", "city": .string(city), "street": "1 rue Neuve"]))
        return (
          id,
          try await server.made(
            server.post("/v1/buildings/\(id)/modules", as: org.office.token, ["label": "M"]))
        )
      }
      let (first, module) = try await building("Dax")
      let (second, _) = try await building("Pau")
      let opened = try await server.dossier(as: org, ["city": "Ailleurs"])
      let path = "/v1/dossiers/\(opened["id"].string ?? "")"
      let attached = try await server.patch(
        path, as: org.office.token, ["module_id": .string(module)], ifMatch: opened.etag)
      #expect(attached["building_id"] == .string(first) && attached["city"] == "Dax", "\(attached.text)")
      let wrong = try await server.patch(
        path, as: org.office.token, ["building_id": .string(second), "module_id": .string(module)])
      #expect(wrong.status == 422)
      let moved = try await server.patch(path, as: org.office.token, ["building_id": .string(second)])
      #expect(moved["city"] == "Pau" && moved["module_id"].isNull)
      let byBuilding = try await server.get("/v1/dossiers?building_id=\(second)", as: org.office.token)
      #expect(byBuilding["items"].array?.count == 1)
    }
  }

  @Test func `fields that no dossier has, another organization's contacts and stale versions change nothing`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let other = try await server.organization("autre-cabinet")
      let stranger = try await server.contact("Étranger", as: other)
      let unknown = try await server.dossier(as: org, ["colour": "red"])
      #expect(unknown.status == 422 && unknown["errors"].array?.first?["code"] == "unknown-field")
      #expect(try await server.dossier(as: org, ["owner_id": .string(stranger)]).status == 422)
      let opened = try await server.dossier(as: org)
      let path = "/v1/dossiers/\(opened["id"].string ?? "")"
      #expect(try await server.get(path, as: other.office.token).status == 404)
      #expect(try await server.patch(path, as: other.office.token, ["city": "X"]).status == 404)
      #expect(try await server.patch(path, as: org.office.token, ["status": "finalised"]).status == 422)
      try await server.patch(path, as: org.office.token, ["city": "Bayonne"], ifMatch: opened.etag)
      let stale = try await server.patch(path, as: org.office.token, ["city": "Dax"], ifMatch: opened.etag)
      #expect(stale.status == 412 && stale["current_version"] == 2)
      #expect(try await server.get(path, as: org.office.token)["city"] == "Bayonne")
      #expect(try await server.dossier(as: org, by: org.marc.token).status == 403)
    }
  }
}
