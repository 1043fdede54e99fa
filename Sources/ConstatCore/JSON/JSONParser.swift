extension JSONValue {
  /// Reads one JSON text strictly (RFC 8259): valid UTF-8, no duplicate key, nothing after the
  /// value, no U+0000, numbers that fit, nesting within the limit. The bytes come from outside,
  /// so whatever is doubtful is refused rather than guessed.
  public static func parse(
    _ bytes: UnsafeRawBufferPointer, maxDepth: Int = 32
  ) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes: bytes, maxDepth: maxDepth)
    return try parser.document()
  }

  public static func parse(_ bytes: [UInt8], maxDepth: Int = 32) throws(JSONError) -> JSONValue {
    try bytes.withUnsafeBytes { raw in
      Result { () throws(JSONError) in try parse(raw, maxDepth: maxDepth) }
    }.get()
  }

  public static func parse(_ text: String, maxDepth: Int = 32) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), maxDepth: maxDepth)
  }
}

/// One pass over the bytes, which must outlive it. A string without escapes is made from its
/// bytes in one step; only escapes cost a buffer.
private struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let maxDepth: Int
  var position = 0

  init(bytes: UnsafeRawBufferPointer, maxDepth: Int) {
    self.bytes = bytes
    self.maxDepth = maxDepth
  }

  mutating func document() throws(JSONError) -> JSONValue {
    skipSpace()
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw .unexpectedByte(offset: position) }
    return value
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard position < bytes.count else { throw .unexpectedEnd }
    switch bytes[position] {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw .unexpectedByte(offset: position)
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    guard depth <= maxDepth else { throw .tooDeep(limit: maxDepth) }
    position += 1
    var members: [String: JSONValue] = [:]
    skipSpace()
    if skip(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard position < bytes.count else { throw .unexpectedEnd }
      guard bytes[position] == UInt8(ascii: "\"") else { throw .unexpectedByte(offset: position) }
      let key = try string()
      skipSpace()
      try expect(UInt8(ascii: ":"))
      skipSpace()
      let value = try value(depth: depth)
      guard members.updateValue(value, forKey: key) == nil else { throw .duplicateKey(key) }
      skipSpace()
      if skip(UInt8(ascii: "}")) { return .object(members) }
      try expect(UInt8(ascii: ","))
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    guard depth <= maxDepth else { throw .tooDeep(limit: maxDepth) }
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if skip(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      skipSpace()
      elements.append(try value(depth: depth))
      skipSpace()
      if skip(UInt8(ascii: "]")) { return .array(elements) }
      try expect(UInt8(ascii: ","))
    }
  }

  private mutating func word(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    for index in 0..<word.utf8CodeUnitCount { try expect(word.utf8Start[index]) }
    return value
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        let text = try text(from: start, to: position)
        position += 1
        return text
      case UInt8(ascii: "\\"): return try escapedString(from: start)
      case 0: throw .nullCharacter(offset: position)
      case ..<0x20: throw .unexpectedByte(offset: position)
      default: position += 1
      }
    }
    throw .unexpectedEnd
  }

  private func text(from start: Int, to end: Int) throws(JSONError) -> String {
    let slice = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw .invalidText(offset: start)
    }
    return text
  }

  /// The rest of a string that has an escape: pieces between escapes are validated as they are.
  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var result = try text(from: start, to: position)
    while position < bytes.count {
      let pieceStart = position
      while position < bytes.count, bytes[position] >= 0x20,
        bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\")
      { position += 1 }
      if position > pieceStart { result += try text(from: pieceStart, to: position) }
      guard position < bytes.count else { throw .unexpectedEnd }
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return result
      case UInt8(ascii: "\\"): result.unicodeScalars.append(try escape())
      case 0: throw .nullCharacter(offset: position)
      default: throw .unexpectedByte(offset: position)
      }
    }
    throw .unexpectedEnd
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    let offset = position
    position += 1
    guard position < bytes.count else { throw .unexpectedEnd }
    let kind = bytes[position]
    position += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw .unexpectedByte(offset: position - 1)
    }
    let unit = try hexadecimal()
    guard unit != 0 else { throw .nullCharacter(offset: offset) }
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard unit < 0xDC00, skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else {
      throw .invalidText(offset: offset)
    }
    let low = try hexadecimal()
    guard (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
    else { throw .invalidText(offset: offset) }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count else { throw .unexpectedEnd }
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw .unexpectedByte(offset: position)
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    let isNegative = skip(UInt8(ascii: "-"))
    let firstDigit = position
    var magnitude: UInt64 = 0
    var fits = true
    while let digit = digit() {
      let (scaled, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = scaled.addingReportingOverflow(UInt64(digit))
      fits = fits && !overflow && !carry
      magnitude = sum
    }
    guard position > firstDigit else { throw unexpected() }
    guard bytes[firstDigit] != UInt8(ascii: "0") || position == firstDigit + 1 else {
      throw .unexpectedByte(offset: firstDigit + 1)
    }
    if try fractionOrExponent() {
      // RFC 8259's grammar is a subset of what Double reads. What is whole and has more than 64 bits does not fit,
      // however it is written: PostgreSQL would write it out.
      guard let value = Double(try text(from: start, to: position)),
        value.magnitude < 0x1p63 || value == -0x1p63
      else { throw .numberOutOfRange(offset: start) }
      return JSONValue(number: value)
    }
    let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
    guard fits, magnitude <= limit else { throw .numberOutOfRange(offset: start) }
    return .integer(isNegative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude))
  }

  /// Passes `.digits` and `e±digits`; false when neither is there.
  private mutating func fractionOrExponent() throws(JSONError) -> Bool {
    let start = position
    if skip(UInt8(ascii: ".")) { try digits() }
    if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
      if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
      try digits()
    }
    return position > start
  }

  private mutating func digits() throws(JSONError) {
    guard digit() != nil else { throw unexpected() }
    while digit() != nil {}
  }

  private mutating func digit() -> UInt8? {
    guard position < bytes.count else { return nil }
    let digit = bytes[position] &- UInt8(ascii: "0")
    guard digit < 10 else { return nil }
    position += 1
    return digit
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard skip(byte) else { throw unexpected() }
  }

  private func unexpected() -> JSONError {
    position < bytes.count ? .unexpectedByte(offset: position) : .unexpectedEnd
  }
}
