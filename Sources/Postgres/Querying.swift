/// What can run statements: the pool for reads and single writes, a transaction for the rest.
public protocol Querying: Sendable {
  /// Sends the statements together; the first that fails fails them all.
  func pipeline(_ statements: [SQL]) async throws -> [QueryResult]
}

extension Querying {
  public func query(_ statement: SQL) async throws -> QueryResult { try await pipeline([statement])[0] }

  /// The first row, nil when there is none.
  public func first<T: RowDecodable>(_ type: T.Type, _ statement: SQL) async throws -> T? {
    try await query(statement).first(type)
  }

  /// The first row, nil when there is none.
  public func first<T: RowDecodable>(_ statement: SQL, as type: T.Type = T.self) async throws -> T? {
    try await query(statement).first(type)
  }

  public func all<T: RowDecodable>(_ type: T.Type, _ statement: SQL) async throws -> [T] {
    try await query(statement).all(type)
  }

  public func all<T: RowDecodable>(_ statement: SQL, as type: T.Type = T.self) async throws -> [T] {
    try await query(statement).all(type)
  }

  /// The first column of the first row, nil when there is no row.
  public func value<T: SQLDecodable>(_ type: T.Type, _ statement: SQL) async throws -> T? {
    try await query(statement).value(type)
  }

  /// The first column of the first row, nil when there is no row.
  public func value<T: SQLDecodable>(_ statement: SQL, as type: T.Type = T.self) async throws -> T? {
    try await query(statement).value(type)
  }

  /// Runs a statement and returns how many rows it touched.
  @discardableResult
  public func execute(_ statement: SQL) async throws -> Int { try await query(statement).affectedRows }
}
