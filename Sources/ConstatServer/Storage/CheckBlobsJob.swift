import Foundation
import Metrics
import Postgres

/// Looks whether the storage has what it should, some at each run and all in turn. An attachment whose bytes it has lost
/// awaits them again: devices that still have them send them, and the office sees which are missing. What is found again
/// is there again.
struct CheckBlobsJob: Job {
  static let kind = "check-blobs"
  static let every: Int64? = 6 * 3600

  func perform(_ run: JobRun) async throws {
    let due = try await run.transaction { transaction in
      try await transaction.query(BlobStore.unchecked(run.organization)).map {
        (sha256: try $0.get("sha256") as [UInt8], isStored: try $0.get("stored") as Bool)
      }
    }
    var isThere: [Bool] = []
    for blob in due {
      isThere.append(try await run.services.storage.has(.blob(run.organization, sha256: blob.sha256)))
    }
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
}
