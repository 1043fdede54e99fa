public import Foundation
public import Testing

/// Gives a suite, or a single test, a migrated database of its own as `TestDatabase.current`.
///
/// On a suite its tests share one database (and run in parallel on it, so each makes its own organization);
/// `.databasePerTest` gives each test of the suite its own, at the price of a copy each.
public struct DatabaseTrait: SuiteTrait, TestTrait, TestScoping {
  let migrations: URL?
  public let isRecursive: Bool

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    await DatabaseGate.shared.enter()
    do {
      let database = try await TestDatabase.create(migrations: migrations)
      do {
        try await TestDatabase.$bound.withValue(database) { try await function() }
      } catch {
        try? await database.drop()
        throw error
      }
      try await database.drop()
    } catch {
      await DatabaseGate.shared.leave()
      throw error
    }
    await DatabaseGate.shared.leave()
  }
}

extension Trait where Self == DatabaseTrait {
  /// One migrated database for the suite or test.
  public static var database: Self { database() }

  /// One database with the migrations of `directory`; nil is none, and an empty database.
  public static func database(migrations directory: URL? = TestDatabase.projectMigrations) -> Self {
    DatabaseTrait(migrations: directory, isRecursive: false)
  }

  /// One migrated database for each test of the suite.
  public static var databasePerTest: Self {
    DatabaseTrait(migrations: TestDatabase.projectMigrations, isRecursive: true)
  }

  /// One empty database for the suite or test.
  public static var emptyDatabase: Self { database(migrations: nil) }
}

/// Limits how many databases are in use at once, so that all suites together stay within the connections of
/// one server.
actor DatabaseGate {
  static let shared = DatabaseGate(12)
  /// Whole servers hold more connections, and on two cores more of them at once are only slower.
  static let servers = DatabaseGate(8)
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  private init(_ places: Int) { free = places }

  func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
