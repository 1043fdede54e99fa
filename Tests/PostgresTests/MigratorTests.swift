import Foundation
import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct MigratorTests {
  /// A directory of migration files, removed with the value.
  private final class Files {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    var migrator: Migrator { Migrator(directory: directory) }

    init(_ files: [String: String]) throws {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      for (name, text) in files { try write(name, text) }
    }

    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: directory.appendingPathComponent(name))
    }

    func remove(_ name: String) throws {
      try FileManager.default.removeItem(at: directory.appendingPathComponent(name))
    }

    deinit { try? FileManager.default.removeItem(at: directory) }
  }

  private static let twoFiles = [
    "0002_second.sql": "INSERT INTO first (n) VALUES (2); INSERT INTO first (n) VALUES (3);",
    "0001_first.sql":
      "CREATE TABLE first (n bigint);\nCREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql;",
    "README.md": "not a migration",
  ]

  private func withDatabase(_ body: (TestDatabase) async throws -> Void) async throws {
    let database = try await TestDatabase.create(migrations: nil)
    do { try await body(database) } catch {
      try await database.drop()
      throw error
    }
    try await database.drop()
  }

  @Test func `migrations are applied in order, once`() async throws {
    try await withDatabase { database in
      let files = try Files(Self.twoFiles)
      let url = database.ownerURL
      #expect(try await files.migrator.status(url).map(\.isApplied) == [false, false])
      #expect(try await files.migrator.migrate(url, logger: .test).map(\.name) == ["first", "second"])
      #expect(try await files.migrator.migrate(url, logger: .test) == [])
      try files.write("0003_third.sql", "INSERT INTO first (n) VALUES (4)")
      #expect(try await files.migrator.migrate(url, logger: .test).map(\.version) == [3])
      #expect(try await files.migrator.status(url).allSatisfy(\.isApplied))
      let pool = database.makePool(as: .owner)
      #expect(try await pool.all(Number.self, "SELECT n FROM first ORDER BY n").map(\.n) == [2, 3, 4])
      let recorded: Int? = try await pool.value(
        "SELECT count(*) FROM system.schema_migration WHERE length(checksum) = 64 AND applied_at <= now()")
      #expect(recorded == 3)
    }
  }

  @Test func `an applied file that was edited, removed or preceded is refused`() async throws {
    try await withDatabase { database in
      let files = try Files(Self.twoFiles)
      let url = database.ownerURL
      try await files.migrator.migrate(url, logger: .test)
      try files.write("0002_second.sql", "SELECT 1")
      await #expect(throws: Migrator.Refusal.edited("second")) {
        try await files.migrator.migrate(url, logger: .test)
      }
      try files.remove("0002_second.sql")
      await #expect(throws: Migrator.Refusal.missing("second")) { try await files.migrator.status(url) }
      let others = try Files(["0002_later.sql": "SELECT 1"])
      try await withDatabase { fresh in
        try await others.migrator.migrate(fresh.ownerURL, logger: .test)
        try others.write("0001_earlier.sql", "SELECT 1")
        await #expect(throws: Migrator.Refusal.outOfOrder("earlier")) {
          try await others.migrator.migrate(fresh.ownerURL, logger: .test)
        }
      }
    }
  }

  @Test func `file names that say no order are refused`() throws {
    let files = try Files(["first.sql": ""])
    #expect(throws: Migrator.Refusal.unreadableName("first.sql")) { try files.migrator.migrations() }
    try files.remove("first.sql")
    try files.write("0001_a.sql", "")
    try files.write("0001_b.sql", "")
    #expect(throws: Migrator.Refusal.duplicateVersion(1)) { try files.migrator.migrations() }
  }

  @Test func `a migration that fails leaves no trace, and those before it stay`() async throws {
    try await withDatabase { database in
      let files = try Files([
        "0001_good.sql": "CREATE TABLE good (n bigint)",
        "0002_bad.sql": "CREATE TABLE bad (n bigint); SELECT 1 / 0;",
      ])
      await #expect(throws: PostgresError.self) {
        try await files.migrator.migrate(database.ownerURL, logger: .test)
      }
      let pool = database.makePool(as: .owner)
      #expect(try await pool.value(Bool.self, "SELECT to_regclass('good') IS NOT NULL") == true)
      #expect(try await pool.value(Bool.self, "SELECT to_regclass('bad') IS NULL") == true)
      #expect(try await files.migrator.status(database.ownerURL).map(\.isApplied) == [true, false])
    }
  }

  @Test(arguments: ["lock_not_available", "deadlock_detected"])
  func `a migration that others stand in the way of steps back and tries again`(_ error: String) async throws
  {
    try await withDatabase { database in
      // A sequence alone remembers an attempt that was undone.
      let files = try Files([
        "0001_attempts.sql": "CREATE SEQUENCE attempts; CREATE TABLE done (n bigint)",
        "0002_second.sql": """
        INSERT INTO done (n) VALUES (nextval('attempts'));
        DO $$ BEGIN
          IF (SELECT n FROM done) = 1 THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '\(error)'; END IF;
        END $$;
        """,
      ])
      #expect(try await files.migrator.migrate(database.ownerURL, logger: .test).count == 2)
      let pool = database.makePool(as: .owner)
      #expect(try await pool.value(Int.self, "SELECT n FROM done") == 2)
    }
  }

  @Test func `a migration may ask for no transaction`() async throws {
    try await withDatabase { database in
      let files = try Files([
        "0001_table.sql": "CREATE TABLE indexed (n bigint)",
        "0002_index.sql": "-- migrate:no-transaction\nCREATE INDEX CONCURRENTLY indexed_n ON indexed (n)",
      ])
      #expect(try await files.migrator.migrate(database.ownerURL, logger: .test).count == 2)
      let pool = database.makePool(as: .owner)
      #expect(try await pool.value(Bool.self, "SELECT to_regclass('indexed_n') IS NOT NULL") == true)
    }
  }

  @Test func `concurrent migrators take turns and apply once`() async throws {
    try await withDatabase { database in
      let files = try Files(Self.twoFiles)
      let (migrator, url) = (files.migrator, database.ownerURL)
      let applied = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<4 { group.addTask { try await migrator.migrate(url, logger: .test).count } }
        return try await group.reduce(0, +)
      }
      #expect(applied == 2)
    }
  }
}
