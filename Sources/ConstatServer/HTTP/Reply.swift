public import ConstatCore
import Foundation
public import HTTPTypes
public import NIOCore
public import Postgres

/// An answer, whole in memory so that it can be stored for a replay.
public struct Reply: Sendable {
  public var status: HTTPResponse.Status
  public var headers: HTTPFields
  public var body: ByteBuffer
  /// What follows the body as it comes, until it ends: server-sent events.
  public var stream: AsyncStream<[UInt8]>?
  /// A file that is the body, passed on in pieces as its reader takes them.
  public var file: BlobContent?
  /// Holds a secret that is shown once, so it is not kept for a replay.
  public var isSecret = false

  public init(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer = ByteBuffer()) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public init(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: [UInt8]) {
    self.init(status, headers: headers, body: ByteBuffer(bytes: body))
  }

  /// The same answer, not to be kept.
  public var shownOnce: Reply {
    var reply = self
    reply.isSecret = true
    return reply
  }

  /// Puts another JSON in the place of the body's.
  mutating func rewrite(_ change: (JSONValue) -> JSONValue) throws {
    let shown = try JSONValue.parse(Array(body.readableBytesView))
    body = ByteBuffer(bytes: change(shown).serialized())
  }

  public static let noContent = Reply(.noContent)

  /// A file to keep, under a name of ASCII letters, digits, points and dashes.
  public static func file(_ bytes: [UInt8], named name: String, type: String) -> Reply {
    Reply(
      .ok, headers: [.contentType: type, .contentDisposition: "attachment; filename=\"\(name)\""], body: bytes
    )
  }

  /// A file that somebody gave us, under the name that they gave it: to be kept by who fetches it, never to be run.
  static func download(_ file: BlobContent, type: String, named name: String) -> Reply {
    var reply = Reply(
      .ok,
      headers: [
        .contentType: type, .contentDisposition: disposition(name),
        .init("Content-Security-Policy")!: "default-src 'none'; sandbox",
      ])
    reply.file = file
    return reply
  }

  /// RFC 6266: a plain name for old readers, the true one in UTF-8 (RFC 8187).
  static func disposition(_ name: String) -> String {
    let plain = String(
      decoding: name.utf8.map {
        (0x20...0x7e).contains($0) && $0 != 0x22 && $0 != 0x5c && $0 != 0x25 ? $0 : 0x5f
      },
      as: UTF8.self)
    let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    let encoded = name.utf8.flatMap { byte -> [UInt8] in
      unreserved.contains(byte) ? [byte] : [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(String(decoding: encoded, as: UTF8.self))"
  }

  public static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:])
    -> Reply
  {
    json(bytes: ByteBuffer(bytes: value.serialized()), status: status, headers: headers)
  }

  public static func json(bytes: ByteBuffer, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:])
    -> Reply
  {
    var headers = headers
    headers[.contentType] = "application/json"
    return Reply(status, headers: headers, body: bytes)
  }

  /// One resource from a row: its columns are its members, `version` its ETag. No row: 404. `adding`: members that are
  /// computed from the row, after its own.
  public static func resource(
    _ result: QueryResult, status: HTTPResponse.Status = .ok, location: String? = nil,
    adding: ((Row) throws -> [(name: String, value: JSONValue)])? = nil
  ) throws
    -> Reply
  {
    guard result.rowCount > 0 else { throw Problem.notFound }
    var writer = RowWriter(result)
    writer.writeObject(0, adding: try adding?(result[0]) ?? [])
    var reply = Reply.json(bytes: writer.bytes, status: status)
    if result.columns.contains(where: { $0.name == "version" }) {
      reply.headers[.eTag] = "\"v\(try result[0].get("version", as: Int64.self))\""
    }
    if let location { reply.headers[.location] = location }
    return reply
  }

  /// `{"items": […], "next_cursor": …}`; the statement fetched one row more than the page holds. The cursor
  /// is made of the columns `_key` and `id`, or `_id` where rows show none. `key`: the columns that rows show already and
  /// that the list is ordered by, so that no row pays for a text that only the last one needs.
  public static func list(_ result: QueryResult, page: Page, key: [String] = ["_key"]) throws -> Reply {
    let count = min(result.rowCount, page.limit)
    var writer = RowWriter(result, capacity: 64 + count * 512)
    writer.append("{\"items\":[")
    for row in 0..<count {
      if row > 0 { writer.append(",") }
      writer.writeObject(row)
    }
    writer.append("],\"next_cursor\":")
    if result.rowCount > page.limit {
      let last = result[count - 1]
      let id = try last.get(result.column(named: "_id") == nil ? "id" : "_id", as: UUID.self)
      let texts = try key.map { try last.get($0, as: String.self) }
      writer.append("\"\(page.cursor(key: texts.joined(separator: " "), id: id))\"")
    } else {
      writer.append("null")
    }
    writer.append("}")
    return .json(bytes: writer.bytes)
  }

  /// All rows at once, for collections that are small by nature; each as `shown` makes it.
  public static func items(_ result: QueryResult, shown: (JSONValue) -> JSONValue) throws -> Reply {
    let items = try result.indices.map { shown(try JSONValue(result[$0])) }
    return .json(["items": .array(items), "next_cursor": nil])
  }

  /// All rows at once, for collections that are small by nature.
  public static func items(_ result: QueryResult) -> Reply {
    var writer = RowWriter(result, capacity: 64 + result.rowCount * 256)
    writer.append("{\"items\":[")
    for row in 0..<result.rowCount {
      if row > 0 { writer.append(",") }
      writer.writeObject(row)
    }
    writer.append("],\"next_cursor\":null}")
    return .json(bytes: writer.bytes)
  }
}
