import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

extension Transport {
  /// HTTP through `URLSession`. `timeoutSeconds` bounds each exchange, so that a dead network is told from a slow one.
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
    return Transport { request in
      try await HTTPExchange(session: session, base: base).send(request)
    }
  }
}

private struct HTTPExchange {
  let session: URLSession
  /// Without a slash at its end.
  let base: String

  func send(_ request: Transport.Request) async throws -> Transport.Answer {
    guard let url = URL(string: base + request.path) else {
      throw TransportError("not a path: \(request.path)")
    }
    var http = URLRequest(url: url)
    http.httpMethod = "POST"
    http.httpBody = Data(request.body)
    http.setValue("application/json", forHTTPHeaderField: "Content-Type")
    http.setValue("application/json, application/problem+json", forHTTPHeaderField: "Accept")
    if let token = request.token { http.setValue("Bearer " + token, forHTTPHeaderField: "Authorization") }
    do {
      let (data, response) = try await session.data(for: http)
      guard let answer = response as? HTTPURLResponse else { throw TransportError("the answer is not HTTP") }
      return Transport.Answer(
        status: answer.statusCode, body: Array(data),
        retryAfterSeconds: answer.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) })
    } catch let error as URLError {
      throw TransportError("no answer from \(base): \(error.code.rawValue)")
    }
  }
}
