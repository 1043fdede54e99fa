import Foundation
import LocalPostgres

/// The database as it was at one moment.
enum Backup: Sendable {
  case dump(DatabaseDump)
  /// A copy of the cluster's files, in this directory.
  case files(String)
}

extension World {
  /// Takes a backup: of the database while all goes on, or of the cluster's files, as a snapshot of the machine is.
  func backUp(asFiles: Bool) async throws -> Backup {
    chronicle.backUp()
    if asFiles { return .files(try await cluster.copyFiles()) }
    let (url, file) = (cluster.superuserURL, "\(directory)/backup-\(chronicle.now).dump")
    return .dump(try await inBackground { try DatabaseDump.take(of: url, into: file) })
  }

  /// Puts a backup back. Of a dump the running API finds out by itself; files leave no trace, so the API is stopped, and
  /// `constat recover` is run before it starts again.
  func restore(_ backup: Backup) async throws {
    let (cluster, chronicle) = (cluster, chronicle)
    switch backup {
    case .dump(let dump):
      try await inBackground {
        try dump.restore("constat", at: cluster.superuserURL, administration: cluster.administrationURL) {
          _ in
          chronicle.restored()
        }
      }
    case .files(let copy):
      await killAPI()
      try await cluster.putBack(copy) { chronicle.restored() }
      try await recover()
      try await startAPI()
    }
  }
}
