public import Foundation

/// A value that can be read from the text form of a column.
///
/// An enum with `String` raw values conforms by declaration alone: `extension Status: SQLDecodable {}`.
public protocol SQLDecodable {
  /// Reads a value that is not NULL; the bytes are only valid during the call.
  init(text: UnsafeBufferPointer<UInt8>) throws
  /// Reads a value or NULL; the default refuses NULL.
  static func decode(_ text: UnsafeBufferPointer<UInt8>?) throws -> Self
  /// Reads an array of these; the default serves all but bytes.
  static func decodeArray(_ text: UnsafeBufferPointer<UInt8>) throws -> [Self]
}

/// Why a value cannot be read as the wanted type; `Row` adds the column's name.
struct Unreadable: Error {}

extension SQLDecodable {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>?) throws -> Self {
    guard let text else { throw Unreadable() }
    return try Self(text: text)
  }

  public static func decodeArray(_ text: UnsafeBufferPointer<UInt8>) throws -> [Self] {
    try ArrayText.elements(of: text, as: Self.self)
  }
}

extension SQLDecodable where Self: RawRepresentable, RawValue: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws {
    guard let value = Self(rawValue: try RawValue(text: text)) else { throw Unreadable() }
    self = value
  }
}

extension String: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) { self = String(decoding: text, as: UTF8.self) }
}

extension Bool: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws {
    guard text.count == 1 else { throw Unreadable() }
    switch text[0] {
    case UInt8(ascii: "t"): self = true
    case UInt8(ascii: "f"): self = false
    default: throw Unreadable()
    }
  }
}

extension SQLDecodable where Self: FixedWidthInteger {
  public init(text: UnsafeBufferPointer<UInt8>) throws {
    let isNegative = text.first == UInt8(ascii: "-")
    guard text.count > (isNegative ? 1 : 0) else { throw Unreadable() }
    var value: Self = 0
    for byte in text[(isNegative ? 1 : 0)...] {
      guard byte >= 48, byte <= 57 else { throw Unreadable() }
      let digit = Self(truncatingIfNeeded: byte &- 48)
      let (product, overflows) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsToo) =
        isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      guard !overflows, !overflowsToo else { throw Unreadable() }
      value = sum
    }
    self = value
  }
}

extension Int: SQLDecodable {}
extension Int64: SQLDecodable {}
extension Int32: SQLDecodable {}
extension Int16: SQLDecodable {}

/// Alone a smallint; an array of bytes is a `bytea`.
extension UInt8: SQLDecodable {
  public static func decodeArray(_ text: UnsafeBufferPointer<UInt8>) throws -> [UInt8] {
    guard text.count >= 2, text.count % 2 == 0, text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x")
    else { throw Unreadable() }
    return try [UInt8](unsafeUninitializedCapacity: text.count / 2 - 1) { bytes, count in
      for index in 0..<(text.count / 2 - 1) {
        let high = try hexDigit(text[index * 2 + 2])
        bytes[index] = try high << 4 | hexDigit(text[index * 2 + 3])
        count = index + 1
      }
    }
  }
}

extension Double: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws {
    guard let value = Double(String(text: text)) else { throw Unreadable() }
    self = value
  }
}

extension UUID: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws {
    guard text.count == 36 else { throw Unreadable() }
    var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    try withUnsafeMutableBytes(of: &value) { bytes in
      var source = 0
      for index in 0..<16 {
        if index == 4 || index == 6 || index == 8 || index == 10 { source += 1 }
        let high = try hexDigit(text[source])
        bytes[index] = try high << 4 | hexDigit(text[source + 1])
        source += 2
      }
    }
    self.init(uuid: value)
  }
}

extension Data: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws { self.init(try UInt8.decodeArray(text)) }
}

/// Reads `2026-11-21 22:04:57.123456+00`, the only form of a session in UTC, and plain days as midnight UTC.
extension Date: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws {
    func number(_ range: Range<Int>) throws -> Int {
      guard range.upperBound <= text.count else { throw Unreadable() }
      return try Int(text: UnsafeBufferPointer(rebasing: text[range]))
    }
    let days = daysSince1970(year: try number(0..<4), month: try number(5..<7), day: try number(8..<10))
    var seconds = days * 86_400
    var microseconds = 0
    if text.count > 10 {
      seconds += try number(11..<13) * 3_600 + number(14..<16) * 60 + number(17..<19)
      var index = 19
      if index < text.count, text[index] == UInt8(ascii: ".") {
        var scale = 1_000_000
        index += 1
        while index < text.count, text[index] >= 48, text[index] <= 57, scale > 1 {
          microseconds = microseconds * 10 + Int(text[index] - 48)
          scale /= 10
          index += 1
        }
        microseconds *= scale
      }
      guard index == text.count || text[index] == UInt8(ascii: "+") else { throw Unreadable() }
    }
    let sinceReference = seconds - 978_307_200
    self.init(
      timeIntervalSinceReferenceDate: Double(sinceReference * 1_000_000 + microseconds) / 1_000_000)
  }
}

extension Optional: SQLDecodable where Wrapped: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws { self = try Wrapped(text: text) }
  public static func decode(_ text: UnsafeBufferPointer<UInt8>?) throws -> Wrapped? {
    guard let text else { return nil }
    return try Wrapped(text: text)
  }
}

extension Array: SQLDecodable where Element: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws { self = try Element.decodeArray(text) }
}

private func hexDigit(_ byte: UInt8) throws -> UInt8 {
  switch byte {
  case 48...57: byte - 48
  case 97...102: byte - 87
  case 65...70: byte - 55
  default: throw Unreadable()
  }
}

/// Days between 1970-01-01 and a day of the proleptic Gregorian calendar.
private func daysSince1970(year: Int, month: Int, day: Int) -> Int {
  let shifted = month <= 2 ? year - 1 : year
  let era = (shifted >= 0 ? shifted : shifted - 399) / 400
  let yearOfEra = shifted - era * 400
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/// Reads one-dimensional array text such as `{1,NULL,"a \"b\""}`.
enum ArrayText {
  static func elements<T: SQLDecodable>(of text: UnsafeBufferPointer<UInt8>, as: T.Type) throws -> [T] {
    guard text.count >= 2, text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}") else {
      throw Unreadable()
    }
    var result: [T] = []
    var element: [UInt8] = []
    var index = 1
    let end = text.count - 1
    while index < end {
      element.removeAll(keepingCapacity: true)
      let isQuoted = text[index] == UInt8(ascii: "\"")
      if isQuoted {
        index += 1
        while index < end, text[index] != UInt8(ascii: "\"") {
          if text[index] == UInt8(ascii: "\\") { index += 1 }
          element.append(text[index])
          index += 1
        }
        index += 1
      } else {
        while index < end, text[index] != UInt8(ascii: ",") {
          guard text[index] != UInt8(ascii: "{") else { throw Unreadable() }
          element.append(text[index])
          index += 1
        }
      }
      guard index == end || (index < end && text[index] == UInt8(ascii: ",")) else { throw Unreadable() }
      index += 1
      let isNull = !isQuoted && element.elementsEqual("NULL".utf8)
      result.append(try element.withUnsafeBufferPointer { try T.decode(isNull ? nil : $0) })
    }
    return result
  }
}
