import ConstatCore
import ConstatSync
import Foundation
import Synchronization
import Testing

@testable import ConstatDevice

/// Files on their own queue: what a bad network, a bad photo or a dead app does to them.
@Suite struct AttachmentTests {
  @Test func `a photo taken without network shows at once, and is on the server after a sync and an upload`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    bench.network.isUp = false
    let photo = Bench.photo(2_300_000)
    let id = try await device.attach(
      bench.mission, photo, named: "compteur.jpg", caption: "Compteur gaz", diagnostic: "gaz",
      at: Position(latitude: 47.2, longitude: -1.5))
    let shown = try #require(try await device.attachments(bench.mission).first)
    #expect(shown.id == id && shown.bytes == .waiting(sent: 0) && shown.caption == "Compteur gaz")
    #expect(shown.diagnosticCode == "gaz" && shown.takenAt == bench.clock.now)
    #expect(try shown.file.map { try Data(contentsOf: $0) } == Data(photo))
    #expect(try await device.pendingAttachments == AttachmentBacklog(count: 1, bytes: photo.count))
    await #expect(throws: SyncError.self) { try await device.uploadAttachments() }

    bench.network.isUp = true
    try await device.sync()
    #expect(
      try await device.attachments(bench.mission).first?.bytes == .waiting(sent: 0), "its row is there first")
    let steps = Mutex<[Int]>([])
    let report = try await device.uploadAttachments { step in steps.withLock { $0.append(step.sent) } }
    #expect(report.uploaded == 1 && report.bytesSent == photo.count)
    #expect(steps.withLock(\.self) == [0, 1_048_576, 2_097_152, photo.count])
    #expect(await bench.server.uploads.blobs[shown.sha256] == photo)
    try await device.sync()
    #expect(try await device.attachments(bench.mission).first?.bytes == .onServer)
    #expect(try await device.pendingAttachments == AttachmentBacklog())
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `an upload that was cut goes on where the server is, also after the app was killed`()
    async throws
  {
    let bench = try Bench()
    var device = try await bench.device()
    let photo = Bench.photo(3_000_000)
    try await device.attach(bench.mission, photo, named: "a.jpg")
    bench.network.inject(.cutAfter(1, "PATCH /v1/uploads/0"))
    await #expect(throws: SyncError.self) { try await device.uploadAttachments() }
    #expect(await bench.server.uploads.received == 1_048_576)
    device = try await bench.open(replacing: bench.crashImage())
    bench.network.isUp = true
    // The answer to the second part is lost: the part counts all the same.
    bench.network.inject(.loseAnswer("PATCH /v1/uploads/0"))
    await #expect(throws: SyncError.self) { try await device.uploadAttachments() }
    let report = try await device.uploadAttachments()
    #expect(report.uploaded == 1)
    #expect(await bench.server.uploads.received == photo.count, "no byte went twice")
    #expect(await bench.server.uploads.uploads.count == 1)
  }

  @Test func `a bad photo is set aside with its reason; edits and other photos go on`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let bad = Bench.photo(5000, seed: 9)
    let badID = try await device.attach(bench.mission, bad, named: "bad.jpg")
    try await device.attach(bench.mission, Bench.photo(6000), named: "good.jpg")
    try await device.correctAddress(bench.mission, AddressCorrection(street: .set("2 rue Neuve")))
    await bench.server.changeUploads {
      $0.refusals[AttachmentFiles.sha256(bad)] = $0.problem(422, "content-mismatch")
    }
    try await device.sync()
    let report = try await device.uploadAttachments()
    #expect(report.uploaded == 1 && report.setAside[AttachmentFiles.sha256(bad)]?.code == "content-mismatch")
    #expect(try await device.unsentCount == 0)
    #expect(try await device.pendingAttachments == AttachmentBacklog(count: 0, bytes: 0, setAside: 1))
    let shown = try await device.attachments(bench.mission).first { $0.id == badID }
    #expect(shown?.bytes == .setAside(AttachmentProblem(code: "content-mismatch", title: "Refusé")))
    #expect(try await device.uploadAttachments().uploaded == 0, "it is not tried by itself")
    await bench.server.changeUploads { $0.refusals = [:] }
    try await device.retryAttachment(AttachmentFiles.sha256(bad))
    #expect(try await device.uploadAttachments().uploaded == 1)
    try await device.removeAttachment(bench.mission, badID)
    try await device.sync()
    #expect(try await device.attachments(bench.mission).map(\.fileName) == ["good.jpg"])
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `a busy server is asked again later, ever less often, and no sooner than it says`() async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    let photo = Bench.photo(5000)
    try await device.attach(bench.mission, photo, named: "a.jpg")
    await bench.server.changeUploads {
      $0.refusals[AttachmentFiles.sha256(photo)] = .init(status: 503, body: [], retryAfterSeconds: 40)
    }
    #expect(try await device.uploadAttachments().postponed == 1)
    await bench.server.changeUploads { $0.refusals = [:] }
    bench.clock.now = bench.clock.now.adding(seconds: 39)
    #expect(try await device.uploadAttachments() == AttachmentReport())
    bench.clock.now = bench.clock.now.adding(seconds: 1)
    #expect(try await device.uploadAttachments().uploaded == 1)
    let busy = SyncError.serverBusy(status: 503, retryAfterSeconds: nil)
    #expect([0, 1, 2, 20].map { UploadRun.delaySeconds(after: $0, busy) } == [5, 10, 20, 3600])
  }

  @Test(arguments: [(403, "<html>Bienvenue au Wi-Fi</html>"), (408, #"{"code": "body-too-slow"}"#)])
  func `what the way to the server refuses, and not the server, sets no file aside`(
    status: Int, body: String
  ) async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let photo = Bench.photo(5000)
    try await device.attach(bench.mission, photo, named: "a.jpg")
    await bench.server.changeUploads {
      $0.refusals[AttachmentFiles.sha256(photo)] = .init(status: status, body: Array(body.utf8))
    }
    let report = try await device.uploadAttachments()
    #expect(report.postponed == 1 && report.setAside.isEmpty)
  }

  @Test func `a part altered on its way is sent again, an upload that the server forgot begun again`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    let photo = Bench.photo(2_000_000)
    try await device.attach(bench.mission, photo, named: "a.jpg")
    await bench.server.changeUploads { $0.alterations = 1 }
    bench.network.inject(.cutAfter(2, "PATCH /v1/uploads/0"))
    await #expect(throws: SyncError.self) { try await device.uploadAttachments() }
    #expect(await bench.server.uploads.received == 1_048_576)
    await bench.server.changeUploads { $0.dropAll() }
    bench.network.isUp = true
    #expect(try await device.uploadAttachments().uploaded == 1)
    #expect(await bench.server.uploads.blobs[AttachmentFiles.sha256(photo)] == photo)
  }

  @Test func `equal bytes are one file and go once; a file that is damaged on the device is never sent`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    let photo = Bench.photo(4000)
    try await device.attach(bench.mission, photo, named: "a.jpg")
    try await device.attach(bench.mission, photo, named: "b.jpg")
    #expect(try await device.pendingAttachments.count == 1)
    let other = Bench.photo(4000, seed: 3)
    let id = try await device.attach(bench.mission, other, named: "c.jpg")
    let file = try #require(try await device.attachments(bench.mission).first { $0.id == id }?.file)
    try Data(Bench.photo(4000, seed: 4)).write(to: file)
    let report = try await device.uploadAttachments()
    #expect(report.uploaded == 1 && report.setAside.values.map(\.code) == ["file-damaged"])
    #expect(await bench.server.uploads.received == photo.count)
  }

  @Test func `what the server has lost it is sent again`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let photo = Bench.photo(4000)
    try await device.attach(bench.mission, photo, named: "a.jpg")
    try await device.sync()
    try await device.uploadAttachments()
    try await device.sync()
    await bench.server.changeUploads { $0.forget(AttachmentFiles.sha256(photo)) }
    #expect(try await device.uploadAttachments().uploaded == 0, "nobody has told the device")
    try await device.sync()
    #expect(try await device.uploadAttachments().uploaded == 1)
    #expect(await bench.server.uploads.blobs[AttachmentFiles.sha256(photo)] == photo)
  }

  @Test func `a restored server is offered all bytes again, and takes those that it has lost`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let (kept, lost) = (Bench.photo(4000), Bench.photo(5000))
    let backup = await bench.server.state
    for photo in [kept, lost] { try await device.attach(bench.mission, photo, named: "a.jpg") }
    try await device.sync()
    #expect(try await device.uploadAttachments().uploaded == 2)
    await bench.server.restore(backup)
    await bench.server.changeUploads { $0.forget(AttachmentFiles.sha256(lost)) }
    let received = await bench.server.uploads.received
    try await device.sync()
    #expect(try await device.uploadAttachments().uploaded == 2)
    #expect(await bench.server.uploads.received == received + lost.count)
    #expect(await bench.server.uploads.blobs[AttachmentFiles.sha256(lost)] == lost)
    #expect(try await device.uploadAttachments().uploaded == 0)
  }

  @Test func `another device's photo is fetched when asked for, and held to its name`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let photo = Bench.photo(4000)
    let key = EntityKey(.attachment, "00000000-0000-7000-8000-0000000000f9")
    await bench.server.office(
      key,
      [
        "dossier_id": .string(bench.mission), "kind": "photo", "file_name": "x.jpg",
        "media_type": "image/jpeg",
        "size_bytes": 4000, "sha256": .string(AttachmentFiles.sha256(photo)), "state": "awaiting_blob",
      ])
    try await device.sync()
    #expect(try await device.attachments(bench.mission).first?.bytes == .elsewhere)
    await #expect(throws: DeviceError.fileNotHere) { try await device.attachmentFile(key.id) }
    let other = try await FieldDevice.enrol(
      file: bench.file + "2", server: "https://constat.example", email: "marc@example.fr",
      password: "correct horse",
      name: "Téléphone", transport: bench.network.transport, environment: bench.clock.environment)
    try await other.sync()
    try await other.attach(bench.mission, photo, named: "same.jpg")
    try await other.uploadAttachments()
    try await device.sync()
    let url = try await device.attachmentFile(key.id)
    #expect(try Data(contentsOf: url) == Data(photo))
    bench.network.isUp = false
    #expect(try await device.attachmentFile(key.id) == url, "kept")
    bench.network.isUp = true
    try await device.uploadAttachments()
    #expect(FileManager.default.fileExists(atPath: url.path), "its mission is here")
    await bench.server.withdraw(bench.mission)
    try await device.sync()
    try await device.uploadAttachments()
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }

  @Test func `a photo that is taken back stays where another one is of the same bytes, be its mission gone`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    try await bench.prepareMission(bench.other, number: 1042, street: "3 quai de la Fosse")
    await bench.server.assign(bench.other)
    try await device.sync()
    let photo = Bench.photo(4000)
    let id = try await device.attach(bench.other, photo, named: "b.jpg")
    try await device.sync()
    // It leaves between the push and the pull, with an edit that waits.
    let edited = Once()
    let racing = try await FieldDevice.open(
      file: bench.file,
      transport: Transport { request in
        if request.path == "/v1/sync/pull", edited.isFirst() {
          try await device.attach(bench.mission, photo, named: "a.jpg")
          await bench.server.withdraw(bench.mission)
        }
        return try await bench.network.transport.send(request)
      }, environment: bench.clock.environment)
    try await racing.sync()
    #expect(try await racing.missions().map(\.id) == [bench.other])
    try await racing.removeAttachment(bench.other, id)
    #expect(try await racing.pendingAttachments.count == 1)
    try await racing.sync()
    #expect(await bench.server.state.parked.map(\.reason) == [.reassigned])
    #expect(try await racing.uploadAttachments().uploaded == 1)

    let last = try await racing.attach(bench.other, Bench.photo(5000), named: "c.jpg")
    try await racing.removeAttachment(bench.other, last)
    #expect(try await racing.pendingAttachments == AttachmentBacklog())
    #expect(try FileManager.default.contentsOfDirectory(atPath: bench.file + "-attachments").count == 1)
  }

  @Test func `what a crash left of a file that was never whole is removed a day later`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.attach(bench.mission, Bench.photo(4000), named: "a.jpg")
    let draft = bench.file + "-attachments/.new-1"
    try Data(Bench.photo(10)).write(to: URL(fileURLWithPath: draft))
    try await device.uploadAttachments()
    #expect(FileManager.default.fileExists(atPath: draft))
    bench.clock.now = try #require(Instant("2100-01-01T08:00:00Z"))
    try await device.uploadAttachments()
    #expect(!FileManager.default.fileExists(atPath: draft))
    #expect(try await device.attachments(bench.mission).first?.file != nil)
  }

  @Test func `what is no photo is refused before it is queued`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    await #expect(throws: DeviceError.unusableFile) {
      try await device.attach(bench.mission, Array("<svg>".utf8), named: "a.svg")
    }
    await #expect(throws: FieldProblems.self) {
      try await device.attach(bench.mission, Bench.photo(10), named: "../a.jpg")
    }
    await #expect(throws: DeviceError.unknownDiagnostic("xyz")) {
      try await device.attach(bench.mission, Bench.photo(10), named: "a.jpg", diagnostic: "xyz")
    }
    #expect(try await device.pendingAttachments == AttachmentBacklog())
    #expect(try await device.unsentCount == 0)
  }

  @Test func `a revoked device sends its last photos before it is wiped`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let photo = Bench.photo(4000)
    try await device.attach(bench.mission, photo, named: "a.jpg")
    await bench.server.revoke()
    #expect(try await device.sync().isWiped)
    #expect(await bench.server.uploads.blobs[AttachmentFiles.sha256(photo)] == photo)
    #expect(!FileManager.default.fileExists(atPath: bench.file + "-attachments"))
  }

  @Test func `sent files of a mission that has left are removed from the device a week later`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let photo = Bench.photo(4000)
    try await device.attach(bench.mission, photo, named: "a.jpg")
    try await device.sync()
    try await device.uploadAttachments()
    let file = bench.file + "-attachments/" + AttachmentFiles.sha256(photo)
    #expect(FileManager.default.fileExists(atPath: file))
    await bench.server.withdraw(bench.mission)
    try await device.sync()
    try await device.uploadAttachments()
    // The server may yet be restored from a backup that is older than the photo.
    #expect(FileManager.default.fileExists(atPath: file))
    bench.clock.now = bench.clock.now.adding(seconds: 8 * 86_400)
    try await device.uploadAttachments()
    #expect(!FileManager.default.fileExists(atPath: file))
  }
}
