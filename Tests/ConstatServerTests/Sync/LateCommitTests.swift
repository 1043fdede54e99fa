import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Logging
import Postgres
import Support
import Synchronization
import Testing

/// Rows numbered when written and visible when committed are what cursors miss. The version is taken at
/// COMMIT.
@Suite struct LateCommitTests {
  private static let writers = 16
  private static let perWriter = 320

  @Test func `a puller following its cursor misses none of 5,120 changes by 16 writers that commit late`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      let pool = Pool(
        PoolConfiguration(
          url: server.database.appURL, size: Self.writers, pipelineConnections: 1,
          acquireTimeoutMilliseconds: 30_000),
        logger: Logger(label: "writers", factory: { _ in SwiftLogNoOpLogHandler() }))
      let isWriting = Mutex(true)
      async let seen = Self.follow(device, while: { isWriting.withLock { $0 } })
      let written = try await withThrowingTaskGroup(of: [String].self) { group in
        for writer in 0..<Self.writers {
          group.addTask { try await Self.write(pool, work, seed: writer) }
        }
        return try await group.reduce(into: Set<String>()) { $0.formUnion($1) }
      }
      isWriting.withLock { $0 = false }
      let pulled = try await seen
      await pool.shutdown()
      #expect(written.count == Self.writers * Self.perWriter)
      #expect(written.subtracting(pulled.ids).count == 0)
      #expect(pulled.pages > 10, "the puller ran beside the writers")
    }
  }

  /// Each transaction writes at its start and commits 0 to 20 ms later.
  private static func write(_ pool: Pool, _ work: FieldWork, seed: Int) async throws -> [String] {
    var ids: [String] = []
    for index in 0..<perWriter {
      let id = work.server.services.clock.newID()
      let wait = Double((seed * 7919 + index * 104_729) % 21) / 1000
      try await pool.transaction { transaction, _ in
        _ = try await transaction.pipeline([
          """
          SELECT set_config('app.organization_id', \(work.org.id.uuidString), true), set_config('app.actor', 'sql:test', true),
            set_config('app.channel', 'sql', true)
          """,
          """
          INSERT INTO outbuilding (organization_id, id, dossier_id, kind)
          VALUES (\(work.org.id), \(id), \(work.dossier), 'cellar')
          """,
          "SELECT pg_sleep(\(wait))",
        ])
      }
      ids.append(id.uuidString.lowercased())
    }
    return ids
  }

  private static func follow(
    _ device: RawDevice, while isWriting: @escaping @Sendable () -> Bool
  ) async throws -> (ids: Set<String>, pages: Int) {
    var pages = 0
    while true {
      let last = !isWriting()
      try await device.pull(limit: 100)
      pages += 1
      if last { break }
    }
    return (Set(device.rows.keys.filter { $0.type == .outbuilding }.map(\.id)), pages)
  }
}
