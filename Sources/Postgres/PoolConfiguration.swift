/// How a `Pool` reaches PostgreSQL, how much it opens, and how long it waits.
public struct PoolConfiguration: Sendable {
  /// A `postgresql://` URI or a libpq connection string. Several hosts find the primary after a failover:
  /// `postgresql://a,b,c/constat?target_session_attrs=read-write`.
  public var url: String
  /// Connections for transactions, each used by one at a time.
  public var size = 8
  /// Connections shared by the pipelines of all callers; they come on top of `size`.
  public var pipelineConnections = 4
  /// Pipelines under way on one shared connection before others wait.
  public var pipelineDepth = 16
  /// How long a caller waits for a connection before `poolExhausted`.
  public var acquireTimeoutMilliseconds = 200
  /// `statement_timeout` of each session; 0 is none.
  public var statementTimeoutMilliseconds = 5_000
  /// `lock_timeout` of each session.
  public var lockTimeoutMilliseconds = 2_000
  /// `idle_in_transaction_session_timeout` of each session.
  public var idleInTransactionMilliseconds = 10_000
  /// How long a COMMIT may take before its connection is closed and its outcome called unknown. A COMMIT
  /// that waits for a lost standby ignores `statement_timeout`, and cancelling it would lose the write.
  public var commitDeadlineMilliseconds = 5_000
  /// How much longer than the statements' own time an answer may take before the connection is given up, as
  /// with a server that is stopped or cut off.
  public var graceMilliseconds = 5_000
  /// Prepared statements kept per connection.
  public var statementCacheLimit = 512
  public var applicationName = "constat"
  /// Run on each new connection before its first use; where it fails, the connection is given up.
  public var sessionScript = ""

  public init(url: String) { self.url = url }

  public init(url: String, size: Int, pipelineConnections: Int = 4, acquireTimeoutMilliseconds: Int = 200) {
    self.url = url
    self.size = size
    self.pipelineConnections = pipelineConnections
    self.acquireTimeoutMilliseconds = acquireTimeoutMilliseconds
  }
}

/// The kind of a transaction: its isolation, whether it may write, and how long its statements may take.
public struct TransactionMode: Sendable, Equatable {
  public enum Isolation: Sendable, Equatable { case readCommitted, repeatableRead, serializable }

  public var isolation: Isolation
  public var isReadOnly: Bool
  /// Replaces the session's `statement_timeout` inside this transaction, for exports and the like.
  public var statementTimeoutMilliseconds: Int?

  public init(
    isolation: Isolation = .readCommitted, isReadOnly: Bool = false, statementTimeoutMilliseconds: Int? = nil
  ) {
    self.isolation = isolation
    self.isReadOnly = isReadOnly
    self.statementTimeoutMilliseconds = statementTimeoutMilliseconds
  }

  public static let readWrite = TransactionMode()
  public static let readOnly = TransactionMode(isReadOnly: true)
  /// Reads that all see the same instant.
  public static let snapshot = TransactionMode(isolation: .repeatableRead, isReadOnly: true)
  public static let repeatableRead = TransactionMode(isolation: .repeatableRead)
  public static let serializable = TransactionMode(isolation: .serializable)

  /// The statements that open such a transaction.
  var opening: [SQL] {
    let begin: SQL =
      switch (isolation, isReadOnly) {
      case (.readCommitted, false): "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
      case (.readCommitted, true): "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
      case (.repeatableRead, false): "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
      case (.repeatableRead, true): "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
      case (.serializable, false): "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
      case (.serializable, true): "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
      }
    guard let statementTimeoutMilliseconds else { return [begin] }
    return [
      begin, "SELECT set_config('statement_timeout', \(String(statementTimeoutMilliseconds)), true)",
    ]
  }
}
