import ConstatCore
import Crypto
public import Foundation
public import Postgres

/// One page of a list: how many rows, and after which row. The cursor is opaque and signed over the path, its
/// filters and the organization, so that it cannot be moved to another list or made up.
public struct Page: Sendable {
  public let limit: Int
  public let after: (key: String, id: UUID)?
  /// What the list is searched for, where it takes `q`.
  private var search: SearchStore?
  private let scope: [UInt8]
  private let secret: [UInt8]

  public init(_ call: Call, filters: [String] = []) throws {
    limit = try call.query.integer("limit", in: 1...200) ?? 50
    secret = call.services.secret
    scope = Array(
      ([try call.organization.uuidString, call.path.lowercased()]
        + filters.map { "\($0)=\(call.query[$0] ?? "")" })
        .joined(separator: "\u{1f}").utf8)
    guard let cursor = call.query["cursor"] else {
      after = nil
      return
    }
    guard let bytes = BearerToken.bytes(base64url: cursor), bytes.count > 32,
      HMAC<SHA256>.isValidAuthenticationCode(
        bytes.prefix(32), authenticating: scope + bytes.dropFirst(32), using: SymmetricKey(data: secret)),
      case let parts = String(decoding: bytes.dropFirst(32), as: UTF8.self).split(separator: "\u{1f}"),
      parts.count == 2,
      let id = UUID(uuidString: String(parts[1]))
    else { throw QueryParameters.problem("cursor", "malformed-cursor") }
    after = (String(parts[0]), id)
  }

  /// A page of a list that takes `q`.
  init(_ reading: ReadCall, filters: [String], searching noun: SearchStore.Noun) async throws {
    try self.init(reading.call, filters: filters)
    search = try await SearchStore(noun, reading)
  }

  /// The rows of a searched list, of which `id` is the id and `text` what is searched.
  func holding(id: SQL, text: SQL) -> SQL { search?.condition(id: id, text: text) ?? "" }

  /// The cut of a keyset list, newest first: `AND (created_at, id) < (…)`.
  public func before(_ key: SQL, _ id: SQL) -> SQL {
    guard let after else { return "" }
    return "AND (\(key), \(id)) < (\(after.key)::timestamptz, \(after.id))"
  }

  /// How many rows to fetch: one more than the page holds, to know whether there is another. A literal, not a
  /// parameter: for an unknown limit PostgreSQL plans to read a tenth of the table.
  public var fetched: SQL { .script(trusted: "\(limit + 1)") }

  func cursor(key: String, id: UUID) -> String {
    let payload = Array("\(key)\u{1f}\(id.uuidString)".utf8)
    let code = HMAC<SHA256>.authenticationCode(for: scope + payload, using: SymmetricKey(data: secret))
    return BearerToken.base64url(Array(code) + payload)
  }
}
