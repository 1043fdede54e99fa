import AsyncHTTPClient
import ConstatCore
import Foundation
import NIOCore
import NIOHTTP1

/// The story's hands: HTTP calls, and expectations that stop it.
final class Stage: Sendable {
  let cast: Story.Cast
  private let tell: @Sendable (Story.Line) -> Void
  private let http = HTTPClient.shared

  init(cast: Story.Cast, tell: @escaping @Sendable (Story.Line) -> Void) {
    self.cast = cast
    self.tell = tell
  }

  func step(_ what: String, _ outcome: String) { tell(.step(what, outcome)) }

  func expect(_ holds: Bool, _ step: String, _ detail: @autoclosure () -> String) throws {
    if !holds { throw Story.Departure(step: step, detail: detail()) }
  }

  struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]
    var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
    subscript(member: String) -> JSONValue { json[member] ?? .null }
    var text: String { String(decoding: body, as: UTF8.self) }
    var id: String { json["id"]?.string ?? "" }
    var items: [JSONValue] { json["items"]?.array ?? [] }
    var etag: String { headers.first(name: "etag") ?? "" }
  }

  func signIn(_ who: Story.SignIn) async throws -> String {
    let answer = try await call(
      "POST", "/v1/auth/login", nil, ["email": .string(who.email), "password": .string(who.password)])
    try expect(answer.status == 200, "sign-in of \(who.email)", "\(answer.status) \(answer.text)")
    return answer["access_token"].string ?? ""
  }

  func get(_ path: String, _ token: String?) async throws -> Answer { try await call("GET", path, token) }

  /// A POST that must succeed.
  func post(_ path: String, _ token: String, _ body: JSONValue = [:], step: String) async throws -> Answer {
    let answer = try await call("POST", path, token, body, ["idempotency-key": UUID().uuidString])
    try expect((200..<300).contains(answer.status), step, "\(answer.status) \(answer.text)")
    return answer
  }

  /// A PATCH at the version just read.
  func patch(_ path: String, _ token: String, _ body: JSONValue, step: String) async throws -> Answer {
    let now = try await get(path, token)
    let answer = try await call(
      "PATCH", path, token, body, ["if-match": now.etag, "content-type": "application/merge-patch+json"])
    try expect(answer.status == 200, step, "\(answer.status) \(answer.text)")
    return answer
  }

  func call(
    _ method: String, _ path: String, _ token: String?, _ body: JSONValue? = nil,
    _ headers: [String: String] = [:]
  ) async throws -> Answer {
    try await send(method, path, token, bytes: body?.serialized(), headers)
  }

  func send(
    _ method: String, _ path: String, _ token: String?, bytes: [UInt8]?, _ headers: [String: String] = [:]
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: cast.server + path)
    request.method = .init(rawValue: method)
    if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let bytes {
      if request.headers.first(name: "content-type") == nil {
        request.headers.add(name: "content-type", value: "application/json")
      }
      request.body = .bytes(bytes)
    }
    let response = try await http.execute(request, timeout: .seconds(30))
    let received = try await response.body.collect(upTo: 64 << 20)
    return Answer(
      status: Int(response.status.code), headers: response.headers, body: Array(received.readableBytesView))
  }
}
