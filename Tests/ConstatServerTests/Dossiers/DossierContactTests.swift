import ConstatCore
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

/// Roles and rights in a dossier.
@Suite struct DossierContactTests {
  @Test
  func `roles put contacts in the table, the payer sees reports and invoice DOS-57 DOS-58 DOS-64 DOC-10`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let owner = try await server.contact("Etcheverry", as: org)
      let agency = try await server.contact("Port", as: org, ["kind": "agency"])
      let opened = try await server.dossier(
        as: org, ["owner_id": .string(owner), "payer_id": .string(owner), "prescriber_id": .string(agency)])
      let path = "/v1/dossiers/\(opened["id"].string ?? "")"
      func rights() async throws -> [String: [JSONValue]] {
        let items = try await server.get("\(path)/contacts", as: org.office.token)["items"].array ?? []
        return Dictionary(
          uniqueKeysWithValues: items.map {
            (
              $0["contact_id"]?.string ?? "",
              [$0["roles"] ?? nil, $0["report_access"] ?? nil, $0["invoice_access"] ?? nil]
            )
          })
      }
      #expect(
        try await rights() == [
          owner: [["owner", "payer"], true, true], agency: [["prescriber"], false, false],
        ])

      // The notary pays instead; the owner keeps his reports, not the invoice.
      let notary = try await server.contact("Darrigrand", as: org, ["kind": "notary"])
      try await server.patch(path, as: org.office.token, ["payer_id": .string(notary), "prescriber_id": nil])
      #expect(try await rights() == [owner: [["owner"], true, false], notary: [["payer"], true, true]])
    }
  }

  @Test func `of two who put the same contact at once none is sent away`() async throws {
    try await TestServer.run(poolSize: 6) { server in
      let org = try await server.organization()
      let friend = try await server.contact("Ami", as: org)
      let dossier = try await server.made(server.dossier(as: org, [:]))
      let put: @Sendable () async throws -> Int = {
        try await server.send(
          .put, "/v1/dossiers/\(dossier)/contacts/\(friend)", as: org.office.token,
          bytes: JSONValue.object(["report_access": true]).serialized()
        ).status
      }
      let lock: SQL = """
        SELECT id FROM dossier WHERE organization_id = \(org.id) AND id = \(UUID(uuidString: dossier)) FOR UPDATE
        """
      #expect(try await server.race(org.id, behind: lock, [put, put]) == [200, 200])
    }
  }

  @Test func `rights are given to anyone, and who has a role stays DOC-07`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let owner = try await server.contact("Etcheverry", as: org)
      let friend = try await server.contact("Ami", as: org)
      let opened = try await server.dossier(as: org, ["owner_id": .string(owner)])
      let path = "/v1/dossiers/\(opened["id"].string ?? "")/contacts"
      func put(_ contact: String, _ body: JSONValue) async throws -> TestServer.Answer {
        try await server.send(.put, "\(path)/\(contact)", as: org.office.token, bytes: body.serialized())
      }
      let added = try await put(friend, ["report_access": true, "additional_recipient": true])
      #expect(added.status == 200 && added["roles"] == [] && added["report_access"] == true, "\(added.text)")
      #expect(try await put(owner, ["report_access": true])["invoice_access"] == false)
      #expect(try await put(org.marc.id.uuidString, ["report_access": true]).status == 404)
      let refused = try await server.delete("\(path)/\(owner)", as: org.office.token)
      #expect(refused.status == 409 && refused["roles"] == ["owner"])
      #expect(
        try await server.delete("\(path)/\(friend)", as: org.office.token, ifMatch: added.etag).status == 204)
      #expect(try await server.get(path, as: org.office.token)["items"].array?.count == 1)
    }
  }
}
