public import ConstatCore
public import HTTPTypes

/// What went wrong, told to the caller as RFC 9457 `application/problem+json`: a stable English `code`, a
/// French `title`, and the fields concerned. Nothing in it comes from the database's own messages.
public struct Problem: Error, Sendable {
  public var status: HTTPResponse.Status
  public var code: String
  public var title: String
  public var detail: String?
  public var errors: [Fault] = []
  /// Further members, such as the version that made an `If-Match` stale.
  public var members: [String: JSONValue] = [:]
  public var headers: HTTPFields = [:]

  /// One place in the request and what is wrong there.
  public struct Fault: Sendable {
    public let pointer: String
    public let code: String
    public let detail: String

    public init(pointer: String, code: String, detail: String) {
      self.pointer = pointer
      self.code = code
      self.detail = detail
    }
  }

  public init(
    _ status: HTTPResponse.Status, _ code: String, _ title: String, detail: String? = nil,
    errors: [Fault] = [], members: [String: JSONValue] = [:], headers: HTTPFields = [:]
  ) {
    self.status = status
    self.code = code
    self.title = title
    self.detail = detail
    self.errors = errors
    self.members = members
    self.headers = headers
  }

  /// One field of the body is at fault.
  public static func field(_ pointer: String, _ code: String, _ detail: String) -> Problem {
    Problem(
      .unprocessableContent, "invalid-fields", "Champs invalides",
      errors: [Fault(pointer: pointer, code: code, detail: detail)])
  }

  /// The body's fields, as the noun's own check reports them.
  public init(_ problems: FieldProblems, prefix: String = "") {
    self.init(
      .unprocessableContent, "invalid-fields", "Champs invalides",
      errors: problems.problems.map {
        Fault(pointer: prefix + $0.pointer, code: $0.code.rawValue, detail: $0.detail)
      })
  }

  public static let notFound = Problem(.notFound, "not-found", "Ressource introuvable")
  public static let unauthorized = Problem(
    .unauthorized, "unauthorized", "Authentification requise",
    headers: [.wwwAuthenticate: "Bearer realm=\"constat\""])
  public static let forbidden = Problem(.forbidden, "forbidden", "Droits insuffisants")
  public static let preconditionRequired = Problem(
    .preconditionRequired, "if-match-required", "En-tête If-Match requis")
  public static let idempotencyKeyRequired = Problem(
    .badRequest, "idempotency-key-required", "En-tête Idempotency-Key requis")

  /// The body, or what it unpacks to, is more than the route takes. The rest of it is not read.
  static func tooLarge(_ limit: Int) -> Problem {
    Problem(
      .contentTooLarge, "body-too-large", "Corps trop volumineux",
      members: ["limit_bytes": .integer(Int64(limit))], headers: [.connection: "close"])
  }

  /// The body came so slowly that it is given up.
  static let tooSlow = Problem(
    .requestTimeout, "body-too-slow", "Corps reçu trop lentement", headers: [.connection: "close"])

  /// A creation gave the id of a row that holds something else.
  public static let idTaken = conflict("id-taken", "Identifiant déjà utilisé pour d'autres données")

  /// The resource has moved on since the version that the caller saw.
  public static func stale(current: Int64) -> Problem {
    Problem(
      .preconditionFailed, "stale-version", "Version périmée",
      members: ["current_version": .integer(current)], headers: [.eTag: "\"v\(current)\""])
  }

  public static func conflict(
    _ code: String, _ title: String, detail: String? = nil, members: [String: JSONValue] = [:]
  )
    -> Problem
  {
    Problem(.conflict, code, title, detail: detail, members: members)
  }

  func body(instance: String) -> [UInt8] {
    var object: [String: JSONValue] = members
    object["type"] = .string("https://constat.dev/problems/\(code)")
    object["title"] = .string(title)
    object["status"] = .integer(Int64(status.code))
    object["code"] = .string(code)
    object["instance"] = .string(instance)
    if let detail { object["detail"] = .string(detail) }
    if !errors.isEmpty {
      object["errors"] = .array(
        errors.map {
          .object(["pointer": .string($0.pointer), "code": .string($0.code), "detail": .string($0.detail)])
        })
    }
    return JSONValue.object(object).serialized()
  }
}
