/// Why bytes are not a JSON value that Constat accepts. Offsets count bytes from the start.
public enum JSONError: Error, Hashable, Sendable {
  /// The text ends before its value does; also an empty text.
  case unexpectedEnd
  /// A byte that the grammar does not allow here, bytes after the value included.
  case unexpectedByte(offset: Int)
  /// The bytes of a string are not UTF-8, or an escape names half of a surrogate pair.
  case invalidText(offset: Int)
  /// U+0000, which PostgreSQL cannot hold in text.
  case nullCharacter(offset: Int)
  /// An object names a key twice: two readers could then see two different values.
  case duplicateKey(String)
  /// A whole number beyond 64 bits, however it is written.
  case numberOutOfRange(offset: Int)
  /// Arrays and objects nested deeper than the limit.
  case tooDeep(limit: Int)

  /// Stable, for problem answers.
  public var code: String {
    switch self {
    case .unexpectedEnd: "unexpected-end"
    case .unexpectedByte: "unexpected-byte"
    case .invalidText: "invalid-text"
    case .nullCharacter: "null-character"
    case .duplicateKey: "duplicate-key"
    case .numberOutOfRange: "number-out-of-range"
    case .tooDeep: "too-deep"
    }
  }
}
