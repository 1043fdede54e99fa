import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

extension Transport {
  /// HTTP through `URLSession`. `timeoutSeconds` without a byte end an exchange: a dead network is told from a slow one.
  public static func http(_ server: String, timeoutSeconds: Double = 30) throws -> Transport {
    let base = server.hasSuffix("/") ? String(server.dropLast()) : server
    guard let url = URL(string: base), ["https", "http"].contains(url.scheme ?? ""),
      url.host?.isEmpty == false
    else {
      throw TransportError("not the address of a server: \(server)")
    }
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeoutSeconds
    let session = URLSession(configuration: configuration)
    let exchange = HTTPExchange(session: session, base: base)
    return Transport(send: exchange.send, listen: exchange.listen)
  }
}

private struct HTTPExchange: Sendable {
  /// Twice what the server lets pass in silence, and a little.
  private static let listeningTimeoutSeconds = 45.0

  let session: URLSession
  /// Without a slash at its end.
  let base: String

  @Sendable func listen(_ request: Transport.Request) async throws -> Transport.Listening {
    var http = try head(request, accepting: "text/event-stream, application/problem+json")
    http.timeoutInterval = Self.listeningTimeoutSeconds
    return try await HTTPListening.open(http, timeoutSeconds: Self.listeningTimeoutSeconds)
  }

  private func head(_ request: Transport.Request, accepting types: String) throws -> URLRequest {
    guard let url = URL(string: base + request.path) else {
      throw TransportError("not a path: \(request.path)")
    }
    var http = URLRequest(url: url)
    http.setValue(types, forHTTPHeaderField: "Accept")
    if let token = request.token { http.setValue("Bearer " + token, forHTTPHeaderField: "Authorization") }
    return http
  }

  @Sendable func send(_ request: Transport.Request) async throws -> Transport.Answer {
    var http = try head(request, accepting: "application/json, application/problem+json")
    http.httpMethod = request.method
    if ["POST", "PATCH"].contains(request.method) {
      http.httpBody = Data(request.body)
      http.setValue("application/json", forHTTPHeaderField: "Content-Type")
    }
    for (name, value) in request.headers { http.setValue(value, forHTTPHeaderField: name) }
    if request.isGzipped { http.setValue("gzip", forHTTPHeaderField: "Content-Encoding") }
    // Answers come in gzip by themselves: URLSession asks for it, and unpacks them.
    do {
      let request = http
      let (data, response) = try await Abandonable<(Data, URLResponse)>.run { [session] in
        try await session.data(for: request)
      }
      guard let answer = response as? HTTPURLResponse else { throw TransportError("the answer is not HTTP") }
      return Transport.Answer(
        status: answer.statusCode, body: Array(data),
        retryAfterSeconds: answer.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) },
        headers: Dictionary(
          answer.allHeaderFields.compactMap { name, value in
            (name as? String).map { ($0.lowercased(), "\(value)") }
          }, uniquingKeysWith: { $1 }))
    } catch let error as URLError {
      throw TransportError("no answer from \(base): \(error.code.rawValue)")
    }
  }
}
