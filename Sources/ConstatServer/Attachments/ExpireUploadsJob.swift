import Foundation
import Postgres

/// Removes uploads that nobody went on with for seven days, with the parts that came.
struct ExpireUploadsJob: Job {
  static let kind = "expire-uploads"
  static let every: Int64? = 3600

  func perform(_ run: JobRun) async throws {
    let expired: [UUID] = try await run.transaction { transaction in
      try await transaction.query(UploadStore.expired(run.organization)).map { try $0.get("id") }
    }
    for id in expired {
      try await run.transaction { transaction in
        let upload = try await transaction.first(
          UploadStore.Upload.self, UploadStore.lockExpired(run.organization, id))
        guard let upload else { return }
        try await DropUpload(services: run.services, organization: run.organization, upload: upload).run {
          _ = try await transaction.execute(UploadStore.delete(run.organization, id))
        }
      }
    }
  }
}
