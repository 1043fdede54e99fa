import ConstatCore
@testable import ConstatServer
import Crypto
import Foundation
import Postgres
import Support
import Testing

/// Bytes go when nothing refers to them any more, and not before.
@Suite struct SweepBlobsTests {
  @Test func `a deleted document's bytes go after seven days; those that something refers to stay`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let (gone, kept) = (TestServer.pdf + Array("gone".utf8), TestServer.pdf + Array("kept".utf8))
      let first = try await server.deposit(rows["dossier"], as: org.office.token, bytes: gone)
      _ = try await server.deposit(rows["dossier"], as: org.office.token, name: "b.pdf", bytes: kept)
      let parked = TusClient.photo(3000)
      #expect(try await TusClient(server: server, token: org.marc.token).upload(parked).status == 204)
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute(
          """
          UPDATE parked_edit SET mutation = \(JSONB(bytes: JSONValue.object(
            ["set": ["sha256": .string(TusClient.sha256(parked))]]).serialized()))
          WHERE organization_id = \(org.id)
          """)
      }
      let path = "/v1/documents/\(first["id"].string ?? "")"
      #expect(try await server.delete(path, as: org.admin.token).status == 204)
      #expect(await server.carryOut(SweepBlobsJob.self) == 1)
      #expect(try await Self.isStored(gone, server, org), "somebody may deposit it again any moment")
      try await Self.age(server, org)
      #expect(await server.carryOut(SweepBlobsJob.self) == 1)
      #expect(try await Self.isStored(gone, server, org) == false)
      #expect(try await Self.isStored(kept, server, org))
      #expect(try await Self.isStored(parked, server, org), "a parked edit may be applied yet")
      #expect(try await Self.rows(of: gone, server, org) == 0)
      let again = try await server.deposit(rows["dossier"], as: org.office.token, name: "c.pdf", bytes: gone)
      #expect(again.status == 201)
      #expect(try await Self.isStored(gone, server, org))
    }
  }

  @Test func `bytes that an older version kept in the database move to the storage`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      let large = TestServer.pdf + [UInt8](repeating: 0x20, count: 300_000)
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.pipeline([
          """
          INSERT INTO system.blob (organization_id, sha256, media_type, bytes)
          VALUES (\(org.id), sha256(\(large)), 'application/pdf', \(large))
          """,
          """
          INSERT INTO document (organization_id, id, dossier_id, category, file_name, media_type, size_bytes, sha256)
          VALUES (\(org.id), \(org.id), \(rows["dossier"]), 'report', 'gros.pdf', 'application/pdf', \(large.count),
            sha256(\(large)))
          """,
        ])
      }
      #expect(try await Self.isStored(large, server, org) == false)
      #expect(await server.carryOut(SweepBlobsJob.self) == 1)
      #expect(try await Self.isStored(large, server, org))
      #expect(try await server.get("/v1/documents/\(org.id)/content", as: org.office.token).body == large)
    }
  }

  private static func age(_ server: TestServer, _ org: TestOrganization) async throws {
    try await server.asOwner(org.id) { transaction in
      _ = try await transaction.pipeline([
        "UPDATE system.blob SET touched_at = now() - interval '8 days'", "DELETE FROM system.job",
      ])
    }
  }

  private static func isStored(_ bytes: [UInt8], _ server: TestServer, _ org: TestOrganization) async throws
    -> Bool
  {
    try await server.services.storage.get(.blob(org.id, sha256: Array(SHA256.hash(data: bytes)))) != nil
  }

  private static func rows(of bytes: [UInt8], _ server: TestServer, _ org: TestOrganization) async throws
    -> Int?
  {
    try await server.asOwner(org.id) { transaction in
      try await transaction.value(
        Int.self, "SELECT count(*) FROM system.blob WHERE sha256 = \(Array(SHA256.hash(data: bytes)))")
    }
  }
}
