import AsyncHTTPClient
import ConstatCore
import Foundation
import NIOCore
import NIOHTTP1

/// Blobs in a bucket of S3 or of a server that speaks like it (Ceph, Garage, MinIO…), addressed as
/// `endpoint/bucket/key`. Each object goes in one request, which S3 takes whole or not at all; what fails for want of
/// the network or of the server is tried three times.
public struct S3Storage: BlobStorage {
  /// Where the bucket is and who asks.
  public struct Configuration: Sendable {
    let endpoint: String
    let region: String
    let bucket: String
    let credentials: AWSSignature.Credentials

    /// Nil unless `endpoint` is an address with scheme and host alone, and `bucket` a name that S3 admits.
    public init?(endpoint: String, region: String, bucket: String, credentials: AWSSignature.Credentials) {
      let address = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
      guard let url = URL(string: address), ["http", "https"].contains(url.scheme ?? ""),
        url.host?.isEmpty == false, url.path.isEmpty, url.query == nil, url.user == nil,
        (3...63).contains(bucket.utf8.count),
        bucket.utf8.allSatisfy({
          (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x2e
        })
      else { return nil }
      self.endpoint = address
      self.region = region
      self.bucket = bucket
      self.credentials = credentials
    }
  }

  private static let attempts = 3
  private let configuration: Configuration
  private let now: @Sendable () -> Instant
  /// One for the process. A server that cannot be reached is an answer at once: who asked decides whether to wait.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(5), read: .seconds(30)))
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  public init(_ configuration: Configuration, clock: WallClock) {
    self.configuration = configuration
    now = clock.now
  }

  public func put(_ key: BlobKey, _ content: BlobContent, sha256: [UInt8]) async throws(StorageError) {
    let answer = try await send(.PUT, key, content, hash: sha256.hexadecimal)
    guard answer.status == .ok else { throw StorageError("S3 PUT: status \(answer.status.code)") }
  }

  public func open(_ key: BlobKey) async throws(StorageError) -> BlobContent? {
    let answer = try await send(.GET, key)
    if answer.status == .notFound { return nil }
    guard answer.status == .ok else { throw StorageError("S3 GET: status \(answer.status.code)") }
    guard let size = answer.headers.first(name: "Content-Length").flatMap({ Int($0) }) else {
      throw StorageError("S3 GET: no length")
    }
    return BlobContent(size: size, pieces: answer.body)
  }

  public func has(_ key: BlobKey) async throws(StorageError) -> Bool {
    let answer = try await send(.HEAD, key)
    guard answer.status == .ok || answer.status == .notFound else {
      throw StorageError("S3 HEAD: status \(answer.status.code)")
    }
    return answer.status == .ok
  }

  public func delete(_ key: BlobKey) async throws(StorageError) {
    let answer = try await send(.DELETE, key)
    guard [200, 204, 404].contains(answer.status.code) else {
      throw StorageError("S3 DELETE: status \(answer.status.code)")
    }
  }

  /// The answer's head; its body is still to come.
  private func send(
    _ method: HTTPMethod, _ key: BlobKey, _ content: BlobContent? = nil,
    hash: String = AWSSignature.hash([])
  ) async throws(StorageError) -> HTTPClientResponse {
    var failure = ""
    for attempt in 1...Self.attempts {
      do {
        let answer = try await exchange(method, key, content, hash)
        // Read to its end, so that its connection serves again.
        if method != .GET || answer.status != .ok { _ = try? await answer.body.collect(upTo: 1 << 16) }
        if answer.status.code < 500, answer.status != .tooManyRequests { return answer }
        failure = "status \(answer.status.code)"
      } catch {
        failure = "\(type(of: error))"
      }
      if attempt < Self.attempts { try? await Task.sleep(for: .milliseconds(200 << attempt)) }
    }
    throw StorageError("S3 \(method.rawValue): \(failure), \(Self.attempts) attempts")
  }

  private func exchange(
    _ method: HTTPMethod, _ key: BlobKey, _ content: BlobContent?, _ hash: String
  ) async throws -> HTTPClientResponse {
    let path = "/\(configuration.bucket)/\(key)"
    let now = now()
    var headers = [
      ("host", String(configuration.endpoint.drop { $0 != "/" }.dropFirst(2))),
      ("x-amz-content-sha256", hash), ("x-amz-date", AWSSignature.stamp(now)),
    ]
    if let token = configuration.credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
    let signature = AWSSignature(
      credentials: configuration.credentials, region: configuration.region, service: "s3")
    headers.append(
      (
        "authorization",
        signature.authorization(
          method.rawValue, path: path, headers: headers.map { (name: $0.0, value: $0.1) }, payloadHash: hash,
          at: now)
      ))
    var request = HTTPClientRequest(url: configuration.endpoint + path)
    request.method = method
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let content { request.body = Self.body(content.pieces, size: content.size) }
    // What is read goes on to somebody whose network may be slow.
    return try await Self.client.execute(request, timeout: method == .GET ? .minutes(15) : .minutes(2))
  }

  private static func body(
    _ pieces: some AsyncSequence<ByteBuffer, any Error> & Sendable, size: Int
  ) -> HTTPClientRequest.Body {
    .stream(pieces, length: .known(Int64(size)))
  }
}
