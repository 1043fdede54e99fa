import CLibPQ
import Synchronization

/// A column of a result: its name and the OID of its type.
public struct Column: Sendable, Equatable {
  public let name: String
  public let typeOID: UInt32
}

/// The columns of a prepared statement's result; they never change, so all its results share them.
final class ResultShape: Sendable {
  let columns: [Column]
  private let derived = Mutex<(any Sendable)?>(nil)

  init(result: OpaquePointer) {
    columns = (0..<PQnfields(result)).map {
      Column(name: String(cString: PQfname(result, $0)), typeOID: PQftype(result, $0))
    }
  }

  func derived<T: Sendable>(_ make: ([Column]) -> T) -> T {
    if let known = derived.withLock({ $0 }) as? T { return known }
    let made = make(columns)
    derived.withLock { $0 = made }
    return made
  }
}

/// The values of a result, to read many of them without a count of references at each; valid as long as the result is
/// alive.
public struct Cells {
  let handle: OpaquePointer

  /// The text of a value, nil for NULL, without a copy.
  public func text(row: Int, column: Int) -> UnsafeBufferPointer<UInt8>? {
    let (row, column) = (Int32(row), Int32(column))
    let length = PQgetlength(handle, row, column)
    if length == 0, PQgetisnull(handle, row, column) == 1 { return nil }
    guard let value = PQgetvalue(handle, row, column) else { return nil }
    return UnsafeRawPointer(value).withMemoryRebound(to: UInt8.self, capacity: Int(length)) {
      UnsafeBufferPointer(start: $0, count: Int(length))
    }
  }
}

/// The rows that one statement returned, kept as libpq received them: text, read in place.
public final class QueryResult: RandomAccessCollection, @unchecked Sendable {
  // Unchecked: a PGresult is never changed after it was received.
  private let handle: OpaquePointer
  private let shape: ResultShape
  public let rowCount: Int

  init(_ handle: OpaquePointer, shape: ResultShape) {
    self.handle = handle
    self.shape = shape
    rowCount = Int(PQntuples(handle))
  }

  deinit { PQclear(handle) }

  public var columns: [Column] { shape.columns }
  public var startIndex: Int { 0 }
  public var endIndex: Int { rowCount }

  /// The rows that an INSERT, UPDATE, DELETE or MERGE touched, or that a SELECT returned.
  public var affectedRows: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

  /// `SELECT 3`, `INSERT 0 1`, `COMMIT`, …: the server's word on what was done.
  public var commandTag: String { String(cString: PQcmdStatus(handle)) }

  public subscript(row: Int) -> Row {
    precondition(row >= 0 && row < rowCount, "row out of range")
    return Row(result: self, index: row)
  }

  public func isNull(row: Int, column: Int) -> Bool { PQgetisnull(handle, Int32(row), Int32(column)) == 1 }

  /// The text of a value, nil for NULL; valid only during `body`.
  public func withBytes<T>(
    row: Int, column: Int, _ body: (UnsafeBufferPointer<UInt8>?) throws -> T
  ) rethrows -> T {
    try withExtendedLifetime(self) { try body(text(row: row, column: column)) }
  }

  public var cells: Cells { Cells(handle: handle) }

  /// The text of a value, nil for NULL, without a copy: valid as long as this result is alive.
  public func text(row: Int, column: Int) -> UnsafeBufferPointer<UInt8>? {
    cells.text(row: row, column: column)
  }

  /// What `make` makes of the columns: once for all results of a prepared statement, for as long as all ask for the same
  /// type.
  public func derived<T: Sendable>(_ make: ([Column]) -> T) -> T { shape.derived(make) }

  /// The position of a column; results are narrow, so a scan beats a dictionary.
  public func column(named name: String) -> Int? { shape.columns.firstIndex { $0.name == name } }

  /// All rows as `T`.
  public func all<T: RowDecodable>(_: T.Type = T.self) throws -> [T] { try map { try T(row: $0) } }

  /// The first row as `T`, nil when there is none.
  public func first<T: RowDecodable>(_: T.Type = T.self) throws -> T? { try first.map { try T(row: $0) } }

  /// The first column of the first row, nil when there is no row.
  public func value<T: SQLDecodable>(_: T.Type = T.self) throws -> T? { try first?.get(0) }
}

/// One row of a result.
public struct Row: Sendable {
  public let result: QueryResult
  public let index: Int

  /// The value of a column by name; NULL is an error unless `T` is optional.
  public func get<T: SQLDecodable>(_ name: String, as type: T.Type = T.self) throws -> T {
    guard let column = result.column(named: name) else { throw unreadable(name) }
    return try get(column, as: type)
  }

  /// The value of a column by position.
  public func get<T: SQLDecodable>(_ column: Int, as: T.Type = T.self) throws -> T {
    try result.withBytes(row: index, column: column) { text in
      do { return try T.decode(text) } catch is Unreadable { throw unreadable(result.columns[column].name) }
    }
  }

  /// A copy of a value's text, nil for NULL or for a column that is not there.
  public func bytes(_ name: String) -> [UInt8]? {
    guard let column = result.column(named: name) else { return nil }
    return result.withBytes(row: index, column: column) { $0.map { [UInt8]($0) } }
  }

  public func isNull(_ name: String) -> Bool {
    result.column(named: name).map { result.isNull(row: index, column: $0) } ?? true
  }

  private func unreadable(_ column: String) -> PostgresError {
    var error = PostgresError(.decoding, "22000", message: "cannot read column \(column)")
    error.column = column
    return error
  }
}

/// A type that reads itself from a row.
public protocol RowDecodable {
  init(row: Row) throws
}
