import ConstatCore
import Foundation
public import HTTPTypes
public import Postgres

/// The table of all routes: method, path as the contract writes it, who may call, and what to do. One list that the
/// router is built from, and that the contract is compared with.
public struct Routes: Sendable {
  public enum Handler: Sendable {
    case open(@Sendable (Call) async throws -> Reply)
    case read(@Sendable (ReadCall) async throws -> Reply)
    case write(
      opening: @Sendable (Call) throws -> [SQL], channel: String, @Sendable (WriteCall) async throws -> Reply)
    /// Opens its transactions itself, with ``WriteCall/run(_:access:channel:opening:_:)``.
    case transacting(@Sendable (Call, Access) async throws -> Reply)
  }

  public struct Route: Sendable {
    public let method: HTTPRequest.Method
    public let path: String
    public let access: Access
    public let requiresIdempotencyKey: Bool
    public let bodyLimit: Int
    public let handler: Handler
  }

  public private(set) var all: [Route] = []
  public static let jsonLimit = 1_048_576

  public init() {}

  /// Without a credential.
  public mutating func open(
    _ method: HTTPRequest.Method, _ path: String, bodyLimit: Int = jsonLimit,
    _ handler: @escaping @Sendable (Call) async throws -> Reply
  ) {
    add(method, path, .anyone, false, bodyLimit, .open(handler))
  }

  public mutating func get(
    _ path: String, _ access: Access, _ handler: @escaping @Sendable (ReadCall) async throws -> Reply
  ) {
    add(.get, path, access, false, Self.jsonLimit, .read(handler))
  }

  /// A POST that computes without writing.
  public mutating func compute(
    _ path: String, _ access: Access, _ handler: @escaping @Sendable (ReadCall) async throws -> Reply
  ) {
    add(.post, path, access, false, Self.jsonLimit, .read(handler))
  }

  /// `idempotent: true` where money, numbers or messages come out: the key is then required.
  public mutating func post(
    _ path: String, _ access: Access, idempotent: Bool = false, bodyLimit: Int = jsonLimit,
    channel: String = "api",
    opening: @escaping @Sendable (Call) throws -> [SQL] = { _ in [] },
    _ handler: @escaping @Sendable (WriteCall) async throws -> Reply
  ) {
    add(.post, path, access, idempotent, bodyLimit, .write(opening: opening, channel: channel, handler))
  }

  /// A POST that opens its transactions itself.
  public mutating func transacting(
    _ method: HTTPRequest.Method, _ path: String, _ access: Access, bodyLimit: Int = jsonLimit,
    _ handler: @escaping @Sendable (Call, Access) async throws -> Reply
  ) {
    add(method, path, access, false, bodyLimit, .transacting(handler))
  }

  /// A POST with slow work before its write, such as hashing a password, that must not hold a transaction: `preparing`
  /// runs first, outside of any. It asks for the principal before it spends anything.
  public mutating func post<Prepared: Sendable>(
    _ path: String, _ access: Access, bodyLimit: Int = jsonLimit,
    preparing: @escaping @Sendable (ReadCall) async throws -> Prepared,
    _ handler: @escaping @Sendable (WriteCall, Prepared) async throws -> Reply
  ) {
    add(
      .post, path, access, false, bodyLimit,
      .read { reading in
        let prepared = try await preparing(reading)
        let write = Route(
          method: .post, path: path, access: access, requiresIdempotencyKey: false, bodyLimit: Self.jsonLimit,
          handler: .write(opening: { _ in [] }, channel: "api") { try await handler($0, prepared) })
        return try await write.answer(reading.call)
      })
  }

  /// A GET that leaves a trace: what it writes is committed before the first byte of the answer leaves.
  public mutating func download(
    _ path: String, _ access: Access, _ handler: @escaping @Sendable (WriteCall) async throws -> Reply
  ) {
    add(.get, path, access, false, Self.jsonLimit, .write(opening: { _ in [] }, channel: "api", handler))
  }

  public mutating func patch(
    _ path: String, _ access: Access, _ handler: @escaping @Sendable (WriteCall) async throws -> Reply
  ) {
    add(.patch, path, access, false, Self.jsonLimit, .write(opening: { _ in [] }, channel: "api", handler))
  }

  public mutating func put(
    _ path: String, _ access: Access, bodyLimit: Int = jsonLimit,
    _ handler: @escaping @Sendable (WriteCall) async throws -> Reply
  ) {
    add(.put, path, access, false, bodyLimit, .write(opening: { _ in [] }, channel: "api", handler))
  }

  public mutating func delete(
    _ path: String, _ access: Access, _ handler: @escaping @Sendable (WriteCall) async throws -> Reply
  ) {
    add(.delete, path, access, false, Self.jsonLimit, .write(opening: { _ in [] }, channel: "api", handler))
  }

  private mutating func add(
    _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ key: Bool, _ limit: Int,
    _ handler: Handler
  ) {
    precondition(
      !all.contains { $0.method == method && $0.path == path }, "\(method) \(path) is declared twice")
    all.append(
      Route(
        method: method, path: path, access: access, requiresIdempotencyKey: key, bodyLimit: limit,
        handler: handler))
  }
}

extension Routes.Route {
  /// Refuses who may not call before a large body is received.
  func admit(_ call: Call) async throws {
    guard bodyLimit > Routes.jsonLimit else { return }
    if let length = call.headers[.contentLength].flatMap(Int.init), length <= BodyBudget.small,
      call.headers[.contentEncoding] == nil
    {
      return
    }
    _ = try await ReadCall(call: call, access: access).principal()
  }

  /// Carries out one call: credential, rights, transaction, replay, answer.
  func answer(_ call: Call) async throws -> Reply {
    switch handler {
    case .open(let handle):
      return try await handle(call)
    case .read(let handle):
      guard call.token != nil else { throw Problem.unauthorized }
      let reading = ReadCall(call: call, access: access)
      do {
        let reply = try await handle(reading)
        if !reading.isAuthenticated { _ = try await reading.principal() }
        return reply
      } catch let problem as Problem where !reading.isAuthenticated {
        // Who is unknown is told so before what is wrong with the request.
        if problem.status != .unauthorized, problem.status != .forbidden { _ = try await reading.principal() }
        throw problem
      }
    case .write(let opening, let channel, let handle):
      return try await write(call, opening: opening, channel: channel, handle)
    case .transacting(let handle):
      guard call.token != nil else { throw Problem.unauthorized }
      return try await handle(call, access)
    }
  }

  private func write(
    _ call: Call, opening: @Sendable (Call) throws -> [SQL], channel: String,
    _ handle: @escaping @Sendable (WriteCall) async throws -> Reply
  ) async throws -> Reply {
    let key = try idempotencyKey(call)
    return try await WriteCall.run(call, access: access, channel: channel, opening: opening) { writing in
      guard let key else {
        if requiresIdempotencyKey { throw Problem.idempotencyKeyRequired }
        return try await handle(writing)
      }
      let store = IdempotencyStore(
        transaction: writing.transaction, principal: writing.principal, route: "\(method) \(path)", key: key)
      if let replay = try await store.claim(IdempotencyStore.fingerprint(call)) { return replay }
      let reply = try await handle(writing)
      try await store.settle(reply)
      return reply
    }
  }

  private func idempotencyKey(_ call: Call) throws -> String? {
    guard method == .post, let key = call.headers[.init("Idempotency-Key")!] else { return nil }
    guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw Problem(.badRequest, "malformed-idempotency-key", "En-tête Idempotency-Key illisible")
    }
    return key
  }
}
