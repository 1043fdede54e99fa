import ConstatCore
import NIOCore
import Postgres

/// Writes rows as JSON straight from PostgreSQL's text format, by column type. PostgreSQL's own JSON functions cost
/// more than the query for lists, and Codable more again; a column's name is its member's name, so no mapping is lost.
/// Columns whose name starts with `_` stay inside the server.
struct RowWriter: ~Copyable {
  private var text: TextBuffer
  private let result: QueryResult
  private let cells: Cells
  private let layout: Layout

  private enum Kind { case raw, boolean, instant, text, quoted, textArray, rawArray, quotedArray }

  private struct Column {
    let index: Int
    let name: Range<Int>
    let kind: Kind
  }

  /// What the columns are as members.
  private final class Layout: Sendable {
    let columns: [Column]
    /// The names of all columns as members, one after the other: `{"id":`, `,"version":`, …
    let names: [UInt8]

    init(_ columns: [Postgres.Column]) {
      var names: [UInt8] = []
      self.columns = columns.enumerated().compactMap { index, column in
        guard !column.name.hasPrefix("_") else { return nil }
        let start = names.count
        names += "\(start == 0 ? "{" : ",")\"\(column.name)\":".utf8
        return Column(index: index, name: start..<names.count, kind: RowWriter.kind(column.typeOID))
      }
      self.names = names
    }
  }

  init(_ result: QueryResult, capacity: Int = 1024) {
    self.result = result
    cells = result.cells
    layout = result.derived(Layout.init)
    text = TextBuffer(capacity: capacity)
  }

  /// What has been written.
  var bytes: ByteBuffer { text.bytes }

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

  mutating func append(_ string: StaticString) {
    string.withUTF8Buffer { text.append($0) }
  }

  mutating func append(_ string: String) {
    var string = string
    string.withUTF8 { text.append($0) }
  }

  /// `members` follow the row's own.
  mutating func writeObject(_ row: Int, adding members: [(name: String, value: JSONValue)] = []) {
    guard !layout.columns.isEmpty else { return append("{}") }
    layout.columns.withUnsafeBufferPointer { columns in
      layout.names.withUnsafeBufferPointer { names in
        for column in columns {
          text.append(UnsafeBufferPointer(rebasing: names[column.name]))
          writeValue(row, column.index, column.kind)
        }
      }
    }
    for (name, value) in members {
      append(",\"\(name)\":")
      value.serialized().withUnsafeBufferPointer { text.append($0) }
    }
    text.append(UInt8(ascii: "}"))
  }

  private mutating func writeValue(_ row: Int, _ column: Int, _ kind: Kind) {
    guard let value = cells.text(row: row, column: column) else { return append("null") }
    switch kind {
    case .raw: text.append(value)
    case .boolean: if value.first == UInt8(ascii: "t") { append("true") } else { append("false") }
    case .quoted:
      text.append(UInt8(ascii: "\""))
      text.append(value)
      text.append(UInt8(ascii: "\""))
    case .instant: writeInstant(value)
    case .text: text.appendString(value)
    case .textArray, .rawArray, .quotedArray: writeArray(value, quoted: kind != .rawArray)
    }
  }

  /// `2026-11-21 22:04:57.5+00` as `2026-11-21T22:04:57.5Z`; sessions run in UTC.
  private mutating func writeInstant(_ value: UnsafeBufferPointer<UInt8>) {
    text.append(UInt8(ascii: "\""))
    text.append(UnsafeBufferPointer(rebasing: value.prefix(10)))
    text.append(UInt8(ascii: "T"))
    text.append(UnsafeBufferPointer(rebasing: value.dropFirst(11).dropLast(3)))
    append("Z\"")
  }

  /// A one-dimensional PostgreSQL array literal.
  private mutating func writeArray(_ value: UnsafeBufferPointer<UInt8>, quoted: Bool) {
    text.append(UInt8(ascii: "["))
    var index = 1
    var first = true
    while index < value.count - 1 {
      if value[index] == UInt8(ascii: ",") { index += 1 }
      if first { first = false } else { text.append(UInt8(ascii: ",")) }
      if value[index] == UInt8(ascii: "\"") {
        var element: [UInt8] = []
        index += 1
        while value[index] != UInt8(ascii: "\"") {
          if value[index] == UInt8(ascii: "\\") { index += 1 }
          element.append(value[index])
          index += 1
        }
        index += 1
        element.withUnsafeBufferPointer { text.appendString($0) }
      } else {
        let start = index
        while index < value.count - 1, value[index] != UInt8(ascii: ",") { index += 1 }
        let element = UnsafeBufferPointer(rebasing: value[start..<index])
        if element.elementsEqual("NULL".utf8) {
          append("null")
        } else if quoted {
          text.appendString(element)
        } else {
          text.append(element)
        }
      }
    }
    text.append(UInt8(ascii: "]"))
  }
}

extension JSONValue {
  /// A row as the wire has it, for what computes with rows; lists go straight from text to text.
  init(_ row: Row) throws {
    var writer = RowWriter(row.result)
    writer.writeObject(row.index)
    self = try JSONValue.parse(Array(writer.bytes.readableBytesView))
  }
}
