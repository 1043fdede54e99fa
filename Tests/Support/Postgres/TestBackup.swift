public import Foundation
public import LocalPostgres
import Postgres

extension TestDatabase {
  /// Dumps the database into `directory`.
  public func backup(in directory: URL) async throws -> DatabaseDump {
    let file = directory.appending(path: "backup-\(UUID().uuidString).dump").path
    let url = superuserURL
    return try await inBackground { try DatabaseDump.take(of: url, into: file) }
  }

  /// Throws the database away, with every connection to it, and makes it anew from the dump. `runBeforeUse`: SQL of the
  /// superuser, before anybody else is let in.
  public func restore(_ backup: DatabaseDump, runBeforeUse script: String? = nil) async throws {
    let (name, url, administration) = (name, superuserURL, try await TestCluster.shared.superuser.text)
    try await inBackground {
      try backup.restore(name, at: url, administration: administration) { session in
        if let script { try session.run(trusted: script) }
      }
    }
  }
}
