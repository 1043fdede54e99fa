import ConstatCore
import Support
import Testing

@Suite struct BuildingTests {
  @Test func `a building has modules and counts its dossiers PAT-01 PAT-03 PAT-07`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let building = try await server.made(
        server.post(
          "/v1/buildings", as: org.office.token,
          ["name": "Résidence des Pins", "city": "Bayonne", "postcode": "64100", "built_year": 1936]))
      let module = try await server.made(
        server.post(
          "/v1/buildings/\(building)/modules", as: org.office.token, ["label": "Apt 12", "room_count": 3]))
      let modules = try await server.get("/v1/buildings/\(building)/modules", as: org.marc.token)
      #expect(modules["items"].array?.map { $0["label"] } == ["Apt 12"])
      let changed = try await server.patch(
        "/v1/modules/\(module)", as: org.office.token, ["floor": "2"], ifMatch: "\"v1\"")
      #expect(changed["floor"] == "2" && changed.etag == "\"v2\"")
      try await server.dossier(as: org, ["module_id": .string(module)])
      let listed = try await server.get("/v1/buildings?q=PINS", as: org.office.token)
      #expect(listed["items"].array?.first?["dossier_count"] == 1, "\(listed.text)")
    }
  }

  @Test func `a building is deleted with its modules unless dossiers hang on it PAT-03`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      func building() async throws -> (String, String) {
        let building = try await server.made(
          server.post("/v1/buildings", as: org.office.token, ["name": "Villa"]))
        return (
          building,
          try await server.made(
            server.post("/v1/buildings/\(building)/modules", as: org.office.token, ["label": "Unique"]))
        )
      }
      let (free, module) = try await building()
      #expect(
        try await server.delete("/v1/buildings/\(free)", as: org.office.token, ifMatch: "\"v9\"").status
          == 412)
      #expect(try await server.get("/v1/modules/\(module)", as: org.office.token).status == 200)
      #expect(
        try await server.delete("/v1/buildings/\(free)", as: org.office.token, ifMatch: "\"v1\"").status
          == 204)
      #expect(try await server.get("/v1/modules/\(module)", as: org.office.token).status == 404)
      let (used, usedModule) = try await building()
      try await server.dossier(as: org, ["module_id": .string(usedModule)])
      let refused = try await server.delete("/v1/buildings/\(used)", as: org.office.token)
      #expect(refused.status == 409 && refused["code"] == "building-in-use")
      #expect(
        try await server.delete("/v1/modules/\(usedModule)", as: org.office.token)["code"] == "module-in-use")
    }
  }

  @Test func `modules of a building of another organization are not there`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let other = try await server.organization("autre-cabinet")
      let building = try await server.made(
        server.post("/v1/buildings", as: org.office.token, ["name": "Villa"]))
      #expect(try await server.get("/v1/buildings/\(building)/modules", as: other.office.token).status == 404)
      let made = try await server.post(
        "/v1/buildings/\(building)/modules", as: other.office.token, ["label": "X"])
      #expect(made.status == 404)
    }
  }
}
