public import Foundation
public import Logging
public import Postgres
import Synchronization

/// A database of its own for a test or a suite, copied from a migrated template.
public final class TestDatabase: Sendable {
  /// Who connects: the API's role is bound by row-level security, the owner of the tables migrates.
  public enum Role: String, Sendable {
    case app = "constat_app"
    case owner = "constat_owner"
    case superuser = "postgres"
  }

  @TaskLocal static var bound: TestDatabase?

  /// The database of the running test; the test or its suite carries the trait `.database`.
  public static var current: TestDatabase {
    guard let bound else { preconditionFailure("the test has no .database trait") }
    return bound
  }

  public let name: String
  /// Connects as `constat_app` with a small pool that waits long; closed with the database.
  public let pool: Pool
  private let cluster: TestCluster
  private let pools: Mutex<[Pool]>

  private init(name: String, cluster: TestCluster) {
    self.name = name
    self.cluster = cluster
    pool = Pool(Self.configuration(cluster.url(user: Role.app.rawValue, database: name)), logger: .test)
    pools = Mutex([pool])
  }

  public var appURL: String { url(as: .app) }
  public var ownerURL: String { url(as: .owner) }
  public var superuserURL: String { url(as: .superuser) }

  public func url(as role: Role) -> String {
    role == .superuser
      ? cluster.superuser.with(["dbname": name]).text : cluster.url(user: role.rawValue, database: name)
  }

  /// A further pool, closed with the database.
  public func makePool(
    as role: Role = .app, adjusting adjust: (inout PoolConfiguration) -> Void = { _ in }
  ) -> Pool {
    var configuration = Self.configuration(url(as: role))
    adjust(&configuration)
    let pool = Pool(configuration, logger: .test)
    pools.withLock { $0.append(pool) }
    return pool
  }

  private static func configuration(_ url: String) -> PoolConfiguration {
    var configuration = PoolConfiguration(url: url, size: 6, pipelineConnections: 2)
    // Tests compete for few cores; only those about waiting want to hear that it took long.
    configuration.acquireTimeoutMilliseconds = 30_000
    configuration.statementTimeoutMilliseconds = 30_000
    configuration.lockTimeoutMilliseconds = 20_000
    configuration.idleInTransactionMilliseconds = 60_000
    configuration.commitDeadlineMilliseconds = 30_000
    return configuration
  }

  // MARK: Making and dropping

  /// The migrations of this repository.
  public static let projectMigrations = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Migrations")

  /// A new database with these migrations applied; without any, empty and open to `constat_app`.
  public static func create(migrations: URL? = projectMigrations) async throws -> TestDatabase {
    let cluster = try await TestCluster.shared
    let name = "test_\(getpid())_\(serial.withLock { $0 += 1; return $0 })"
    let template = try await templates.name(for: migrations, in: cluster)
    try await AdminSession.run(at: cluster.superuser.text) { session in
      // Other test processes may use the same server; copies of one template take turns.
      try session.run(trusted: "SELECT pg_advisory_lock(2667828)")
      try session.run(trusted: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
      try session.run(trusted: "CREATE DATABASE \(name) OWNER constat_owner TEMPLATE \(template)")
    }
    let database = TestDatabase(name: name, cluster: cluster)
    if migrations == nil {
      try await AdminSession.run(at: database.superuserURL) { session in
        try session.run(
          trusted: """
            GRANT ALL ON DATABASE \(name) TO constat_app; GRANT ALL ON SCHEMA public TO constat_app;
            """)
      }
    }
    return database
  }

  public func drop() async throws {
    let opened = pools.withLock { pools in
      defer { pools = [] }
      return pools
    }
    for pool in opened { await pool.shutdown() }
    let name = name
    try await AdminSession.run(at: cluster.superuser.text) { session in
      try session.run(trusted: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }
  }

  private static let serial = Mutex(0)
  private static let templates = TemplateDatabases()
}

/// The migrated databases that tests' own are copied from, each made once per process.
private actor TemplateDatabases {
  private var made: [URL: Task<String, any Error>] = [:]

  func name(for migrations: URL?, in cluster: TestCluster) async throws -> String {
    guard let migrations else { return "template1" }
    if let task = made[migrations] { return try await task.value }
    let name = "template_\(getpid())_\(made.count)"
    let task = Task {
      try await AdminSession.run(at: cluster.superuser.text) { session in
        try session.run(trusted: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        try session.run(trusted: "CREATE DATABASE \(name) OWNER constat_owner")
      }
      let url = cluster.url(user: "constat_owner", database: name)
      try await Migrator(directory: migrations).migrate(url, logger: .test)
      return name
    }
    made[migrations] = task
    return try await task.value
  }
}

extension Logger {
  /// Says nothing but what goes wrong.
  public static let test: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .error
    return logger
  }()
}
