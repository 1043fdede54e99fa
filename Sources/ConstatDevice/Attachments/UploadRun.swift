import ConstatCore
import ConstatSync
import Crypto
import Foundation
import GRDB

/// Sends the files that wait, one after the other, by tus 1.0: each goes on from where the server is. A file that the
/// server refuses is set aside with its reason, one that fails in passing is tried again later; the others go on.
struct UploadRun {
  /// Small, so that what a cut costs is sent again in little time on a bad network.
  private static let partSize = Attachment.partSizes.lowerBound
  /// How often a part or a whole file may arrive altered before the file is tried later.
  private static let tries = 3
  /// A server that is busy for so many files in a row is busy for all.
  private static let patience = 3

  let store: DeviceStore
  let session: DeviceSession
  let environment: DeviceEnvironment
  let progress: @Sendable (AttachmentProgress) -> Void

  private enum Outcome {
    case uploaded
    case refused(AttachmentProblem)
    /// To be tried again later.
    case failed(SyncError)
  }

  func run() async throws -> AttachmentReport {
    var report = AttachmentReport()
    var failures = 0
    try await store.pool.write { db in try AttachmentQueueStore(db: db).requeueMissing() }
    while let entry = try await next() {
      try Task.checkCancellation()
      switch try await send(entry, &report) {
      case .uploaded:
        failures = 0
        report.uploaded += 1
        try await store.pool.write { db in try AttachmentQueueStore(db: db).finish(entry.sha256) }
      case .refused(let problem):
        failures = 0
        report.setAside[entry.sha256] = problem
        try await store.pool.write { db in try AttachmentQueueStore(db: db).setAside(entry.sha256, problem) }
      case .failed(let error):
        failures += 1
        report.postponed += 1
        let until = environment.now().adding(seconds: Self.delaySeconds(after: entry.attempts, error))
        try await store.pool.write { db in
          try AttachmentQueueStore(db: db).postpone(entry.sha256, until: until)
        }
        if failures == Self.patience { throw error }
      }
    }
    try await removeUnused()
    return report
  }

  /// 5 s, then twice as long each time, up to an hour; no sooner than the server asks for.
  static func delaySeconds(after attempts: Int, _ error: SyncError) -> Int64 {
    let own = min(3600, Int64(5) << min(Int64(attempts), 10))
    guard case .serverBusy(_, let asked?) = error else { return own }
    return max(own, Int64(asked))
  }

  private func next() async throws -> AttachmentQueueStore.Entry? {
    try await store.pool.read { [now = environment.now()] db in try AttachmentQueueStore(db: db).next(at: now)
    }
  }

  private func removeUnused() async throws {
    // A draft that is a day old is nobody's.
    let yesterday = environment.now().adding(seconds: -86_400)
    store.files.removeDrafts(before: Date(timeIntervalSince1970: Double(yesterday.microseconds) / 1_000_000))
    try await store.pool.write { [files = store.files, now = environment.now()] db in
      let queue = AttachmentQueueStore(db: db)
      // What was fetched from the server is in no queue.
      let settled = Set(files.names()).union(try queue.entered()).subtracting(try queue.waiting())
      guard !settled.isEmpty else { return }
      for sha256 in settled.subtracting(
        try queue.used(since: now.adding(seconds: -Int64(SyncLimits.fileDays) * 86_400)))
      {
        try queue.forget(sha256)
        files.remove(sha256)
      }
    }
  }

  // MARK: One file

  private func send(
    _ entry: AttachmentQueueStore.Entry, _ report: inout AttachmentReport
  ) async throws -> Outcome {
    guard let bytes = store.files.contents(entry.sha256), bytes.count == entry.size else {
      return .refused(
        AttachmentProblem(code: "file-damaged", title: "Fichier absent ou altéré sur l'appareil"))
    }
    var last = AttachmentProblem(code: "checksum-mismatch", title: "Fichier altéré pendant le transport")
    for _ in 0..<Self.tries {
      do {
        try await send(bytes, entry, &report)
        return .uploaded
      } catch let error as SyncError {
        switch error {
        case .refused(let problem):
          last = AttachmentProblem(code: problem.code, title: problem.title)
          // Altered on its way, or an upload that is no more: from the server's offset, or from the beginning.
          if [404, 409, 410, 460].contains(problem.status) { continue }
          return .refused(last)
        case .serverBusy, .unreadableAnswer: return .failed(error)
        default: throw error
        }
      }
    }
    return ["blob-mismatch", "content-mismatch"].contains(last.code)
      ? .refused(last) : .failed(.unreadableAnswer(last.code))
  }

  /// Throws unless the server has all of it.
  private func send(
    _ bytes: Data, _ entry: AttachmentQueueStore.Entry, _ report: inout AttachmentReport
  ) async throws {
    var (path, offset) = try await place(of: entry)
    while offset < bytes.count {
      try await note(entry, path, offset)
      let part = Array(
        bytes[(bytes.startIndex + offset)..<(bytes.startIndex + min(bytes.count, offset + Self.partSize))])
      let answer = try await session.answer(
        "PATCH", path,
        [
          "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream",
          "Upload-Offset": String(offset),
          "Upload-Checksum": "sha256 " + Data(SHA256.hash(data: part)).base64EncodedString(),
        ], part)
      if answer.status == 409, let there = Self.offset(answer), there != offset {
        offset = there
        continue
      }
      if let error = DeviceSession.error(of: answer) {
        if [404, 410, 460].contains(answer.status) { try await forget(path, entry) }
        throw error
      }
      guard let there = Self.offset(answer), there > offset else {
        throw SyncError.unreadableAnswer("Upload-Offset")
      }
      report.bytesSent += part.count
      offset = there
    }
    try await note(entry, path, offset)
  }

  /// The upload that is under way, as far as the server has it, or a new one.
  private func place(of entry: AttachmentQueueStore.Entry) async throws -> (path: String, offset: Int) {
    let known = try await store.pool.read { db in try AttachmentQueueStore(db: db).entry(entry.sha256)?.upload
    }
    if let known {
      let answer = try await session.answer("HEAD", known, ["Tus-Resumable": "1.0.0"])
      if let offset = Self.offset(answer), answer.status == 200 { return (known, offset) }
      guard [404, 410].contains(answer.status) else {
        throw DeviceSession.error(of: answer) ?? SyncError.unreadableAnswer("Upload-Offset")
      }
    }
    let metadata = [("sha256", entry.sha256), ("type", entry.mediaType), ("filename", entry.fileName)]
      .map { "\($0.0) \(Data($0.1.utf8).base64EncodedString())" }.joined(separator: ",")
    let answer = try await session.answer(
      "POST", "/v1/uploads",
      ["Tus-Resumable": "1.0.0", "Upload-Length": String(entry.size), "Upload-Metadata": metadata])
    if let error = DeviceSession.error(of: answer) { throw error }
    guard let path = answer.headers["location"], path.hasPrefix("/v1/uploads/"),
      let offset = Self.offset(answer)
    else { throw SyncError.unreadableAnswer("Location") }
    return (path, offset)
  }

  /// On the disk before the next part goes, so that an app that is killed goes on with this upload.
  private func note(_ entry: AttachmentQueueStore.Entry, _ path: String, _ offset: Int) async throws {
    let backlog = try await store.pool.write { db in
      let queue = AttachmentQueueStore(db: db)
      try queue.note(entry.sha256, upload: path, sent: offset)
      return try queue.backlog()
    }
    progress(AttachmentProgress(fileName: entry.fileName, sent: offset, size: entry.size, backlog: backlog))
  }

  /// After a part that arrived altered the server's offset is asked for; after anything else there is nothing to ask.
  private func forget(_ path: String, _ entry: AttachmentQueueStore.Entry) async throws {
    let answer = try await session.answer("HEAD", path, ["Tus-Resumable": "1.0.0"])
    guard answer.status != 200 else { return }
    try await store.pool.write { db in
      try AttachmentQueueStore(db: db).note(entry.sha256, upload: nil, sent: 0)
    }
  }

  private static func offset(_ answer: Transport.Answer) -> Int? {
    answer.headers["upload-offset"].flatMap { Int($0) }
  }
}
