import CLibPQ
import Foundation

/// A libpq connection on its way from one thread to another.
struct ConnectionHandle: @unchecked Sendable {
  let pointer: OpaquePointer
}

/// Makes connections. It blocks (names, TLS, authentication, the search for the primary among several
/// hosts), so it runs on a thread of its own, away from the reactor.
enum Dialer {
  /// Connects in the background and calls back from there.
  static func dial(
    _ configuration: PoolConfiguration,
    _ completion: @escaping @Sendable (Result<ConnectionHandle, PostgresError>) -> Void
  ) {
    Thread.detachNewThread {
      do throws(PostgresError) {
        let handle = try connect(
          url: configuration.url, applicationName: configuration.applicationName, timeoutSeconds: 2)
        do throws(PostgresError) {
          try run(sessionSetUp(configuration), on: handle)
          guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
            throw PostgresError(.connectionLost, "08006")
          }
        } catch {
          PQfinish(handle)
          throw error
        }
        completion(.success(ConnectionHandle(pointer: handle)))
      } catch { completion(.failure(error)) }
    }
  }

  /// A blocking connection, with limits on how long making it may take and a dead peer stay unnoticed.
  static func connect(
    url: String, applicationName: String, timeoutSeconds: Int
  ) throws(PostgresError) -> OpaquePointer {
    // What stands before `dbname` is a default that the URL may override; what follows it is final.
    let parameters = [
      ("connect_timeout", String(timeoutSeconds)), ("tcp_user_timeout", "4000"), ("keepalives_idle", "10"),
      ("keepalives_interval", "5"), ("keepalives_count", "3"), ("gssencmode", "disable"),
      ("fallback_application_name", applicationName), ("dbname", url), ("client_encoding", "UTF8"),
    ]
    let keywords = parameters.map { strdup($0.0) }
    let values = parameters.map { strdup($0.1) }
    defer { for text in keywords + values { free(text) } }
    let handle = PQconnectdbParams(
      keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    guard let handle else { throw PostgresError(.connectionLost, "08001") }
    guard PQstatus(handle) == CONNECTION_OK else {
      let message = String(cString: PQerrorMessage(handle))
      PQfinish(handle)
      throw PostgresError(.connectionLost, "08001", message: message)
    }
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    return handle
  }

  /// Runs a script of any number of statements on a blocking connection.
  static func run(_ script: String, on handle: OpaquePointer) throws(PostgresError) {
    let result = PQexec(handle, script)
    defer { PQclear(result) }
    guard let result else { throw PostgresError(.connectionLost, "08006") }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
    default:
      let error = PostgresError(result: result)
      throw PQstatus(handle) == CONNECTION_OK ? error : error.with(kind: .connectionLost)
    }
  }

  /// Short statements by many callers: compiling one, starting workers for it, or planning it anew for its values costs
  /// more than it saves. PostgreSQL weighs the last by estimates, in which planning is cheaper than it is, and decides
  /// otherwise on each connection. So a statement whose best plan depends on a value has that value in its text.
  private static func sessionSetUp(_ configuration: PoolConfiguration) -> String {
    """
    SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex';
    SET extra_float_digits = 1; SET jit = off; SET max_parallel_workers_per_gather = 0;
    SET plan_cache_mode = force_generic_plan;
    SET statement_timeout = \(configuration.statementTimeoutMilliseconds);
    SET lock_timeout = \(configuration.lockTimeoutMilliseconds);
    SET idle_in_transaction_session_timeout = \(configuration.idleInTransactionMilliseconds);
    \(configuration.sessionScript)
    """
  }
}
