public import ConstatCore

/// How much one exchange may carry.
public enum SyncLimits {
  /// Events in one page of a pull.
  public static let pageEvents = 500
  /// Bytes of a page's events, beyond which it ends early; one event is always sent.
  public static let pageBytes = 1 << 20
  /// Mutations in one push.
  public static let pushMutations = 500
  /// Mutations in one atomic group; a group travels in one push.
  public static let groupMutations = 50
  /// Bytes, as JSON, of the fields of one mutation that this code does not know.
  public static let unknownFieldBytes = 16 * 1024
  /// Bytes of all such fields of one row.
  public static let unknownRowBytes = 64 * 1024
  /// Levels of such fields, themselves included: rows and conflicts show them deeper than they came, and who reads
  /// those takes 32.
  public static let unknownFieldDepth = 16
  /// Bytes of a signature's image, once decoded.
  public static let signatureBytes = 200 * 1024
  /// Days that a device keeps a mutation after its answer, to send it again to a server that was
  /// restored from a backup.
  public static let journalDays = 30
  /// The same for the bytes of its files, which are larger, once their mission has left the device.
  public static let fileDays = 7
}

/// The wire's schema versions that a server speaks. A push is never refused for its age; a pull
/// below the minimum is.
public struct SchemaRange: Sendable, Hashable {
  public let minimum: Int
  public let maximum: Int

  public init(minimum: Int, maximum: Int) {
    self.minimum = minimum
    self.maximum = maximum
  }

  /// What this code speaks.
  public static let current = SchemaRange(minimum: 1, maximum: 4)

  public func contains(_ schema: Int) -> Bool { (minimum...maximum).contains(schema) }

  /// As answers say it.
  public var json: JSONValue { ["min": .integer(Int64(minimum)), "max": .integer(Int64(maximum))] }
}
