public import ConstatCore
public import ConstatServer
public import Foundation
import Gzip
public import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
public import Postgres
import Synchronization
import Testing

/// The whole server on its own database, driven through its real router. Every answer is held against the
/// contract.
public final class TestServer: Sendable {
  public let database: TestDatabase
  public let services: Services
  public let app: App
  public let contract: Contract
  /// Connected as the owner, for what no route does.
  public let owner: Pool
  private let client: any TestClientProtocol

  private init(
    database: TestDatabase, services: Services, app: App, contract: Contract, owner: Pool,
    client: any TestClientProtocol
  ) {
    self.database = database
    self.services = services
    self.app = app
    self.contract = contract
    self.owner = owner
    self.client = client
  }

  /// Where it listens, when over HTTP.
  public var address: String { "http://127.0.0.1:\(client.port ?? 0)" }

  /// The project's root, found from this file.
  public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Runs a server for the time of the closure; `overHTTP` also lets it listen on a free loopback port.
  public static func run(
    clock: WallClock = .system, poolSize: Int = 4, overHTTP: Bool = false, storage: (any BlobStorage)? = nil,
    bodyBytes: Int = 256 << 20,
    _ body: @escaping @Sendable (TestServer) async throws -> Void
  ) async throws {
    await DatabaseGate.servers.enter()
    let folder = FileManager.default.temporaryDirectory.appending(path: "constat-blobs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      try await serve(
        clock: clock, poolSize: poolSize, overHTTP: overHTTP, storage: storage ?? DiskStorage(root: folder),
        bodyBytes: bodyBytes, body)
    } catch {
      await DatabaseGate.servers.leave()
      throw error
    }
    await DatabaseGate.servers.leave()
  }

  /// Tests compete for few cores: a wait for a lock that is long there is not one that fails in earnest.
  private static func patient(_ url: String, size: Int, pipelines: Int) -> PoolConfiguration {
    var configuration = PoolConfiguration(url: url, size: size, pipelineConnections: pipelines)
    configuration.acquireTimeoutMilliseconds = 60_000
    configuration.lockTimeoutMilliseconds = 30_000
    configuration.statementTimeoutMilliseconds = 60_000
    configuration.idleInTransactionMilliseconds = 60_000
    configuration.commitDeadlineMilliseconds = 60_000
    return configuration
  }

  private static func serve(
    clock: WallClock, poolSize: Int, overHTTP: Bool, storage: any BlobStorage, bodyBytes: Int,
    _ body: @escaping @Sendable (TestServer) async throws -> Void
  ) async throws {
    let database = try await TestDatabase.create(migrations: root.appending(path: "Migrations"))
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    var connections = patient(database.appURL, size: poolSize, pipelines: 2)
    connections.sessionScript = EpochStore.sessionScript
    let pool = Pool(connections, logger: logger)
    let owner = Pool(patient(database.ownerURL, size: 1, pipelines: 1), logger: logger)
    let services = Services(
      pool: pool, clock: clock, secret: Array("test secret of thirty-two bytes!".utf8), storage: storage,
      trustsForwardedFor: true, bodyBytes: bodyBytes)
    let installation = try Installation(home: root)
    let app = App(services: services, installation: installation)
    let contract = installation.contract
    let application = Application(
      router: app.router(), configuration: .init(address: .hostname("127.0.0.1", port: 0)), logger: logger)
    do {
      try await application.test(overHTTP ? .live : .router) { client in
        try await body(
          TestServer(
            database: database, services: services, app: app, contract: contract, owner: owner, client: client
          ))
      }
    } catch {
      await pool.shutdown()
      await owner.shutdown()
      try? await database.drop()
      throw error
    }
    await pool.shutdown()
    await owner.shutdown()
    try await database.drop()
  }

  public struct Answer: Sendable {
    public let status: Int
    public let headers: HTTPFields
    /// As it was before it was packed.
    public let body: [UInt8]
    /// What came over the wire.
    public let receivedBytes: Int
    public var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
    public subscript(member: String) -> JSONValue { json[member] ?? .null }
    public var text: String { String(decoding: body, as: UTF8.self) }
    public var etag: String { headers[.eTag] ?? "" }
  }

  /// Sends one request through the router and holds the answer against the contract.
  @discardableResult
  public func send(
    _ method: HTTPRequest.Method, _ path: String, as token: String? = nil, bytes: [UInt8]? = nil,
    headers: HTTPFields = [:]
  ) async throws -> Answer {
    var headers = headers
    if let token { headers[.authorization] = "Bearer \(token)" }
    if bytes != nil, headers[.contentType] == nil {
      headers[.contentType] = method == .patch ? "application/merge-patch+json" : "application/json"
    }
    let response = try await client.execute(
      uri: path, method: method, headers: headers, body: bytes.map { .init(bytes: $0) })
    var body = Array(response.body.readableBytesView)
    let received = body.count
    if response.headers[.contentEncoding] == "gzip" { body = try Gzip.inflated(body, limit: 64 << 20) }
    let answer = Answer(
      status: response.status.code, headers: response.headers, body: body, receivedBytes: received)
    hold(answer, to: method, path)
    return answer
  }

  @discardableResult
  public func get(_ path: String, as token: String? = nil) async throws -> Answer {
    try await send(.get, path, as: token)
  }

  @discardableResult
  public func post(
    _ path: String, as token: String? = nil, _ body: JSONValue = .object([:]), key: String? = nil
  ) async throws
    -> Answer
  {
    try await send(
      .post, path, as: token, bytes: body.serialized(),
      headers: key.map { [.init("Idempotency-Key")!: $0] } ?? [:])
  }

  @discardableResult
  public func patch(_ path: String, as token: String? = nil, _ body: JSONValue, ifMatch: String = "*")
    async throws -> Answer
  {
    try await send(.patch, path, as: token, bytes: body.serialized(), headers: [.ifMatch: ifMatch])
  }

  @discardableResult
  public func delete(_ path: String, as token: String? = nil, ifMatch: String = "*") async throws -> Answer {
    try await send(.delete, path, as: token, headers: [.ifMatch: ifMatch])
  }

  private func hold(_ answer: Answer, to method: HTTPRequest.Method, _ path: String) {
    let segments = path.split(separator: "?")[0].split(separator: "/")
    guard
      let (_, item) = contract.document["paths"]?.object?.filter({ template, _ in
        let parts = template.split(separator: "/")
        return parts.count == segments.count
          && zip(parts, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
      }).max(by: { $0.key.filter { $0 == "{" }.count > $1.key.filter { $0 == "{" }.count }),
      let operation = item[method.rawValue.lowercased()]
    else {
      if answer.status != 404 && answer.status != 405 {
        Issue.record("\(method) \(path) is not in the contract")
      }
      return
    }
    guard
      let declared = operation["responses"]?["\(answer.status)"]
        ?? (answer.status >= 400 ? operation["responses"]?["default"] : nil)
    else {
      Issue.record(
        "\(method) \(path) answered \(answer.status), which the contract does not have: \(answer.text.prefix(400))"
      )
      return
    }
    let response = contract.resolved(declared)
    let type = answer.headers[.contentType]?.split(separator: ";").first.map(String.init) ?? ""
    // The answer to a HEAD has no body whatever its status.
    guard method != .head else { return }
    guard let content = response["content"]?.object else {
      if !answer.body.isEmpty { Issue.record("\(method) \(path): a body that the contract does not have") }
      return
    }
    guard let media = content[type] else {
      Issue.record("\(method) \(path) answered \(type), not in the contract")
      return
    }
    guard type.hasSuffix("json"), let schema = media["schema"] else { return }
    for fault in SchemaCheck(contract).faults(answer.json, schema).prefix(5) {
      Issue.record("\(method) \(path) (\(answer.status)) strays from the contract: \(fault)")
    }
  }
}
