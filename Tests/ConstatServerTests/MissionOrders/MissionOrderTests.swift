import ConstatCore
import Foundation
import Postgres
import Support
import Testing

/// What the office reads of a mission before, during and after it.
@Suite struct MissionOrderTests {
  @Test func `the mission order shows its ten steps before anyone has started it MIS-07`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let owner = try await server.contact("Etcheverry", as: org, ["phone": "05 59 00 00 00"])
      let dossier = try await server.made(
        server.dossier(
          as: org,
          [
            "owner_id": .string(owner), "payer_id": .string(owner), "street": "3 rue des Pins", "floor": "2",
            "price_incl_tax_cents": 250_00, "diagnostics": ["dpe", "lead"],
            "outbuildings": [["kind": "garage"]],
          ]))
      let order = try await server.get("/v1/dossiers/\(dossier)/mission-order", as: org.marc.token)
      #expect(
        order.status == 200 && order["state"] == "not_started" && order["next_step"] == 1, "\(order.text)")
      let steps = order["steps"]
      #expect(steps["address"]?["street"] == "3 rue des Pins" && steps["complement"]?["floor"] == "2")
      #expect(steps["owner"]?["phone"] == "05 59 00 00 00")
      #expect(steps["payer"]?["candidates"]?.array?.count == 1 && steps["outbuildings"]?.array?.count == 1)
      #expect(steps["diagnostics"]?.array?.compactMap { $0["diagnostic_code"]?.string } == ["dpe", "lead"])
      #expect(steps["price"]?["price_incl_tax_cents"] == 250_00)
      let none = try await server.get("/v1/dossiers/\(dossier)/field-return", as: org.accountant.token)
      #expect(none.status == 404, "MIS-26")
    }
  }

  @Test
  func
    `the field return tells who, where, when and what, to administrators and accountants only MIS-24 MIS-25 MIS-27 MIS-28`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let opened = try await server.dossier(as: org, ["street": "3 rue des Pins"])
      let dossier = try #require(UUID(uuidString: opened["id"].string ?? ""))
      let (order, signature, drawing) = (UUID(), UUID(), [0x89, 0x50] as [UInt8])
      // As a device's push would leave it.
      try await server.owner.transaction { transaction, _ in
        _ = try await transaction.pipeline([
          """
          SELECT set_config('app.organization_id', \(org.id.uuidString), true), set_config('app.actor', 'device:d1', true),
            set_config('app.channel', 'sync', true)
          """,
          """
          INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, started_latitude,
            started_longitude, confirmed_step, payer_present, finalised_at, ended_at)
          VALUES (\(org.id), \(order), \(dossier), \(org.marc.id), '2027-01-12T08:01Z', 43.49, -1.47, 8, false,
            '2027-01-12T09:30Z', '2027-01-12T09:31Z')
          """,
          """
          INSERT INTO system.blob (organization_id, sha256, media_type, bytes)
          VALUES (\(org.id), \([UInt8](repeating: 9, count: 32)), 'image/png', \(drawing))
          """,
          """
          INSERT INTO signature (organization_id, id, dossier_id, mission_order_id, signer, signer_name, signed_at,
            image_sha256)
          VALUES (\(org.id), \(signature), \(dossier), \(order), 'technician', 'Marc', '2027-01-12T09:30Z',
            \([UInt8](repeating: 9, count: 32)))
          """,
          "UPDATE dossier SET street = '3 bis rue des Pins' WHERE organization_id = \(org.id) AND id = \(dossier)",
        ])
      }
      let path = "/v1/dossiers/\(opened["id"].string ?? "")"
      let back = try await server.get("\(path)/field-return", as: org.accountant.token)
      #expect(back.status == 200, "\(back.text)")
      #expect(
        back["order"]["started_latitude"] == 43.49 && back["order"]["started_at"] == "2027-01-12T08:01:00Z")
      #expect(
        back["order"]["technician_id"] == .string(org.marc.wire) && back["signatures"].array?.count == 1)
      let change = back["changes"].array?.first { $0["table_name"] == "dossier" }
      #expect(change?["changes"] == ["street": ["3 rue des Pins", "3 bis rue des Pins"]], "\(back.text)")
      let image = "/v1/signatures/\(signature.uuidString.lowercased())/image"
      #expect(try await server.get(image, as: org.admin.token).body == drawing)
      for person in [org.office, org.marc, org.sales] {
        #expect(try await server.get("\(path)/field-return", as: person.token).status == 403)
        #expect(try await server.get(image, as: person.token).status == 403)
      }
      let order2 = try await server.get("\(path)/mission-order", as: org.office.token)
      #expect(order2["state"] == "finalised" && order2["next_step"].isNull)
      #expect(order2["order"]["confirmed_step"] == 8 && order2["signatures"] == [], "IDN-11")
      #expect(
        ["started_at", "started_latitude", "finalised_at", "ended_at"].allSatisfy {
          order2["order"][$0]?.isNull == true
        },
        "IDN-11: \(order2.text)")
      let whole = try await server.get("\(path)/mission-order", as: org.accountant.token)
      #expect(whole["order"]["started_latitude"] == 43.49 && whole["signatures"].array?.count == 1)
      let header = try await server.get(path, as: org.accountant.token)
      #expect(
        header["technician_signed_at"] == "2027-01-12T09:30:00Z" && header["ordering_party_signed_at"].isNull,
        "MIS-29")
      #expect(header["mission_order_finalised_at"] == "2027-01-12T09:30:00Z")
      for person in [org.office, org.sales, org.marc] {
        let shown = try await server.get(path, as: person.token)
        #expect(shown["signatures"] == header["signatures"], "MIS-29")
        #expect(shown["technician_signed_at"].isNull && shown["mission_order_finalised_at"].isNull, "IDN-11")
      }
      let changed = try await server.patch(path, as: org.office.token, ["urgent": true])
      #expect(changed["urgent"] == true && changed["technician_signed_at"].isNull, "IDN-11")
    }
  }
}
