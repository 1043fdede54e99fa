import ConstatCore

/// The device's sign-in: trades the secret for tokens of some minutes, anew where one has expired.
actor DeviceSession {
  private let transport: Transport
  private let enrolment: Enrolment
  private let now: @Sendable () -> Instant
  private var token: String?
  private var expiresAt: Instant = .min

  init(transport: Transport, enrolment: Enrolment, now: @escaping @Sendable () -> Instant) {
    self.transport = transport
    self.enrolment = enrolment
    self.now = now
  }

  /// The answer's JSON; throws `SyncError` for all others.
  func post(_ path: String, _ body: [UInt8]) async throws -> JSONValue {
    try Self.value(of: await answer("POST", path, [:], body))
  }

  /// The answer whatever its status.
  func answer(
    _ method: String, _ path: String, _ headers: [String: String] = [:], _ body: [UInt8] = []
  ) async throws -> Transport.Answer {
    var refusal: Transport.Answer?
    for _ in 1...2 {
      let answer = try await Self.send(
        .init(method: method, path: path, token: currentToken(), headers: headers, body: body),
        through: transport)
      if answer.status != 401 { return answer }
      token = nil
      refusal = answer
    }
    // Something in between, such as a captive portal, says nothing of the device's secret.
    throw refusal.flatMap(Self.error) ?? SyncError.signInRefused
  }

  /// The parts of an answer without an end; throws `SyncError` where there is none.
  func listen(_ path: String) async throws -> AsyncThrowingStream<[UInt8], any Error> {
    for attempt in 1...2 {
      let request = Transport.Request(path: path, token: try await currentToken(), body: [])
      let listening: Transport.Listening
      do { listening = try await transport.listen(request) } catch let error as TransportError {
        throw SyncError.offline(error.detail)
      }
      switch listening {
      case .stream(let parts): return parts
      case .answer(let answer) where answer.status == 401 && attempt == 1: token = nil
      case .answer(let answer):
        _ = try Self.value(of: answer)
        throw SyncError.unreadableAnswer(path)
      }
    }
    throw SyncError.signInRefused
  }

  private func currentToken() async throws -> String {
    if let token, now() < expiresAt { return token }
    let body: JSONValue = ["secret": .string(enrolment.secret)]
    let answer = try await Self.send(
      .init(path: "/v1/devices/\(enrolment.device)/token", token: nil, body: body.serialized()),
      through: transport)
    let value = try Self.value(of: answer)
    guard let text = value["access_token"]?.string else { throw SyncError.unreadableAnswer("access_token") }
    // Half a minute early, so that a token does not expire on its way. The device's own clock counts, from its own
    // reading: being set wrong does not matter.
    expiresAt = now().adding(seconds: (value["expires_in"]?.integer ?? 60) - 30)
    token = text
    return text
  }

  static func send(_ request: Transport.Request, through transport: Transport) async throws
    -> Transport.Answer
  {
    do {
      return try await transport.send(request)
    } catch let error as TransportError {
      throw SyncError.offline(error.detail)
    }
  }

  static func value(of answer: Transport.Answer) throws -> JSONValue {
    if let error = error(of: answer) { throw error }
    do {
      return try JSONValue.parse(answer.body)
    } catch {
      throw SyncError.unreadableAnswer(error.code)
    }
  }

  /// What an answer's status says that went wrong; nil where nothing did.
  static func error(of answer: Transport.Answer) -> SyncError? {
    switch answer.status {
    case 200..<300: nil
    case 401 where !ServerProblem(answer).code.isEmpty: .signInRefused
    case 408, 429, 500..<600:
      .serverBusy(status: answer.status, retryAfterSeconds: answer.retryAfterSeconds)
    default: refusal(ServerProblem(answer))
    }
  }

  /// A refusal that is none of a Constat server's is one of something in between: no reason to give up an edit or a file.
  private static func refusal(_ problem: ServerProblem) -> SyncError {
    switch problem.code {
    case "": .unreadableAnswer("code")
    case "body-incomplete": .serverBusy(status: problem.status, retryAfterSeconds: nil)
    default: .refused(problem)
    }
  }
}
