import ConstatCore
@testable import ConstatServer
import ConstatSync
import Crypto
import Foundation
import Postgres
import Support
import Testing

/// What the storage has lost is asked for again, and seen to be missing.
@Suite struct CheckBlobsTests {
  /// An organization with photos of Marc's mission that came and were stored.
  private struct Album {
    let server: TestServer
    let work: FieldWork
    let device: RawDevice
    let photos: [(id: String, bytes: [UInt8])]

    init(_ server: TestServer, photos count: Int) async throws {
      self.server = server
      work = try await FieldWork.planned(server)
      device = try await work.enrol(work.org.marc)
      try await device.pull()
      var photos: [(id: String, bytes: [UInt8])] = []
      for seed in 0..<count {
        let bytes = TusClient.photo(3000, seed: UInt8(seed))
        photos.append((UUID().wire, bytes))
        try await TusClient(server: server, token: device.token).upload(bytes)
      }
      self.photos = photos
      let made = try await device.push(photos.map { device.photo($0.id, in: work.dossier, $0.bytes) })
      #expect(made["lmid"] == .integer(Int64(count)), "\(made.text)")
    }

    func key(_ photo: Int) -> BlobKey {
      .blob(work.org.id, sha256: Array(SHA256.hash(data: photos[photo].bytes)))
    }

    /// The rows' states, as the device has them after a pull.
    func states() async throws -> [String] {
      try await device.pull()
      return photos.map { device.rows[EntityKey(.attachment, $0.id)]?["state"]?.string ?? "" }
    }

    func check(afterDays days: Int = 8) async throws -> Int {
      try await server.asOwner(work.org.id) { transaction in
        _ = try await transaction.pipeline([
          "UPDATE system.blob SET checked_at = checked_at - \(Double(days)) * interval '1 day'",
          "DELETE FROM system.job",
        ])
      }
      return await server.carryOut(CheckBlobsJob.self)
    }

    func content(_ photo: Int) async throws -> TestServer.Answer {
      try await server.get("/v1/attachments/\(photos[photo].id)/content", as: work.org.office.token)
    }
  }

  @Test
  func
    `a photo that the storage has lost awaits its bytes again: the manifest lists it, the office sees it, the device sends it`()
    async throws
  {
    try await TestServer.run { server in
      let album = try await Album(server, photos: 2)
      let token = album.work.org.office.token
      #expect(try await album.states() == ["stored", "stored"])
      try await server.services.storage.delete(album.key(0))
      _ = try await album.check(afterDays: 3)
      #expect(try await album.states() == ["stored", "stored"], "not yet looked for")
      // Somebody who asks for it has it looked for soon.
      #expect(try await album.content(0).isProblem(503, "storage-unavailable"))
      #expect(try await album.check(afterDays: 0) == 1)
      #expect(try await album.states() == ["awaiting_blob", "stored"])
      #expect(try await album.content(0).isProblem(409, "awaiting-blob"))
      let manifest = try await server.get("/v1/sync/manifest", as: album.device.token)
      #expect(manifest["items"].array?.map { $0["id"]?.string } == [album.photos[0].id])
      let shown = try await server.get("/v1/dossiers/\(album.work.dossier)/attachments", as: token)
      #expect(shown["missing_count"] == 1 && shown["complete"] == false)
      let client = TusClient(server: server, token: album.device.token)
      #expect(try await client.upload(album.photos[0].bytes).status == 204)
      #expect(try await album.states() == ["stored", "stored"])
      #expect(try await album.content(0).body == album.photos[0].bytes)
    }
  }

  @Test
  func `who offers bytes that the storage has lost is asked for them, though nobody had missed them yet`()
    async throws
  {
    try await TestServer.run { server in
      let album = try await Album(server, photos: 2)
      try await server.services.storage.delete(album.key(0))
      let client = TusClient(server: server, token: album.device.token)
      #expect(try await client.create(album.photos[1].bytes).offset == album.photos[1].bytes.count)
      let offered = try await client.create(album.photos[0].bytes)
      #expect(offered.status == 201 && offered.offset == 0)
      #expect(try await album.states() == ["awaiting_blob", "stored"])
      #expect(try await client.patch(offered.location, at: 0, album.photos[0].bytes).status == 204)
      #expect(try await album.states() == ["stored", "stored"])
      #expect(try await album.content(0).body == album.photos[0].bytes)
    }
  }

  @Test func `what was missed and is found again is there again, and was not swept away meanwhile`()
    async throws
  {
    try await TestServer.run { server in
      let album = try await Album(server, photos: 2)
      try await server.services.storage.delete(album.key(0))
      _ = try await album.check()
      #expect(try await album.states() == ["awaiting_blob", "stored"])
      try await server.services.storage.put(album.key(0), album.photos[0].bytes)
      try await server.asOwner(album.work.org.id) { transaction in
        _ = try await transaction.execute("UPDATE system.blob SET touched_at = now() - interval '9 days'")
      }
      _ = await server.carryOut(SweepBlobsJob.self)
      _ = try await album.check()
      #expect(try await album.states() == ["stored", "stored"])
      #expect(try await album.content(0).body == album.photos[0].bytes)
    }
  }

  @Test
  func `what a restored database has forgotten of the storage is found again, if it is what was announced`()
    async throws
  {
    try await TestServer.run { server in
      let album = try await Album(server, photos: 3)
      try await server.asOwner(album.work.org.id) { transaction in
        _ = try await transaction.pipeline([
          "DELETE FROM system.blob", "UPDATE attachment SET state = 'awaiting_blob'",
        ])
      }
      try await server.services.storage.delete(album.key(1))
      try await server.services.storage.delete(album.key(2))
      try await server.services.storage.put(album.key(2), Array("%PDF-1.7 and no photo".utf8))
      #expect(try await album.states() == ["awaiting_blob", "awaiting_blob", "awaiting_blob"])
      _ = try await album.check(afterDays: 0)
      #expect(try await album.states() == ["stored", "awaiting_blob", "awaiting_blob"])
      #expect(try await album.content(0).body == album.photos[0].bytes)
      let client = TusClient(server: server, token: album.device.token)
      #expect(try await client.upload(album.photos[1].bytes).status == 204)
      #expect(try await album.states() == ["stored", "stored", "awaiting_blob"])
    }
  }

  @Test func `a storage of which nothing is there is taken for another one`() async throws {
    try await TestServer.run { server in
      let album = try await Album(server, photos: 3)
      for photo in 0..<3 { try await server.services.storage.delete(album.key(photo)) }
      _ = try await album.check()
      #expect(try await album.states() == ["stored", "stored", "stored"])
    }
  }

  @Test func `a storage that is known again may have lost all that was looked for`() async throws {
    try await TestServer.run { server in
      let album = try await Album(server, photos: 3)
      _ = try await album.check()
      for photo in 0..<3 { try await server.services.storage.delete(album.key(photo)) }
      _ = try await album.check()
      #expect(try await album.states() == ["awaiting_blob", "awaiting_blob", "awaiting_blob"])
    }
  }
}
