import Foundation
import Postgres

/// Removes bytes that nothing refers to any more, and moves out of the database what older versions kept there. Each
/// blob is settled by itself: one that fails is met again at the next run.
struct SweepBlobsJob: Job {
  static let kind = "sweep-blobs"
  static let every: Int64? = 6 * 3600
  /// Larger ones do not belong in a table.
  private static let inlineLimit = 256 * 1024

  func perform(_ run: JobRun) async throws {
    try await moveOut(run)
    for sha256 in try await hashes(run, BlobStore.orphans(run.organization)) {
      _ = try await run.transaction { transaction in
        try await transaction.pipeline(BlobStore.condemn(run.organization, sha256: sha256))
      }
    }
    for sha256 in try await hashes(run, BlobStore.condemned(run.organization)) {
      try await run.transaction { transaction in
        let locked = try await transaction.query(BlobStore.lockCondemned(run.organization, sha256: sha256))
        guard locked.rowCount == 1 else { return }
        try await run.services.storage.delete(.blob(run.organization, sha256: sha256))
        _ = try await transaction.execute(BlobStore.forget(run.organization, sha256: sha256))
      }
    }
  }

  private func hashes(_ run: JobRun, _ statement: SQL) async throws -> [[UInt8]] {
    try await run.transaction { transaction in
      try await transaction.query(statement).map { try $0.get("sha256") }
    }
  }

  private func moveOut(_ run: JobRun) async throws {
    while true {
      let moved = try await run.transaction { transaction in
        let found = try await transaction.query(
          BlobStore.oversized(run.organization, above: Self.inlineLimit))
        for row in found {
          let sha256: [UInt8] = try row.get("sha256")
          try await run.services.storage.put(.blob(run.organization, sha256: sha256), row.get("bytes"))
          _ = try await transaction.execute(BlobStore.moved(run.organization, sha256: sha256))
        }
        return found.rowCount
      }
      if moved == 0 { return }
    }
  }
}
