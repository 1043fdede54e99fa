import ConstatCore
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

/// Quote, mission order and ADEME form as one bundle.
@Suite struct ContractBundleTests {
  @Test func `the contract has three pieces, each with its signatures and its files MIS-29 MIS-30 QUO-16`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let id = try await server.made(server.dossier(as: org))
      let path = "/v1/dossiers/\(id)"
      let bare = try await server.get("\(path)/contract", as: org.marc.token)
      #expect(bare["accepted"] == false, "\(bare.text)")
      #expect(bare["pieces"].array?.map { $0["piece"]?.string } == ["quote", "mission_order", "ademe_form"])
      #expect(bare["pieces"].array?.allSatisfy { $0["state"] == "unsigned" && $0["documents"] == [] } == true)

      let deposit = "\(path)/documents?file_name=devis.pdf&category=contract&contract_piece=quote"
      let pdf: HTTPFields = [.contentType: "application/pdf"]
      let file = try await server.send(
        .post, deposit, as: org.office.token, bytes: TestServer.pdf, headers: pdf)
      #expect(file.status == 201 && file["contract_piece"] == "quote", "\(file.text)")
      let odd = try await server.send(
        .post, "\(path)/documents?file_name=dpe.pdf&category=report&contract_piece=quote",
        as: org.office.token,
        bytes: TestServer.pdf, headers: pdf)
      #expect(odd.isProblem(400, "invalid-parameters"))
      try await server.patch(
        path, as: org.office.token, ["quote_signed_on": "2026-11-20", "ademe_form_signed_on": "2026-11-21"])
      let dossier = try #require(UUID(uuidString: id))
      try await server.asOwner(org.id) { transaction in
        let (order, png) = (UUID(), TestServer.png)
        _ = try await transaction.pipeline([
          """
          INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at)
          VALUES (\(org.id), \(order), \(dossier), \(org.marc.id), now())
          """,
          """
          INSERT INTO system.blob (organization_id, sha256, media_type, bytes)
          VALUES (\(org.id), sha256(\(png)), 'image/png', \(png))
          """,
          """
          INSERT INTO signature (organization_id, id, dossier_id, mission_order_id, signer, signer_name, signed_at,
            image_sha256)
          VALUES (\(org.id), \(UUID()), \(dossier), \(order), 'technician', 'Marc', now(), sha256(\(png)))
          """,
        ])
      }
      let bundle = try await server.get("\(path)/contract", as: org.office.token)
      let pieces = bundle["pieces"].array ?? []
      #expect(
        bundle["accepted"] == true
          && pieces.map { $0["state"]?.string } == ["signed", "partly_signed", "signed"])
      #expect(pieces.map { $0["signed_on"]?.string } == ["2026-11-20", nil, "2026-11-21"], "\(bundle.text)")
      #expect(pieces.first?["documents"]?.array?.first?["id"] == file["id"])
      #expect(pieces[1]["signers"] == ["technician"])
      let header = try await server.get(path, as: org.sales.token)
      #expect(
        header["signatures"] == ["quote": "signed", "mission_order": "partly_signed", "ademe_form": "signed"])
      #expect(header["payment_status"] == "not_invoiced")
    }
  }

  @Test func `the header says where the money stands as it comes in MIS-29`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let header = try await server.get(
        "/v1/dossiers/\(rows["dossier"].uuidString.lowercased())", as: org.office.token)
      // Its one issued invoice has an instalment that nobody has paid.
      #expect(header["invoice_count"] == 1, "\(header.text)")
      #expect(
        header["payment_status"] == (header["settled_instalment_count"] == 0 ? "unpaid" : "partly_paid"))
    }
  }
}
