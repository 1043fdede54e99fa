import ConstatCore
import Support
import Testing

@Suite struct DiagnosticTests {
  @Test func `a new organization has the catalogue and may add to it DIA-02`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let first = try await server.get("/v1/diagnostic-types?limit=10", as: org.office.token)
      #expect(first["items"].array?.first?["code"] == "dpe")
      let rest = try await server.get(
        "/v1/diagnostic-types?limit=10&cursor=\(first["next_cursor"].string ?? "")", as: org.office.token)
      let codes = ((first["items"].array ?? []) + (rest["items"].array ?? [])).compactMap {
        $0["code"]?.string
      }
      #expect(codes == DiagnosticCatalogueEntry.defaults.map(\.code.rawValue))
      #expect(rest["next_cursor"].isNull)
      let own = try await server.post(
        "/v1/diagnostic-types", as: org.admin.token,
        ["code": "pool_safety", "label": "Sécurité piscine", "position": 90])
      #expect(own.status == 201, "\(own.text)")
      #expect(
        try await server.post("/v1/diagnostic-types", as: org.office.token, ["code": "x_y", "label": "Z"])
          .status == 403)
      let again = try await server.post(
        "/v1/diagnostic-types", as: org.admin.token, ["code": "dpe", "label": "Double"])
      #expect(again.status == 409)
    }
  }

  @Test
  func
    `the facts of a flat of 1930 for sale ask for its diagnostics, the unknown ones are asked about DOS-38`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let answer = try await server.post(
        "/v1/diagnostic-suggestions", as: org.office.token,
        [
          "nature": "sale_rental_management", "transaction_type": "sale", "property_type": "apartment",
          "built_year": 1930, "heated": true, "termite_zone": true, "gas_installation_over_15_years": false,
          "co_ownership": true, "deed_on": "2027-01-15",
        ])
      let items = answer["items"].array ?? []
      let certain = items.filter { $0["certain"] == true }.compactMap { $0["code"]?.string }
      #expect(
        certain.contains("dpe") && certain.contains("lead") && certain.contains("termites"), "\(answer.text)")
      #expect(certain.contains("asbestos") && certain.contains("carrez") && !certain.contains("gas"))
      let electricity = items.first { $0["code"] == "electricity" }
      #expect(electricity?["certain"] == false)
      #expect(electricity?["missing_facts"] == ["electrical_installation_over_15_years"])
      #expect(answer["evaluated_on"] == "2027-01-15")
      let bare = try await server.post(
        "/v1/diagnostic-suggestions", as: org.office.token, ["nature": "nothing"])
      #expect(bare.status == 422)
    }
  }

  @Test func `validity comes of visit and conclusion, lead without one has none DIA-01 DIA-03 DIA-04 DIA-07`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(
        server.dossier(as: org, ["transaction_type": "sale", "diagnostics": ["termites"]]))
      let lead = try await server.post(
        "/v1/dossiers/\(dossier)/diagnostics", as: org.office.token,
        ["diagnostic_code": "lead", "visited_on": "2026-08-31"])
      #expect(
        lead.status == 201 && lead["valid_until"].isNull && lead["validity_missing"] == "outcome",
        "\(lead.text)")
      #expect(lead["disclaimer"].isNull)
      let path = "/v1/dossier-diagnostics/\(lead["id"].string ?? "")"
      let found = try await server.patch(
        path, as: org.office.token, ["outcome": "presence", "pre_conclusion": "Plomb dans les fenêtres"],
        ifMatch: lead.etag)
      #expect(found["valid_until"] == "2027-08-31" && found["validity"] == "until")
      #expect(found["disclaimer"] == .string(DossierDiagnostic.disclaimer))
      let absent = try await server.patch(path, as: org.office.token, ["outcome": "absence"])
      #expect(absent["valid_until"].isNull && absent["validity"] == "unlimited")

      let listed = try await server.get("/v1/dossiers/\(dossier)/diagnostics", as: org.office.token)
      let termites = try #require(listed["items"].array?.first { $0["diagnostic_code"] == "termites" })
      let visited = try await server.patch(
        "/v1/dossier-diagnostics/\(termites["id"]?.string ?? "")", as: org.office.token,
        ["visited_on": "2026-08-31"])
      #expect(visited["valid_until"] == "2027-02-28")
      #expect(try await server.delete(path, as: org.office.token).status == 204)
      #expect(try await server.get(path, as: org.office.token).status == 404)
    }
  }

  @Test func `a change of the transaction counts the validities anew DIA-03`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(server.dossier(as: org, ["transaction_type": "sale"]))
      let gas = try await server.post(
        "/v1/dossiers/\(dossier)/diagnostics", as: org.office.token,
        ["diagnostic_code": "gas", "visited_on": "2026-03-01", "outcome": "compliant"])
      #expect(gas["valid_until"] == "2029-03-01")
      try await server.patch("/v1/dossiers/\(dossier)", as: org.office.token, ["transaction_type": "rental"])
      let after = try await server.get(
        "/v1/dossier-diagnostics/\(gas["id"].string ?? "")", as: org.office.token)
      #expect(after["valid_until"] == "2032-03-01", "\(after.text)")
    }
  }

  @Test func `a diagnostic outside the catalogue is refused`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let dossier = try await server.made(server.dossier(as: org))
      let unknown = try await server.post(
        "/v1/dossiers/\(dossier)/diagnostics", as: org.office.token, ["diagnostic_code": "astrology"])
      #expect(unknown.status == 422 && unknown["code"] == "unknown-reference")
      let opened = try await server.dossier(as: org, ["diagnostics": ["astrology"]])
      #expect(opened.status == 422 && opened["errors"].array?.first?["pointer"] == "/diagnostics")
    }
  }
}
