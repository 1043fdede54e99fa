public import ConstatCore
import ConstatSync
public import Foundation
import GRDB

/// Photos, plans and papers. They have a queue of their own, apart from the edits: a file that cannot be sent holds up
/// neither the edits nor the other files.
extension FieldDevice {
  /// Adds a file to a mission: JPEG, PNG or PDF, of at most 50 MiB. Bytes and row are on the disk when this returns; the row
  /// goes with the next `sync()`, the bytes with `uploadAttachments()`. Returns the attachment's id.
  @discardableResult
  public func attach(
    _ mission: String, _ bytes: [UInt8], named fileName: String, kind: Attachment.Kind = .photo,
    caption: String? = nil, diagnostic: String? = nil, takenAt: Instant? = nil, at position: Position? = nil
  ) async throws -> String {
    guard let type = FileKind(of: bytes) else { throw DeviceError.unusableFile }
    guard bytes.count <= Attachment.sizeLimit else { throw DeviceError.fileTooLarge(bytes.count) }
    let sha256 = AttachmentFiles.sha256(bytes)
    try store.files.keep(bytes, sha256: sha256, draft: environment.newID())
    return try await store.pool.write { [environment, files = store.files] db in
      var gesture = try Gesture(db, mission: mission.lowercased(), environment: environment)
      if let diagnostic {
        let isKnown = try gesture.missionRows().values.contains {
          $0.key.type == .diagnosticType && $0.values["code"]?.string == diagnostic
        }
        guard isKnown else { throw DeviceError.unknownDiagnostic(diagnostic) }
      }
      let key = EntityKey(.attachment, environment.newID())
      try gesture.create(
        key,
        [
          "dossier_id": .string(gesture.mission), "kind": .string(kind.rawValue),
          "diagnostic_code": JSONValue(diagnostic), "file_name": .string(fileName),
          "media_type": .string(type.rawValue), "size_bytes": .integer(Int64(bytes.count)),
          "sha256": .string(sha256), "caption": JSONValue(caption),
          "taken_at": .string((takenAt ?? gesture.now).description),
          "latitude": position.latitude, "longitude": position.longitude,
        ])
      try gesture.record()
      try AttachmentQueueStore(db: db).enqueue(
        sha256: sha256, mediaType: type.rawValue, fileName: fileName, size: bytes.count, at: gesture.now)
      // Files go within a transaction such as this one: the same bytes may have gone since they were kept above, as those
      // of another attachment. From here on they stay.
      if files.url(sha256) == nil { try files.keep(bytes, sha256: sha256, draft: environment.newID()) }
      return key.id
    }
  }

  /// Adds a file that is on the device; it is copied.
  @discardableResult
  public func attach(
    _ mission: String, file: URL, kind: Attachment.Kind = .photo, caption: String? = nil,
    diagnostic: String? = nil, takenAt: Instant? = nil, at position: Position? = nil
  ) async throws -> String {
    let bytes = try Data(contentsOf: file, options: .mappedIfSafe)
    guard bytes.count <= Attachment.sizeLimit else { throw DeviceError.fileTooLarge(bytes.count) }
    return try await attach(
      mission, Array(bytes), named: file.lastPathComponent, kind: kind, caption: caption,
      diagnostic: diagnostic,
      takenAt: takenAt, at: position)
  }

  /// Takes an attachment back, such as a photo that shows nothing or one that was set aside.
  public func removeAttachment(_ mission: String, _ id: String) async throws {
    let key = EntityKey(.attachment, id.lowercased())
    try await store.pool.write { [environment, files = store.files] db in
      var gesture = try Gesture(db, mission: mission.lowercased(), environment: environment)
      let sha256 = try gesture.values(of: key)?["sha256"]?.string
      try gesture.delete(key)
      try gesture.record()
      let queue = AttachmentQueueStore(db: db)
      guard let sha256, try !queue.isNamed(sha256, beside: key.id) else { return }
      try queue.forget(sha256)
      files.remove(sha256)
    }
  }

  /// A mission's attachments, oldest first.
  public func attachments(_ mission: String) async throws -> [MissionAttachment] {
    let (mission, files) = (mission.lowercased(), store.files)
    return try await store.pool.read { db in try Self.attachments(db, mission, files) }
  }

  /// A mission's attachments now, and again after each change.
  public func observeAttachments(_ mission: String) -> AsyncThrowingStream<[MissionAttachment], any Error> {
    let (mission, files) = (mission.lowercased(), store.files)
    return observe { db in try Self.attachments(db, mission, files) }
  }

  /// How many files wait to be sent, and how many bytes.
  public var pendingAttachments: AttachmentBacklog {
    get async throws { try await store.pool.read { db in try AttachmentQueueStore(db: db).backlog() } }
  }

  /// The same now and after each change.
  public func observePendingAttachments() -> AsyncThrowingStream<AttachmentBacklog, any Error> {
    observe { db in try AttachmentQueueStore(db: db).backlog() }
  }

  /// Sends the files that wait, each from where the server is. Throws `SyncError.offline` where the network breaks; calling
  /// it again goes on from there, also after a restart. Runs beside `sync()`, neither waiting for the other.
  @discardableResult
  public func uploadAttachments(
    progress: @escaping @Sendable (AttachmentProgress) -> Void = { _ in }
  ) async throws -> AttachmentReport {
    try await files.run { [self] in
      let session = await session(of: try await enrolment())
      return try await UploadRun(store: store, session: session, environment: environment, progress: progress)
        .run()
    }
  }

  /// Tries a file again that was set aside, or that waits for its time.
  public func retryAttachment(_ sha256: String) async throws {
    try await store.pool.write { db in try AttachmentQueueStore(db: db).retry(sha256) }
  }

  /// The attachment's file: this device's, or fetched from the server and kept.
  public func attachmentFile(_ id: String) async throws -> URL {
    let key = EntityKey(.attachment, id.lowercased())
    guard let row = try await store.pool.read({ db in try LocalReader(db).entity(key) }),
      let sha256 = row.values["sha256"]?.string
    else { throw DeviceError.notFound(key.description) }
    if store.files.isWhole(sha256), let url = store.files.url(sha256) { return url }
    guard row.values["state"]?.string == Attachment.State.stored.rawValue else {
      throw DeviceError.fileNotHere
    }
    let session = await session(of: try await enrolment())
    let answer = try await session.answer("GET", "/v1/attachments/\(key.id)/content")
    if let error = DeviceSession.error(of: answer) { throw error }
    guard AttachmentFiles.sha256(answer.body) == sha256 else { throw SyncError.unreadableAnswer("sha256") }
    try store.files.keep(answer.body, sha256: sha256, draft: environment.newID())
    guard let url = store.files.url(sha256) else { throw DeviceError.fileNotHere }
    return url
  }

  private static func attachments(
    _ db: Database, _ mission: String, _ files: AttachmentFiles
  ) throws -> [MissionAttachment] {
    let queue = AttachmentQueueStore(db: db)
    return try LocalReader(db).rows(ofMission: mission).values
      .filter { $0.key.type == .attachment && $0.values["dossier_id"]?.string == mission }
      .map { try attachment($0, queue, files) }
      .sorted { ($0.takenAt?.microseconds ?? 0, $0.id) < ($1.takenAt?.microseconds ?? 0, $1.id) }
  }

  private static func attachment(
    _ entity: LocalEntity, _ queue: AttachmentQueueStore, _ files: AttachmentFiles
  ) throws -> MissionAttachment {
    let row = Columns(entity.values)
    let sha256 = row["sha256"] ?? ""
    let entry = try queue.entry(sha256)
    let isStored = entity.values["state"]?.string == Attachment.State.stored.rawValue
    let bytes: MissionAttachment.Bytes =
      switch entry?.state {
      case .waiting where !isStored: .waiting(sent: entry?.sent ?? 0)
      case .setAside where !isStored: .setAside(entry?.problem ?? AttachmentProblem(code: "", title: ""))
      case nil where !isStored: .elsewhere
      default: .onServer
      }
    return MissionAttachment(
      id: entity.key.id, kind: row.choice("kind") ?? .photo, fileName: row["file_name"] ?? "",
      mediaType: row["media_type"] ?? "", size: Int(clamping: entity.values["size_bytes"]?.integer ?? 0),
      caption: row["caption"], diagnosticCode: row["diagnostic_code"], takenAt: row.instant("taken_at"),
      sha256: sha256, bytes: bytes, file: files.url(sha256))
  }
}
