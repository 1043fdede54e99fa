public import ConstatCore
import Gzip

/// The way to the server: one closure, so that an app can bring its own networking and a test can lose requests and
/// answers. It throws `TransportError` where no answer came; every answer, of whatever status, is returned.
public struct Transport: Sendable {
  public struct Request: Sendable, Hashable {
    /// `POST` for messages; uploads also use `HEAD` and `PATCH`, downloads `GET`.
    public let method: String
    public let path: String
    /// The bearer token; nil for signing in.
    public let token: String?
    /// Beside those that every request has; `Content-Type` is JSON where nothing else is said.
    public let headers: [String: String]
    /// As it is sent; in gzip where `isGzipped`: the transport then says `Content-Encoding: gzip`.
    public let body: [UInt8]
    public let isGzipped: Bool

    /// Packs a body of JSON where that saves a packet.
    public init(
      method: String = "POST", path: String, token: String?, headers: [String: String] = [:], body: [UInt8]
    ) {
      self.method = method
      self.path = path
      self.token = token
      self.headers = headers
      isGzipped = method == "POST" && headers["Content-Type"] == nil && body.count > 1_400
      self.body = isGzipped ? Gzip.compressed(body, level: 6) : body
    }
  }

  public struct Answer: Sendable, Hashable {
    public let status: Int
    public let body: [UInt8]
    /// Of the header `Retry-After`, where there is one.
    public let retryAfterSeconds: Int?
    /// By their names in lower case; an upload reads where it stands from them.
    public let headers: [String: String]

    public init(
      status: Int, body: [UInt8], retryAfterSeconds: Int? = nil, headers: [String: String] = [:]
    ) {
      self.status = status
      self.body = body
      self.retryAfterSeconds = retryAfterSeconds
      self.headers = headers
    }
  }

  /// What comes of asking for an answer without an end.
  public enum Listening: Sendable {
    /// Its parts as they come, however they are cut. Dropping the stream closes the connection.
    case stream(AsyncThrowingStream<[UInt8], any Error>)
    /// Another answer than one of server-sent events.
    case answer(Answer)
  }

  public var send: @Sendable (Request) async throws -> Answer
  /// Opens an answer without an end, by `GET`. A transport that cannot throws `TransportError`: the device then hears
  /// nothing between its syncs.
  public var listen: @Sendable (Request) async throws -> Listening

  public init(
    send: @escaping @Sendable (Request) async throws -> Answer,
    listen: @escaping @Sendable (Request) async throws -> Listening = { _ in
      throw TransportError("this transport does not listen")
    }
  ) {
    self.send = send
    self.listen = listen
  }
}

/// No answer came: there is no network, or it broke. Whether the request arrived is not known.
public struct TransportError: Error, Sendable, Hashable {
  public let detail: String

  public init(_ detail: String) {
    self.detail = detail
  }
}

/// A refusal in the server's words (RFC 9457).
public struct ServerProblem: Error, Sendable, Hashable {
  public let status: Int
  /// Stable, in English: what a program decides by. Empty where the answer is not a Constat server's.
  public let code: String
  /// For people, in French.
  public let title: String
  public let detail: String?
  public let members: [String: JSONValue]

  init(_ answer: Transport.Answer) {
    let body = (try? JSONValue.parse(answer.body)) ?? .null
    status = answer.status
    code = body["code"]?.string ?? ""
    title = body["title"]?.string ?? ""
    detail = body["detail"]?.string
    members = body.object ?? [:]
  }
}
