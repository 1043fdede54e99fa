import CLibPQ

/// What went wrong between a caller and PostgreSQL.
///
/// Its description holds the kind and the SQLSTATE only, so that it can be logged and shown without giving
/// data away; `message` and `detail` may hold values and serve debugging alone.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// The server refused a statement; `sqlState` says why.
    case server
    /// No connection became free in time. Nothing was sent: answer 503 and let the caller retry.
    case poolExhausted
    /// The connection could not be made, or broke with no COMMIT under way.
    case connectionLost
    /// COMMIT was sent and its fate is not known: not confirmed, and not refused either.
    case outcomeUnknown
    /// A value could not be read as the wanted type, or a wanted row is missing.
    case decoding
    /// A value cannot be sent, such as text with a NUL in it.
    case encoding
    /// A transaction was used after its end, or a statement where it is not allowed.
    case misuse
    /// The pool is shut down.
    case closed
  }

  public let kind: Kind
  /// Five characters of the SQL standard and PostgreSQL's appendix A; for other kinds the nearest class.
  public let sqlState: String
  public var constraint: String?
  public var table: String?
  public var column: String?
  /// For debug logs only: it can quote data.
  public var message: String?
  /// For debug logs only: it can quote data.
  public var detail: String?
  /// The server function that raised it; tells apart errors that share a SQLSTATE.
  var sourceFunction: String?
  /// Whether the server ended the session with it.
  var isFatal = false

  init(_ kind: Kind, _ sqlState: String, message: String? = nil) {
    self.kind = kind
    self.sqlState = sqlState
    self.message = message
  }

  public var description: String { "PostgresError(\(kind), \(sqlState))" }

  /// Whether the same transaction may succeed when run again as it is.
  public var isTransient: Bool {
    kind == .server && (sqlState == Code.serializationFailure || sqlState == Code.deadlockDetected)
  }

  /// The SQLSTATEs that callers branch on.
  public enum Code {
    public static let notNullViolation = "23502"
    public static let foreignKeyViolation = "23503"
    public static let uniqueViolation = "23505"
    public static let checkViolation = "23514"
    public static let exclusionViolation = "23P01"
    public static let restrictViolation = "23001"
    public static let serializationFailure = "40001"
    public static let deadlockDetected = "40P01"
    public static let lockNotAvailable = "55P03"
    public static let queryCanceled = "57014"
    public static let inFailedTransaction = "25P02"
    public static let readOnlyTransaction = "25006"
    public static let insufficientPrivilege = "42501"
    public static let undefinedTable = "42P01"
    public static let raisedException = "P0001"
    public static let invalidText = "22P02"
    public static let characterNotInRepertoire = "22021"
  }
}

extension PostgresError {
  static let poolExhausted = PostgresError(.poolExhausted, "53300")
  static let closed = PostgresError(.closed, "08003")
  static let transactionEnded = PostgresError(.misuse, "25P01", message: "the transaction has ended")

  /// Reads the fields of an error result; `result` stays the caller's.
  init(result: OpaquePointer) {
    func field(_ code: Unicode.Scalar) -> String? {
      PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
    guard let state = field("C") else {
      // The client library's own: the server went away in the middle of its answer.
      self.init(.connectionLost, "08006", message: field("M"))
      isFatal = true
      return
    }
    self.init(.server, state, message: field("M"))
    detail = field("D")
    table = field("t")
    column = field("c")
    constraint = field("n")
    sourceFunction = field("R")
    isFatal = field("V") == "FATAL" || field("V") == "PANIC"
  }

  /// The same facts about an error that broke the connection, or came with its break.
  func with(kind: Kind) -> PostgresError {
    var copy = PostgresError(kind, sqlState, message: message)
    copy.detail = detail
    return copy
  }

  /// Whether a prepared statement has outlived the schema or the session, so that preparing anew helps.
  var isStaleStatement: Bool {
    sqlState == "26000" || (sqlState == "0A000" && sourceFunction == "RevalidateCachedQuery")
  }
}
