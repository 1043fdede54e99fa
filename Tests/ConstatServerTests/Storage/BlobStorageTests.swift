import ConstatCore
@testable import ConstatServer
import Foundation
import Support
import Testing

/// Every storage keeps the same promises.
@Suite struct BlobStorageTests {
  static func promises(_ storage: any BlobStorage) async throws {
    let organization = UUID()
    let key = BlobKey.blob(organization, sha256: Array(0..<32))
    #expect(try await storage.get(key) == nil)
    try await storage.delete(key)
    let large = [UInt8](repeating: 7, count: 6_000_000)
    #expect(try await storage.has(key) == false)
    try await storage.put(key, large)
    try await storage.put(key, large)
    #expect(try await storage.has(key))
    #expect(try await storage.get(key) == large)
    let content = try #require(try await storage.open(key))
    #expect(content.size == large.count)
    var pieces = 0
    for try await _ in content.pieces { pieces += 1 }
    #expect(pieces > 5, "it comes in pieces")
    let parts = (0..<3).map { BlobKey.part(organization, upload: organization, offset: Int64($0)) }
    try await withThrowingTaskGroup { group in
      for (index, part) in parts.enumerated() {
        group.addTask { try await storage.put(part, [UInt8(index)]) }
      }
      try await group.waitForAll()
    }
    for (index, part) in parts.enumerated() { #expect(try await storage.get(part) == [UInt8(index)]) }
    for part in parts { try await storage.delete(part) }
    #expect(try await storage.get(parts[0]) == nil)
    #expect(try await storage.get(key) == large)
    try await storage.delete(key)
    #expect(try await storage.get(key) == nil)
  }

  @Test func `a folder keeps what is put, and leaves no trace of what is deleted`() async throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "constat-disk-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    try await Self.promises(DiskStorage(root: root))
    let files = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    #expect(
      files.allSatisfy { name in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: root.appending(path: name).path, isDirectory: &isFolder)
          && isFolder.boolValue
      })
    let parts = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "parts").path)
    #expect(parts.count == 1, "an upload's own folder goes with its parts")
  }

  @Test func `a draft that a crash left behind goes at a later start, one under way does not`() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "constat-disk-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let drafts = root.appending(path: "drafts")
    try FileManager.default.createDirectory(at: drafts, withIntermediateDirectories: true)
    for name in ["left", "under-way"] { try Data("x".utf8).write(to: drafts.appending(path: name)) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)],
      ofItemAtPath: drafts.appending(path: "left").path)
    _ = DiskStorage(root: root)
    #expect(try FileManager.default.contentsOfDirectory(atPath: drafts.path) == ["under-way"])
  }

  @Test func `a folder that cannot be written says so`() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "constat-file-\(UUID().uuidString)")
    try Data("x".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let storage = DiskStorage(root: file)
    await #expect(throws: StorageError.self) {
      try await storage.put(.blob(UUID(), sha256: Array(0..<32)), [1])
    }
  }

  @Test(.enabled(if: PythonProgram.isInstalled, "make test installs moto"))
  func `a bucket keeps what is put, for storage and for the whole server`() async throws {
    try await PythonProgram.during("s3_server.py") { address in
      let storage = try #require(Self.bucket(address))
      try await Self.promises(storage)
      try await TestServer.run(storage: storage) { server in
        let org = try await server.organization()
        let client = TusClient(server: server, token: org.marc.token)
        let photo = TusClient.photo(2_500_000)
        #expect(try await client.upload(photo).status == 204)
        let rows = try await server.rows(in: org)
        let body: JSONValue = [
          "kind": "photo", "file_name": "p.jpg", "media_type": "image/jpeg",
          "size_bytes": .integer(Int64(photo.count)), "sha256": .string(TusClient.sha256(photo)),
        ]
        let made = try await server.post(
          "/v1/dossiers/\(rows["dossier"])/attachments", as: org.office.token, body)
        #expect(made["state"] == "stored")
        let content = try await server.get(
          "/v1/attachments/\(made["id"].string ?? "")/content", as: org.office.token)
        #expect(content.body == photo)
        let report = try await server.deposit(
          rows["dossier"], as: org.office.token, bytes: TestServer.pdf + Array("S3".utf8))
        #expect(report.status == 201)
        let read = try await server.get(
          "/v1/documents/\(report["id"].string ?? "")/content", as: org.office.token)
        #expect(read.body == TestServer.pdf + Array("S3".utf8))
      }
    }
  }

  @Test(.enabled(if: PythonProgram.isInstalled, "make test installs moto"))
  func `a bucket that is not there is an error, not an empty answer`() async throws {
    try await PythonProgram.during("s3_server.py") { address in
      let storage = try #require(Self.bucket(address, named: "no-such-bucket"))
      await #expect(throws: StorageError.self) { try await storage.put(.blob(UUID(), sha256: [1]), [1]) }
    }
  }

  @Test func `a storage that is away is a problem that passes, and changes nothing`() async throws {
    let away = try #require(Self.bucket("http://127.0.0.1:1"))
    try await TestServer.run(storage: away) { server in
      let org = try await server.organization()
      let client = TusClient(server: server, token: org.marc.token)
      let photo = TusClient.photo(4000)
      let path = try await client.create(photo).location
      let answer = try await client.patch(path, at: 0, photo)
      #expect(answer.status == 503 && answer["code"] == "storage-unavailable")
      #expect(try await client.head(path).offset == 0)
    }
  }

  @Test(arguments: [
    ("ftp://s3.example", "bucket"), ("https://s3.example/path", "bucket"),
    ("https://key@s3.example", "bucket"),
    ("https://s3.example", "Bucket"), ("https://s3.example", "../x"),
  ])
  func `an address or a bucket's name that cannot be one is refused`(endpoint: String, bucket: String) {
    #expect(
      S3Storage.Configuration(
        endpoint: endpoint, region: "x", bucket: bucket, credentials: .init(accessKey: "a", secretKey: "b"))
        == nil)
  }

  private static func bucket(_ address: String, named name: String = "constat-test") -> S3Storage? {
    S3Storage.Configuration(
      endpoint: address, region: "eu-west-3", bucket: name,
      credentials: .init(accessKey: "AKIDTEST", secretKey: "secret")
    ).map { S3Storage($0, clock: .system) }
  }
}
