import CLibPQ
import Foundation

/// A blocking connection for scripts: migrations, the creation of databases and roles, and the like.
///
/// It runs whole scripts of several statements, which a `Pool` cannot, on a thread of its own.
public struct AdminSession {
  private let handle: OpaquePointer

  /// Connects to `url`, hands the session to `body` on a background thread, and closes it afterwards.
  public static func run<T: Sendable>(
    at url: String, _ body: @escaping @Sendable (AdminSession) throws -> T
  ) async throws -> T {
    try await withUnsafeThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try runBlocking(at: url, body) }) }
    }
  }

  /// The same on the calling thread, which must not be one of Swift's cooperative pool.
  public static func runBlocking<T>(at url: String, _ body: (AdminSession) throws -> T) throws -> T {
    let handle = try Dialer.connect(url: url, applicationName: "constat-admin", timeoutSeconds: 30)
    defer { PQfinish(handle) }
    return try body(AdminSession(handle: handle))
  }

  /// Runs a script of one or more statements that the program made or read from its own files. Without
  /// statements of its own to the contrary, the script is one transaction.
  public func run(trusted script: String) throws {
    try Dialer.run(script, on: handle)
  }

  /// Runs one statement with its values bound.
  public func query(_ statement: SQL) throws -> QueryResult {
    guard ParameterBuffer().execute(statement, on: handle) else {
      throw PostgresError(.connectionLost, "08006")
    }
    var last: OpaquePointer?
    while let result = PQgetResult(handle) {
      if let last { PQclear(last) }
      last = result
    }
    guard let last else { throw PostgresError(.connectionLost, "08006") }
    let answer = QueryResult(last, shape: ResultShape(result: last))
    switch PQresultStatus(last) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return answer
    default: throw PostgresError(result: last)
    }
  }
}
