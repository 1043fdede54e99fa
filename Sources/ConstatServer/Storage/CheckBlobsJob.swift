import ConstatCore
import Foundation
import Metrics
import NIOCore
import Postgres

/// Looks whether the storage has what it should, some at each run and all in turn. An attachment whose bytes it has lost
/// awaits them again: devices that still have them send them, and the office sees which are missing. What is found again
/// is there again, also where a database that was restored had forgotten of it.
struct CheckBlobsJob: Job {
  static let kind = "check-blobs"
  static let every: Int64? = 6 * 3600

  func perform(_ run: JobRun) async throws {
    let due = try await run.transaction { transaction in
      _ = try await transaction.execute(BlobStore.expect(run.organization))
      return try await transaction.query(BlobStore.unchecked(run.organization)).map(Blob.init)
    }
    var isThere: [Bool] = []
    for blob in due { isThere.append(try await find(blob, run)) }
    let lost = zip(due, isThere).count { $0.isStored && !$1 }
    // One of which nothing is there is not the storage that they were put in, unless it has our mark.
    let mark = BlobKey.mark(run.organization)
    let isMarked = try await run.services.storage.has(mark)
    guard lost < 3 || isMarked || isThere.contains(true) else {
      throw StorageError("none of \(lost) objects is there: a disk that is not mounted, another bucket?")
    }
    if !isMarked, isThere.contains(true) { try await run.services.storage.put(mark, Array("constat".utf8)) }
    Counter(label: "blobs_lost").increment(by: Int64(lost))
    for (blob, isThere) in zip(due, isThere) {
      _ = try await run.transaction { transaction in
        try await transaction.execute(
          BlobStore.checked(run.organization, sha256: blob.sha256, was: blob.isStored, isThere: isThere))
      }
    }
  }

  private struct Blob: Sendable {
    let sha256: [UInt8]
    let mediaType: String
    let isStored: Bool

    init(_ row: Row) throws {
      sha256 = try row.get("sha256")
      mediaType = try row.get("media_type")
      isStored = try row.get("stored")
    }
  }

  /// Of what comes back the type is looked at once more: it may be what somebody has only announced.
  private func find(_ blob: Blob, _ run: JobRun) async throws -> Bool {
    let key = BlobKey.blob(run.organization, sha256: blob.sha256)
    if blob.isStored { return try await run.services.storage.has(key) }
    guard let content = try await run.services.storage.open(key) else { return false }
    guard let kind = FileKind(rawValue: blob.mediaType) else { return true }
    var beginning: [UInt8] = []
    for try await piece in content.pieces {
      beginning += piece.readableBytesView.prefix(16)
      if beginning.count >= 16 { break }
    }
    return kind.matches(beginning)
  }
}
