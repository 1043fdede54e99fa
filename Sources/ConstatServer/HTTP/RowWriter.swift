import ConstatCore
import Postgres

/// Writes rows as JSON straight from PostgreSQL's text format, by column type. PostgreSQL's own JSON functions cost
/// more than the query for lists, and Codable more again; a column's name is its member's name, so no mapping is lost.
/// Columns whose name starts with `_` stay inside the server.
struct RowWriter {
  private(set) var bytes: [UInt8]
  private let result: QueryResult
  private let columns: [(index: Int, key: [UInt8], kind: Kind)]

  private enum Kind { case raw, boolean, instant, text, quoted, textArray, rawArray, quotedArray }

  init(_ result: QueryResult, capacity: Int = 1024) {
    self.result = result
    bytes = []
    bytes.reserveCapacity(capacity)
    columns = result.columns.enumerated().compactMap { index, column in
      column.name.hasPrefix("_") ? nil : (index, Array("\"\(column.name)\":".utf8), Self.kind(column.typeOID))
    }
  }

  private static func kind(_ oid: UInt32) -> Kind {
    switch oid {
    case 16: .boolean
    case 20, 21, 23, 700, 701, 114, 3802: .raw
    case 1184: .instant
    case 1082, 2950: .quoted
    case 1009, 1015: .textArray
    case 1005, 1007, 1016: .rawArray
    case 2951, 1182: .quotedArray
    default: .text
    }
  }

  mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func writeObject(_ row: Int) {
    bytes.append(UInt8(ascii: "{"))
    var first = true
    for column in columns {
      if first { first = false } else { bytes.append(UInt8(ascii: ",")) }
      bytes.append(contentsOf: column.key)
      writeValue(row, column.index, column.kind)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func writeValue(_ row: Int, _ column: Int, _ kind: Kind) {
    guard let value = result.text(row: row, column: column) else {
      append("null")
      return
    }
    switch kind {
    case .raw: bytes.append(contentsOf: value)
    case .boolean: if value.first == UInt8(ascii: "t") { append("true") } else { append("false") }
    case .quoted: quote(value)
    case .instant: writeInstant(value)
    case .text: JSONText.append(value, to: &bytes)
    case .textArray, .rawArray, .quotedArray: writeArray(value, quoted: kind != .rawArray)
    }
  }

  private mutating func quote(_ value: UnsafeBufferPointer<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: value)
    bytes.append(UInt8(ascii: "\""))
  }

  /// `2026-11-21 22:04:57.5+00` as `2026-11-21T22:04:57.5Z`; sessions run in UTC.
  private mutating func writeInstant(_ value: UnsafeBufferPointer<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    let start = bytes.count
    bytes.append(contentsOf: value.dropLast(3))
    if bytes.count > start + 10 { bytes[start + 10] = UInt8(ascii: "T") }
    append("Z\"")
  }

  /// A one-dimensional PostgreSQL array literal.
  private mutating func writeArray(_ value: UnsafeBufferPointer<UInt8>, quoted: Bool) {
    bytes.append(UInt8(ascii: "["))
    var index = 1
    var first = true
    while index < value.count - 1 {
      if value[index] == UInt8(ascii: ",") { index += 1 }
      if first { first = false } else { bytes.append(UInt8(ascii: ",")) }
      if value[index] == UInt8(ascii: "\"") {
        var element: [UInt8] = []
        index += 1
        while value[index] != UInt8(ascii: "\"") {
          if value[index] == UInt8(ascii: "\\") { index += 1 }
          element.append(value[index])
          index += 1
        }
        index += 1
        element.withUnsafeBufferPointer { JSONText.append($0, to: &bytes) }
      } else {
        let start = index
        while index < value.count - 1, value[index] != UInt8(ascii: ",") { index += 1 }
        let element = UnsafeBufferPointer(rebasing: value[start..<index])
        if element.elementsEqual("NULL".utf8) {
          append("null")
        } else if quoted {
          JSONText.append(element, to: &bytes)
        } else {
          bytes.append(contentsOf: element)
        }
      }
    }
    bytes.append(UInt8(ascii: "]"))
  }
}

extension JSONValue {
  /// A row as the wire has it, for what computes with rows; lists go straight from text to text.
  init(_ row: Row) throws {
    var writer = RowWriter(row.result)
    writer.writeObject(row.index)
    self = try JSONValue.parse(writer.bytes)
  }
}

/// JSON string literals from UTF-8.
enum JSONText {
  private static let hex = Array("0123456789abcdef".utf8)

  static func append(_ value: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var start = 0
    for index in value.indices {
      let byte = value[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      bytes.append(contentsOf: value[start..<index])
      start = index + 1
      switch byte {
      case UInt8(ascii: "\""): bytes.append(contentsOf: [0x5c, 0x22])
      case UInt8(ascii: "\\"): bytes.append(contentsOf: [0x5c, 0x5c])
      case 0x0a: bytes.append(contentsOf: [0x5c, UInt8(ascii: "n")])
      case 0x0d: bytes.append(contentsOf: [0x5c, UInt8(ascii: "r")])
      case 0x09: bytes.append(contentsOf: [0x5c, UInt8(ascii: "t")])
      default:
        bytes.append(contentsOf: Array("\\u00".utf8))
        bytes.append(hex[Int(byte >> 4)])
        bytes.append(hex[Int(byte & 15)])
      }
    }
    bytes.append(contentsOf: value[start...])
    bytes.append(UInt8(ascii: "\""))
  }
}
