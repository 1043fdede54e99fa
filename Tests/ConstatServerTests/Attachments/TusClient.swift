import ConstatCore
@testable import ConstatServer
import Crypto
import Foundation
import HTTPTypes
import Support

/// Speaks tus by hand, as whoever has the token.
struct TusClient: Sendable {
  let server: TestServer
  let token: String

  /// A JPEG of so many bytes, different for each seed.
  static func photo(_ size: Int, seed: UInt8 = 1) -> [UInt8] {
    var bytes: [UInt8] = [0xff, 0xd8, 0xff, seed]
    bytes.reserveCapacity(size + 4096)
    // No two blocks are alike, so that parts in the wrong order would not go unnoticed.
    for block in 0... {
      bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: block &* 7), count: 4088)
      withUnsafeBytes(of: UInt64(block)) { bytes += $0 }
      if bytes.count >= size { break }
    }
    return Array(bytes.prefix(size))
  }

  static func sha256(_ bytes: [UInt8]) -> String { Array(SHA256.hash(data: bytes)).hexadecimal }

  static func metadata(_ bytes: [UInt8], type: String = "image/jpeg", name: String = "photo.jpg") -> String {
    [("sha256", sha256(bytes)), ("type", type), ("filename", name)]
      .map { "\($0.0) \(Data($0.1.utf8).base64EncodedString())" }.joined(separator: ",")
  }

  func send(
    _ method: HTTPRequest.Method, _ path: String, _ headers: [String: String] = [:], _ bytes: [UInt8]? = nil
  ) async throws -> TestServer.Answer {
    var fields: HTTPFields = [.init("Tus-Resumable")!: "1.0.0"]
    for (name, value) in headers { fields[.init(name)!] = value }
    return try await server.send(method, path, as: token, bytes: bytes, headers: fields)
  }

  func create(_ bytes: [UInt8], type: String = "image/jpeg", name: String = "photo.jpg") async throws
    -> TestServer.Answer
  {
    try await send(
      .post, "/v1/uploads",
      ["Upload-Length": "\(bytes.count)", "Upload-Metadata": Self.metadata(bytes, type: type, name: name)])
  }

  func patch(_ path: String, at offset: Int, _ part: [UInt8], _ headers: [String: String] = [:]) async throws
    -> TestServer.Answer
  {
    try await send(
      .patch, path,
      ["Upload-Offset": "\(offset)", "Content-Type": "application/offset+octet-stream"]
        .merging(headers) { $1 }, part)
  }

  func head(_ path: String) async throws -> TestServer.Answer { try await send(.head, path) }

  /// Uploads all of it in parts of 1 MiB; the last answer.
  @discardableResult
  func upload(_ bytes: [UInt8], type: String = "image/jpeg") async throws -> TestServer.Answer {
    let made = try await create(bytes, type: type)
    var (answer, offset) = (made, made.offset ?? 0)
    while offset < bytes.count {
      let end = min(bytes.count, offset + 1_048_576)
      answer = try await patch(made.location, at: offset, Array(bytes[offset..<end]))
      guard answer.status == 204 else { return answer }
      offset = end
    }
    return answer
  }
}

extension TestServer.Answer {
  var offset: Int? { headers[.init("Upload-Offset")!].flatMap { Int($0) } }
  var location: String { headers[.location] ?? "" }
  func header(_ name: String) -> String? { headers[.init(name)!] }
}

extension TestServer {
  /// Carries out one kind of job for all organizations.
  func carryOut(_ job: any Job.Type) async -> Int {
    await JobWorker(services: services, jobs: [job], logger: .test).runOnce()
  }
}
