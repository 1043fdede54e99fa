public import ConstatCore

/// A conformance vector as its file has it: exchanges with a server, in order, and what each answer must say.
/// The format is told in docs/sync.md, for whoever runs the files with a program of their own.
public struct Vector: Sendable, Hashable {
  /// The file's name without its ending.
  public let name: String
  public let title: String
  /// The heading of docs/sync.md that it shows at work.
  public let section: String
  /// What the organization must have beyond one technician, such as a `colleague`: without it the vector is skipped.
  public let needs: [String]
  /// The set-ups to play before, by name.
  public let given: [String]
  public let steps: [VectorStep]

  /// Refuses members that the format does not have: a misspelt expectation would expect nothing.
  public init(name: String, json: JSONValue) throws(VectorFault) {
    let reader = try VectorReader(json, in: name, knows: ["title", "section", "needs", "given", "steps"])
    self.name = name
    title = try reader.string("title")
    section = try reader.optionalString("section") ?? ""
    needs = try reader.strings("needs")
    given = try reader.strings("given")
    var steps: [VectorStep] = []
    for step in try reader.array("steps") { steps.append(try VectorStep(json: step, in: name)) }
    self.steps = steps
  }
}

/// One exchange: what is sent, by whom, and what must come back.
public struct VectorStep: Sendable, Hashable {
  public let title: String
  /// The variable that holds the bearer token; nil for a request without one.
  public let token: String?
  public let method: String
  public let path: String
  public let headers: [String: JSONValue]
  public let body: VectorBody
  /// True where the body goes in gzip.
  public let isPacked: Bool
  /// True where the request is sent again with each answer's cursor until `more` is false.
  public let isWhole: Bool
  public let status: Int
  public let answerHeaders: [String: JSONValue]
  /// What the body must be like; nil to leave it unseen.
  public let answerBody: JSONValue?
  /// Variables to take from the answer: a JSON pointer into its body, or the name of a header.
  public let keep: [String: String]

  init(json: JSONValue, in name: String) throws(VectorFault) {
    let step = try VectorReader(
      json, in: name, knows: ["title", "as", "request", "whole", "answer", "keep"])
    title = try step.string("title")
    token = try step.optionalString("as")
    isWhole = step["whole"] == .bool(true)
    let request = try VectorReader(
      step["request"] ?? .null, in: name,
      knows: ["method", "path", "headers", "body", "text", "base64", "gzip"])
    method = try request.optionalString("method") ?? "POST"
    path = try request.string("path")
    headers = request["headers"]?.object ?? [:]
    body = try VectorBody(request)
    isPacked = request["gzip"] == .bool(true)
    if isPacked, isWhole { throw VectorFault(name, "a whole pull does not go in gzip") }
    let answer = try VectorReader(step["answer"] ?? .null, in: name, knows: ["status", "headers", "body"])
    guard let status = answer["status"]?.integer else { throw VectorFault(name, "an answer has no status") }
    self.status = Int(clamping: status)
    answerHeaders = answer["headers"]?.object ?? [:]
    answerBody = answer["body"]
    var keep: [String: String] = [:]
    for (variable, place) in step["keep"]?.object ?? [:] {
      guard let place = place.string else { throw VectorFault(name, "keep/\(variable) is no text") }
      keep[variable] = place
    }
    self.keep = keep
  }
}

/// What a request carries.
public enum VectorBody: Sendable, Hashable {
  case none
  case json(JSONValue)
  /// Text in parts, some of them repeated: for what is no JSON, or too long to be written out.
  case text([Part])
  /// Bytes.
  case base64(String)

  public struct Part: Sendable, Hashable {
    public let text: String
    public let times: Int
  }

  init(_ request: VectorReader) throws(VectorFault) {
    let given = ["body", "text", "base64"].filter { request[$0] != nil }
    guard given.count <= 1 else { throw VectorFault(request.name, "more than one body") }
    switch given.first {
    case "body": self = .json(request["body"] ?? .null)
    case "base64": self = .base64(try request.string("base64"))
    case "text": self = .text(try Self.parts(request["text"] ?? .null, in: request.name))
    default: self = .none
    }
  }

  private static func parts(_ value: JSONValue, in name: String) throws(VectorFault) -> [Part] {
    var parts: [Part] = []
    for part in value.array ?? [value] {
      if let text = part.string {
        parts.append(Part(text: text, times: 1))
      } else if let text = part["repeat"]?.string, let times = part["times"]?.integer {
        parts.append(Part(text: text, times: Int(clamping: times)))
      } else {
        throw VectorFault(name, "a part of a text is neither text nor a repetition")
      }
    }
    return parts
  }
}

/// A vector that cannot be read or run as it is written.
public struct VectorFault: Error, Sendable, Hashable, CustomStringConvertible {
  public let vector: String
  public let detail: String

  public init(_ vector: String, _ detail: String) {
    self.vector = vector
    self.detail = detail
  }

  public var description: String { "\(vector): \(detail)" }
}

/// Reads the members of one object of a vector.
struct VectorReader {
  let name: String
  private let members: [String: JSONValue]

  init(_ value: JSONValue, in name: String, knows known: Set<String>) throws(VectorFault) {
    guard let members = value.object else { throw VectorFault(name, "an object is missing") }
    if let stray = members.keys.sorted().first(where: { !known.contains($0) }) {
      throw VectorFault(name, "unknown member \(stray)")
    }
    self.name = name
    self.members = members
  }

  subscript(member: String) -> JSONValue? { members[member] }

  func string(_ member: String) throws(VectorFault) -> String {
    guard let text = members[member]?.string else { throw VectorFault(name, "\(member) is no text") }
    return text
  }

  func optionalString(_ member: String) throws(VectorFault) -> String? {
    guard members[member] != nil else { return nil }
    return try string(member)
  }

  func array(_ member: String) throws(VectorFault) -> [JSONValue] {
    guard let items = members[member]?.array else { throw VectorFault(name, "\(member) is no list") }
    return items
  }

  func strings(_ member: String) throws(VectorFault) -> [String] {
    guard members[member] != nil else { return [] }
    return try array(member).compactMap(\.string)
  }
}
