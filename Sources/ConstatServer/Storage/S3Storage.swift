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

  public func put(_ key: BlobKey, _ bytes: [UInt8]) async throws(StorageError) {
    let answer = try await send(.PUT, key, bytes)
    guard answer.status == 200 else { throw StorageError("S3 PUT: status \(answer.status)") }
  }

  public func get(_ key: BlobKey) async throws(StorageError) -> [UInt8]? {
    let answer = try await send(.GET, key)
    if answer.status == 404 { return nil }
    guard answer.status == 200 else { throw StorageError("S3 GET: status \(answer.status)") }
    return answer.body
  }

  public func delete(_ key: BlobKey) async throws(StorageError) {
    let answer = try await send(.DELETE, key)
    guard [200, 204, 404].contains(answer.status) else {
      throw StorageError("S3 DELETE: status \(answer.status)")
    }
  }

  private struct Answer {
    let status: Int
    let body: [UInt8]
  }

  private func send(_ method: HTTPMethod, _ key: BlobKey, _ body: [UInt8] = []) async throws(StorageError)
    -> Answer
  {
    var failure = ""
    for attempt in 1...Self.attempts {
      do {
        let answer = try await exchange(method, key, body)
        if answer.status < 500, answer.status != 429 { return answer }
        failure = "status \(answer.status)"
      } catch {
        failure = "\(type(of: error))"
      }
      if attempt < Self.attempts { try? await Task.sleep(for: .milliseconds(200 << attempt)) }
    }
    throw StorageError("S3 \(method.rawValue): \(failure), \(Self.attempts) attempts")
  }

  private func exchange(_ method: HTTPMethod, _ key: BlobKey, _ body: [UInt8]) async throws -> Answer {
    let path = "/\(configuration.bucket)/\(key)"
    let hash = AWSSignature.hash(body)
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
    if method == .PUT { request.body = .bytes(ByteBuffer(bytes: body)) }
    let response = try await Self.client.execute(request, timeout: .seconds(120))
    let bytes = try await response.body.collect(upTo: Attachment.sizeLimit + 1)
    return Answer(status: Int(response.status.code), body: Array(bytes.readableBytesView))
  }
}
