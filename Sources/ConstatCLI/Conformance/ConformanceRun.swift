import AsyncHTTPClient
import ConstatConformance
import ConstatCore
import ConstatDevice
import NIOCore
import NIOHTTP1

/// The vectors on their way over HTTP, as one office user.
struct ConformanceRun: Sendable {
  struct SignIn: Sendable {
    let email: String
    let password: String
    let organization: String?
  }

  /// A server, or an organization on it, that the vectors cannot be run against.
  struct Unfit: Error {
    let detail: String
  }

  private let run: VectorRun

  /// Lets `body` play vectors.
  static func with<Value: Sendable>(
    server: String, set: VectorSet, signIn: SignIn, witness: VectorRun.Witness? = nil,
    _ body: (ConformanceRun) async throws -> Value
  ) async throws -> Value {
    var configuration = HTTPClient.Configuration()
    // A server that is not there is said not to be, at once.
    configuration.connectionPool.retryConnectionEstablishment = false
    let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let value: Value
    do {
      let run = try await ConformanceRun(http, server, set, signIn, witness)
      value = try await body(run)
    } catch {
      try await http.shutdown()
      throw error
    }
    try await http.shutdown()
    return value
  }

  /// Signs in and looks for technicians.
  private init(
    _ http: HTTPClient, _ server: String, _ set: VectorSet, _ signIn: SignIn, _ witness: VectorRun.Witness?
  ) async throws {
    let base = server.hasSuffix("/") ? String(server.dropLast()) : server
    let send: @Sendable (VectorRun.Request) async throws -> VectorRun.Answer = { request in
      do { return try await Self.exchange(request, base, http) } catch {
        throw Unfit(detail: "no answer from \(base): \(error)")
      }
    }
    var credentials: [String: JSONValue] = [
      "email": .string(signIn.email), "password": .string(signIn.password),
    ]
    if let organization = signIn.organization { credentials["organization"] = .string(organization) }
    let office = try await Self.member(
      "access_token",
      of: send(.init("POST", "/v1/auth/login", body: JSONValue.object(credentials).serialized())),
      "sign-in of \(signIn.email)")
    let users = try await Self.member(
      "items", of: send(.init("GET", "/v1/users?limit=200&profile=technician", token: office.string)),
      "list of technicians")
    let technicians = (users.array ?? []).filter { $0["disabled_at"]?.string == nil }
    guard let technician = technicians.first?["id"] else {
      throw Unfit(detail: "the organization has no technician")
    }
    var variables = ["office": office, "technician": technician]
    if technicians.count > 1 { variables["colleague"] = technicians[1]["id"] }
    run = VectorRun(
      set, world: .init(send: send, newID: DeviceEnvironment.system.newID), variables: variables,
      witness: witness)
  }

  /// Plays them one after the other; true where none fails.
  func play(_ vectors: [Vector], say: (String) -> Void) async throws -> Bool {
    var (failing, skipped) = (0, 0)
    for vector in vectors {
      switch try await run.play(vector) {
      case .holds: say("✔ \(vector.name): \(vector.title)")
      case .skipped(let missing):
        skipped += 1
        say("– \(vector.name): skipped, the organization has no \(missing)")
      case .fails(let step, let difference):
        failing += 1
        say("✘ \(vector.name): \(vector.title)\n    \(step): \(difference)")
      }
    }
    let holding = vectors.count - failing - skipped
    say("\n\(holding) of \(vectors.count) vectors hold, \(failing) fail, \(skipped) skipped")
    return failing == 0
  }

  private static func member(
    _ name: String, of answer: VectorRun.Answer, _ what: String
  ) throws -> JSONValue {
    let json = (try? JSONValue.parse(answer.body)) ?? .null
    guard answer.status == 200, let value = json[name] else {
      throw Unfit(detail: "\(what): \(answer.status) \(json["title"]?.string ?? "")")
    }
    return value
  }

  private static func exchange(
    _ request: VectorRun.Request, _ base: String, _ client: HTTPClient
  ) async throws -> VectorRun.Answer {
    var http = HTTPClientRequest(url: base + request.path)
    http.method = .init(rawValue: request.method)
    for (name, value) in request.headers { http.headers.add(name: name, value: value) }
    if let body = request.body { http.body = .bytes(body) }
    let response = try await client.execute(http, timeout: .seconds(60))
    let headers = Dictionary(
      response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { one, _ in one })
    let isStream = headers["content-type"]?.hasPrefix("text/event-stream") == true
    var body: [UInt8] = []
    for try await part in response.body {
      body += part.readableBytesView
      // A stream of events has no end: its first one is what a vector is about.
      if isStream, String(decoding: body, as: UTF8.self).contains("\n\n") { break }
    }
    return VectorRun.Answer(status: Int(response.status.code), headers: headers, body: body)
  }
}
