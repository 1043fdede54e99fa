public import ConstatCore

/// The way to the server: one closure, so that an app can bring its own networking and a test can lose requests and
/// answers. It throws `TransportError` where no answer came; every answer, of whatever status, is returned.
public struct Transport: Sendable {
  public struct Request: Sendable, Hashable {
    /// Always `POST`.
    public let path: String
    /// The bearer token; nil for signing in.
    public let token: String?
    /// JSON.
    public let body: [UInt8]

    public init(path: String, token: String?, body: [UInt8]) {
      self.path = path
      self.token = token
      self.body = body
    }
  }

  public struct Answer: Sendable, Hashable {
    public let status: Int
    public let body: [UInt8]
    /// Of the header `Retry-After`, where there is one.
    public let retryAfterSeconds: Int?

    public init(status: Int, body: [UInt8], retryAfterSeconds: Int? = nil) {
      self.status = status
      self.body = body
      self.retryAfterSeconds = retryAfterSeconds
    }
  }

  public var send: @Sendable (Request) async throws -> Answer

  public init(send: @escaping @Sendable (Request) async throws -> Answer) {
    self.send = send
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
  /// Stable, in English: what a program decides by.
  public let code: String
  /// For people, in French.
  public let title: String
  public let detail: String?
  public let members: [String: JSONValue]

  init(_ answer: Transport.Answer) {
    let body = (try? JSONValue.parse(answer.body)) ?? .null
    status = answer.status
    code = body["code"]?.string ?? "http-\(answer.status)"
    title = body["title"]?.string ?? ""
    detail = body["detail"]?.string
    members = body.object ?? [:]
  }
}
