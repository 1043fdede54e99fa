public import ConstatCore
import Foundation
import Gzip

/// Plays vectors against a server, through whatever brings a request there.
public struct VectorRun: Sendable {
  public struct Request: Sendable {
    public let method: String
    public let path: String
    /// By name in lower case.
    public let headers: [String: String]
    public let body: [UInt8]?

    public init(
      _ method: String, _ path: String, token: String? = nil, headers: [String: String] = [:],
      body: [UInt8]? = nil
    ) {
      self.method = method
      self.path = path
      self.body = body
      var headers = headers
      if let token { headers["authorization"] = "Bearer " + token }
      if body != nil, headers["content-type"] == nil {
        headers["content-type"] =
          method == "PATCH" ? "application/merge-patch+json" : "application/json"
      }
      self.headers = headers
    }
  }

  public struct Answer: Sendable {
    public let status: Int
    public let headers: [String: String]
    public let body: [UInt8]

    /// `headers` by name in lower case.
    public init(status: Int, headers: [String: String], body: [UInt8]) {
      self.status = status
      self.headers = headers
      self.body = body
    }

    /// The body; of a stream of events the first one, by its name and data.
    var json: JSONValue {
      guard headers["content-type"]?.hasPrefix("text/event-stream") == true else {
        return (try? JSONValue.parse(body)) ?? .null
      }
      var event: [String: JSONValue] = [:]
      for line in String(decoding: body, as: UTF8.self).split(separator: "\n") {
        guard let colon = line.firstIndex(of: ":"), ["event", "data"].contains(line[..<colon]),
          event["data"] == nil
        else { continue }
        let value = line[line.index(after: colon)...].trimmingPrefix(" ")
        event[String(line[..<colon])] = (try? JSONValue.parse(String(value))) ?? .string(String(value))
      }
      return .object(event)
    }
  }

  public enum Outcome: Sendable, Hashable {
    case holds
    /// At which step, and the first difference.
    case fails(step: String, difference: String)
    /// The organization lacks what the vector needs.
    case skipped(String)
  }

  /// How the run reaches what is not ours to bring.
  public struct World: Sendable {
    public let send: @Sendable (Request) async throws -> Answer
    public let newID: @Sendable () -> String

    public init(
      send: @escaping @Sendable (Request) async throws -> Answer,
      newID: @escaping @Sendable () -> String
    ) {
      self.send = send
      self.newID = newID
    }
  }

  /// Sees each answer beside what was expected of it, for tests of the vectors themselves.
  public typealias Witness = @Sendable (_ vector: String, _ expected: JSONValue, _ actual: JSONValue) -> Void

  let set: VectorSet
  let world: World
  let witness: Witness?
  /// What every vector may name: `office` (a token), `technician`, and `colleague` where there is a second one.
  let variables: [String: JSONValue]

  public init(
    _ set: VectorSet, world: World, variables: [String: JSONValue], witness: Witness? = nil
  ) {
    self.set = set
    self.world = world
    self.witness = witness
    self.variables = variables
  }

  /// Plays one vector on rows of its own. Throws only where no answer comes at all.
  public func play(_ vector: Vector) async throws -> Outcome {
    if let missing = vector.needs.first(where: { variables[$0] == nil }) { return .skipped(missing) }
    var named = Variables(variables, newID: world.newID)
    for step in set.steps(of: vector) {
      do {
        if let difference = try await play(step, of: vector.name, &named) {
          return .fails(step: step.title, difference: difference)
        }
      } catch let fault as VectorFault {
        return .fails(step: step.title, difference: fault.description)
      }
    }
    return .holds
  }

  /// The first difference; nil where the answer is as expected.
  private func play(
    _ step: VectorStep, of vector: String, _ variables: inout Variables
  ) async throws -> String? {
    let answer = try await answer(to: step, &variables)
    guard answer.status == step.status else {
      let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
      return "the status is \(answer.status), expected \(step.status): \(text)"
    }
    for (name, expected) in step.answerHeaders.sorted(by: { $0.key < $1.key }) {
      let expected = try variables.filled(expected)
      let actual = answer.headers[name.lowercased()].map { JSONValue.string($0) }
      if let found = Expectation.difference(expected, actual, at: "header \(name)") { return found }
      if let actual { witness?(vector, expected, actual) }
    }
    let json = answer.json
    if let body = step.answerBody {
      let expected = try variables.filled(body)
      if let found = Expectation.difference(expected, json) { return found }
      witness?(vector, expected, json)
    }
    for (variable, place) in step.keep {
      let value =
        place.hasPrefix("/") ? json.at(place) : answer.headers[place.lowercased()].map { .string($0) }
      guard let value else { return "\(place) is missing, which later steps need" }
      variables[variable] = value
    }
    return nil
  }

  /// The answer; of a whole pull the last page's, with the events of all and the first's `reset`.
  private func answer(to step: VectorStep, _ variables: inout Variables) async throws -> Answer {
    var request = try request(step, &variables)
    var answer = try await exchange(request)
    guard step.isWhole else { return answer }
    var events: [JSONValue] = []
    let reset = answer.json["reset"]
    while answer.status == 200, case .object(var page) = answer.json {
      events += page["events"]?.array ?? []
      guard page["more"] == true, case .object(var body)? = try? JSONValue.parse(request.body ?? []) else {
        page["events"] = .array(events)
        page["reset"] = reset
        return Answer(status: 200, headers: answer.headers, body: JSONValue.object(page).serialized())
      }
      body["cursor"] = page["cursor"]
      request = Request(
        request.method, request.path, headers: request.headers, body: JSONValue.object(body).serialized())
      answer = try await exchange(request)
    }
    return answer
  }

  /// The answer as it was before it was packed, where it came in gzip.
  private func exchange(_ request: Request) async throws -> Answer {
    let answer = try await world.send(request)
    guard answer.headers["content-encoding"] == "gzip" else { return answer }
    let body = try Gzip.inflated(answer.body, limit: 64 << 20)
    return Answer(status: answer.status, headers: answer.headers, body: body)
  }

  private func request(_ step: VectorStep, _ variables: inout Variables) throws -> Request {
    var token: String?
    if let name = step.token {
      guard let text = variables[name]?.string else { throw VectorFault(name, "no such token") }
      token = text
    }
    var headers: [String: String] = [:]
    for (name, value) in step.headers {
      headers[name.lowercased()] = try variables.filled(value).string
    }
    var body = try bytes(step.body, &variables)
    if step.isPacked {
      headers["content-encoding"] = "gzip"
      body = body.map { Gzip.compressed($0) }
    }
    return Request(
      step.method, try variables.filled(step.path), token: token, headers: headers, body: body)
  }

  private func bytes(_ body: VectorBody, _ variables: inout Variables) throws -> [UInt8]? {
    switch body {
    case .none: return nil
    case .json(let value): return try variables.filled(value).serialized()
    case .base64(let text): return Data(base64Encoded: text).map { Array($0) }
    case .text(let parts):
      var text = ""
      for part in parts {
        text += String(repeating: try variables.filled(part.text), count: part.times)
      }
      return Array(text.utf8)
    }
  }
}
