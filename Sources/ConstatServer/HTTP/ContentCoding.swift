import Gzip
import HTTPTypes
import NIOCore

/// Bodies in gzip (RFC 9110 §8.4), both ways: technicians' networks are slow, and JSON shrinks to a tenth.
enum ContentCoding {
  /// Compressed bytes that a request may have: what they unpack to is held to the route's own limit.
  static let compressedLimit = 1_048_576
  /// What a byte of gzip may at most unpack to: DEFLATE (RFC 1951) has 258 bytes for two bits.
  static let largestRatio = 1032
  /// Below the size of one packet nothing is gained.
  private static let smallest = 1_400

  /// Whether the request's body is gzip; any other coding is refused.
  static func isGzip(_ headers: HTTPFields) throws -> Bool {
    switch headers[.contentEncoding]?.lowercased() {
    case nil, "", "identity": return false
    case "gzip", "x-gzip": return true
    default:
      throw Problem(
        .unsupportedMediaType, "unsupported-content-encoding", "Encodage de contenu non pris en charge",
        headers: [.acceptEncoding: "gzip, identity", .connection: "close"])
    }
  }

  static func inflated(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
    do throws(Gzip.Failure) {
      return try Gzip.inflated(bytes, limit: limit)
    } catch {
      switch error {
      case .tooLarge(let limit): throw Problem.tooLarge(limit)
      case .malformed:
        throw Problem(
          .badRequest, "malformed-gzip", "Corps gzip illisible",
          detail: "tronqué, altéré, ou suivi d'autre chose")
      }
    }
  }

  /// Packs an answer that is text and large enough, for a caller that takes gzip.
  static func compress(_ reply: inout Reply, for request: HTTPFields) {
    guard reply.body.readableBytes >= smallest, reply.headers[.contentEncoding] == nil,
      let type = reply.headers[.contentType], isText(type), let accepted = request[.acceptEncoding],
      accepts(accepted)
    else { return }
    reply.body = ByteBuffer(bytes: Gzip.compressed(Array(reply.body.readableBytesView)))
    reply.headers[.contentEncoding] = "gzip"
    reply.headers[.vary] = "Accept-Encoding"
  }

  private static func isText(_ type: String) -> Bool {
    type.hasPrefix("text/") && !type.hasPrefix("text/event-stream") || type.hasPrefix("application/json")
      || type.hasPrefix("application/problem+json") || type.hasPrefix("application/yaml")
  }

  /// Whether the header takes gzip: named, or by `*`, with a weight above nought.
  static func accepts(_ header: String) -> Bool {
    var others = false
    for part in header.split(separator: ",") {
      let pieces = part.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
      let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
      let isTaken = weight.map { $0.contains { ("1"..."9").contains($0) } } ?? true
      switch pieces.first {
      case "gzip", "x-gzip": return isTaken
      case "*": others = isTaken
      default: continue
      }
    }
    return others
  }
}
