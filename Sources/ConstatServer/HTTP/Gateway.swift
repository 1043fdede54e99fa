import ConstatCore
import Foundation
import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import Postgres

public struct GatewayContext: RequestContext {
  public var coreContext: CoreRequestContextStorage
  public let remoteAddress: String?

  public init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remoteAddress = source.channel.remoteAddress?.ipAddress
  }
}

/// Where HTTP ends and Constat begins: turns requests into calls, replies into responses, and every error into a
/// problem.
struct Gateway: Sendable {
  let services: Services
  let routes: Routes
  private let methodsByPath: [(segments: [Substring], methods: [String])]

  init(services: Services, routes: Routes) {
    self.services = services
    self.routes = routes
    methodsByPath = Dictionary(grouping: routes.all, by: \.path)
      .map { ($0.key.split(separator: "/"), $0.value.map(\.method.rawValue).sorted()) }
  }

  func router() -> Router<GatewayContext> {
    let router = Router(context: GatewayContext.self)
    router.add(middleware: Fallback(gateway: self))
    for route in routes.all {
      let path = route.path.replacing("{", with: ":").replacing("}", with: "")
      let label = "\(route.method.rawValue) \(route.path)"
      let log = RequestLog(route: label)
      router.on(RouterPath(path), method: route.method) { request, context in
        await respond(route, request, context, log)
      }
    }
    return router
  }

  private func respond(
    _ route: Routes.Route, _ request: Request, _ context: GatewayContext, _ log: RequestLog
  ) async -> Response {
    let start = ContinuousClock.now
    let requestID = Self.requestID(request, services.clock)
    let token = request.headers[.authorization].flatMap(Self.token)
    var reply: Reply
    var taken = 0
    defer { services.bodies.give(taken, of: token) }
    do {
      var call = Call(
        services: services, method: route.method, template: route.path, path: request.uri.path,
        parameters: Self.parameters(context), query: Self.query(request),
        headers: request.headers, body: [], requestID: requestID,
        remoteAddress: remoteAddress(request, context), token: token)
      try await route.admit(call)
      call.body = try await body(request, limit: route.bodyLimit, from: token, taken: &taken)
      reply = try await route.answer(call)
    } catch {
      reply = Self.reply(to: error, requestID: requestID, route: route.path, logger: context.logger)
    }
    reply.headers[Self.requestIDHeader] = requestID
    log.record(
      reply.status, since: start, requestID: requestID,
      organization: reply.status == .unauthorized ? nil : token?.organization, to: context.logger)
    if let file = reply.file { return Self.response(reply, of: file) }
    if let stream = reply.stream { return Self.response(reply, streaming: stream, to: request) }
    // What answers a HEAD has the headers of a GET and nothing after them.
    if route.method == .head { reply.body = ByteBuffer() }
    ContentCoding.compress(&reply, for: request.headers)
    return Self.response(reply)
  }

  /// The caller's address: that of the connection, or what our own proxy says of it.
  private func remoteAddress(_ request: Request, _ context: GatewayContext) -> String? {
    guard services.trustsForwardedFor, let forwarded = request.headers[.init("X-Forwarded-For")!],
      let last = forwarded.split(separator: ",").last
    else { return context.remoteAddress }
    return last.trimmingCharacters(in: .whitespaces)
  }

  private static func parameters(_ context: GatewayContext) -> [String: String] {
    Dictionary(
      context.parameters.map { key, value in
        let text = String(value)
        let isEscaped = text.utf8.contains(UInt8(ascii: "%"))
        return (String(key), isEscaped ? text.removingPercentEncoding ?? text : text)
      }, uniquingKeysWith: { $1 })
  }

  private static func query(_ request: Request) -> QueryParameters {
    guard request.uri.query != nil else { return QueryParameters([]) }
    return QueryParameters(request.uri.queryParameters.map { (String($0.key), String($0.value)) })
  }

  static let requestIDHeader = HTTPField.Name("X-Request-Id")!
  private static let contentTypeOptions = HTTPField.Name("X-Content-Type-Options")!

  private static func response(_ reply: Reply) -> Response {
    Response(
      status: reply.status, headers: headers(of: reply),
      body: .init(byteBuffer: reply.body))
  }

  /// An answer without an end of its own, given up as soon as the caller has closed the connection.
  private static func response(
    _ reply: Reply, streaming stream: AsyncStream<[UInt8]>, to request: Request
  ) -> Response {
    Response(
      status: reply.status, headers: headers(of: reply),
      body: .init { writer in
        try await request.body.consumeWithCancellationOnInboundClose { _ in
          for await chunk in stream { try await writer.write(ByteBuffer(bytes: chunk)) }
        }
        try await writer.finish(nil)
      })
  }

  /// A file that cannot be read to its end breaks the connection: its length was promised.
  private static func response(_ reply: Reply, of file: BlobContent) -> Response {
    Response(
      status: reply.status, headers: headers(of: reply),
      body: .init(contentLength: file.size) { writer in
        for try await piece in file.pieces { try await writer.write(piece) }
        try await writer.finish(nil)
      })
  }

  private static func headers(of reply: Reply) -> HTTPFields {
    var headers = reply.headers
    headers[contentTypeOptions] = "nosniff"
    if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    return headers
  }

  private static func token(_ header: String) -> BearerToken? {
    let bytes = header.utf8
    guard bytes.count < 200, bytes.prefix(7).elementsEqual("bearer ".utf8, by: { $0 | 0x20 == $1 }) else {
      return nil
    }
    let token = BearerToken(String(header.dropFirst(7).drop { $0 == " " }))
    return token.flatMap { $0.kind == .access || $0.kind == .personal ? $0 : nil }
  }

  /// `taken`: what it has of the budget for large bodies, first for what is sent and then for what that may unpack to.
  private func body(
    _ request: Request, limit: Int, from token: BearerToken?, taken: inout Int
  ) async throws -> [UInt8] {
    if request.method == .get { return [] }
    let isLarge = limit > Routes.jsonLimit
    let isGzip = try ContentCoding.isGzip(request.headers)
    let sent = isGzip ? min(limit, ContentCoding.compressedLimit) : limit
    if isLarge {
      let length = request.headers[.contentLength].flatMap { Int($0) } ?? sent
      taken += try services.bodies.take(min(length, sent), for: token)
    }
    let bytes = try await Self.received(request, limit: sent)
    guard isGzip else { return bytes }
    if isLarge {
      let unpacked = min(limit, bytes.count * ContentCoding.largestRatio)
      taken += try services.bodies.take(unpacked, for: token, holding: taken)
    }
    return try ContentCoding.inflated(bytes, limit: limit)
  }

  private static func received(_ request: Request, limit: Int) async throws -> [UInt8] {
    if let length = request.headers[.contentLength].flatMap(Int.init), length > limit {
      throw Problem.tooLarge(limit)
    }
    return try await BodyReading.gathered(request.body.map(\.readableBytesView), limit: limit)
  }

  private static func requestID(_ request: Request, _ clock: WallClock) -> String {
    if let given = request.headers[requestIDHeader], (8...64).contains(given.utf8.count),
      given.utf8.allSatisfy({ $0.isIdentifier })
    {
      return given
    }
    return clock.newID().wire
  }

  static func reply(to error: any Error, requestID: String, route: String, logger: Logger) -> Reply {
    let problem: Problem
    switch error {
    case let known as Problem: problem = known
    case let refusal as any Refusal: problem = refusal.problem
    case let database as PostgresError:
      problem = Problem(database)
      logger.log(
        level: problem.status.code >= 500 ? .error : .debug, "database error",
        metadata: [
          "request.id": "\(requestID)", "route": "\(route)", "sqlstate": "\(database.sqlState)",
          "constraint": "\(database.constraint ?? "")",
        ])
    case let storage as StorageError:
      problem = .storageUnavailable
      logger.error(
        "storage error",
        metadata: ["request.id": "\(requestID)", "route": "\(route)", "storage": "\(storage)"])
    case let missing as BlobMissing:
      problem = .storageUnavailable
      logger.error(
        "a blob is gone from the storage",
        metadata: [
          "request.id": "\(requestID)", "route": "\(route)",
          "sha256": "\(missing.sha256.hexadecimal.prefix(12))…",
        ])
    case let http as HTTPError:
      problem = Problem(http.status, "http-\(http.status.code)", http.status.reasonPhrase)
    default:
      logger.error(
        "unexpected error",
        metadata: ["request.id": "\(requestID)", "route": "\(route)", "error.type": "\(type(of: error))"])
      problem = .internalError
    }
    var headers = problem.headers
    headers[.contentType] = "application/problem+json"
    headers[.contentLanguage] = "fr"
    return Reply(problem.status, headers: headers, body: problem.body(instance: requestID))
  }

  /// Paths that no route has: 404, or 405 with what would be allowed.
  private struct Fallback: RouterMiddleware {
    let gateway: Gateway
    let log = RequestLog(route: "-")

    func handle(
      _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
      do {
        return try await next(request, context)
      } catch {
        let start = ContinuousClock.now
        let requestID = Gateway.requestID(request, gateway.services.clock)
        var failure = error
        if let http = error as? HTTPError, http.status == .notFound {
          failure = Problem.notFound
          let segments = request.uri.path.split(separator: "/")
          let matching = gateway.methodsByPath
            .filter { Self.matches($0.segments, segments) }.flatMap(\.methods)
          if !matching.isEmpty {
            failure = Problem(
              .methodNotAllowed, "method-not-allowed", "Méthode non autorisée",
              headers: [.allow: Set(matching).sorted().joined(separator: ", ")])
          }
        }
        var reply = Gateway.reply(to: failure, requestID: requestID, route: "-", logger: context.logger)
        reply.headers[Gateway.requestIDHeader] = requestID
        log.record(reply.status, since: start, requestID: requestID, organization: nil, to: context.logger)
        return Gateway.response(reply)
      }
    }

    private static func matches(_ template: [Substring], _ path: [Substring]) -> Bool {
      template.count == path.count && zip(template, path).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
  }
}

extension UInt8 {
  fileprivate var isIdentifier: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
