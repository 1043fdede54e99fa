import ConstatCore
import Crypto
import Foundation

/// Signs a request as AWS Signature Version 4 has it, for S3 and what speaks like it. Checked against the test vectors
/// that AWS publishes.
public struct AWSSignature: Sendable {
  /// What signs; never written to a log.
  public struct Credentials: Sendable, CustomStringConvertible {
    let accessKey: String
    let secretKey: String
    /// Of credentials that last some hours only.
    let sessionToken: String?
    public var description: String { "credentials of \(accessKey.prefix(4))…" }

    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
      self.accessKey = accessKey
      self.secretKey = secretKey
      self.sessionToken = sessionToken
    }
  }

  let credentials: Credentials
  let region: String
  let service: String

  /// The value of `Authorization`. `path` as it is before encoding; `headers` are all that are signed, with `host` and
  /// `x-amz-date` among them.
  func authorization(
    _ method: String, path: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)], payloadHash: String, at now: Instant
  ) -> String {
    let stamp = Self.stamp(now)
    let signed = Self.canonical(headers)
    let names = signed.map(\.name).joined(separator: ";")
    let request = [
      method, Self.encoded(path, keepsSlash: true), Self.canonical(query: query),
      signed.map { "\($0.name):\($0.value)\n" }.joined(), names, payloadHash,
    ].joined(separator: "\n")
    let scope = "\(stamp.prefix(8))/\(region)/\(service)/aws4_request"
    let text = ["AWS4-HMAC-SHA256", stamp, scope, Self.hash(Array(request.utf8))].joined(separator: "\n")
    let signature = code(Array(text.utf8), key: signingKey(day: String(stamp.prefix(8)))).hexadecimal
    return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), "
      + "Signature=\(signature)"
  }

  static func hash(_ bytes: [UInt8]) -> String { Array(SHA256.hash(data: bytes)).hexadecimal }

  /// `20261121T220457Z`, of an instant in UTC.
  static func stamp(_ now: Instant) -> String {
    let text = now.description
    return String(text.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
  }

  private func signingKey(day: String) -> [UInt8] {
    [day, region, service, "aws4_request"].reduce(Array(("AWS4" + credentials.secretKey).utf8)) {
      code(Array($1.utf8), key: $0)
    }
  }

  private func code(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
  }

  /// Names in lower case and in order, the values of one name joined, spaces inside them single.
  private static func canonical(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)]
  {
    var values: [String: [String]] = [:]
    for (name, value) in headers {
      values[name.lowercased(), default: []].append(
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " "))
    }
    return values.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
      .map { ($0.key, $0.value.joined(separator: ",")) }
  }

  private static func canonical(query: [(name: String, value: String)]) -> String {
    query.map { (encoded($0.name), encoded($0.value)) }
      .sorted {
        $0.0 == $1.0
          ? Array($0.1.utf8).lexicographicallyPrecedes(Array($1.1.utf8))
          : Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8))
      }
      .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
  }

  /// Percent-encoded as RFC 3986 has it, all but its unreserved characters.
  static func encoded(_ text: String, keepsSlash: Bool = false) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    return String(
      decoding: text.utf8.flatMap { byte -> [UInt8] in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "~"):
          [byte]
        case UInt8(ascii: "/") where keepsSlash: [byte]
        default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
      }, as: UTF8.self)
  }
}
