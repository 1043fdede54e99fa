public import ConstatCore
public import Foundation
public import HTTPTypes
public import Postgres
import Synchronization

/// What the outside world gives the server: time, fresh ids and randomness. Tests fix them.
public struct WallClock: Sendable {
  public var now: @Sendable () -> Instant
  public var random: @Sendable (Int) -> [UInt8]

  public init(now: @escaping @Sendable () -> Instant, random: @escaping @Sendable (Int) -> [UInt8]) {
    self.now = now
    self.random = random
  }

  public static let system = WallClock(
    now: { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) },
    random: { count in
      // Eight bytes at a time, since each draw asks the system.
      var generator = SystemRandomNumberGenerator()
      return [UInt8](unsafeUninitializedCapacity: count + 7) { buffer, filled in
        for place in stride(from: 0, to: count, by: 8) {
          UnsafeMutableRawPointer(buffer.baseAddress! + place).storeBytes(
            of: generator.next(), as: UInt64.self)
        }
        filled = count
      }
    })

  /// A UUIDv7 (RFC 9562): ordered by time, so that keys are inserted at the end of their index.
  public func newID() -> UUID {
    let milliseconds = UInt64(now().microseconds / 1000)
    var bytes = random(16)
    for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - 8 * index)) }
    bytes[6] = (bytes[6] & 0x0f) | 0x70
    bytes[8] = (bytes[8] & 0x3f) | 0x80
    return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }
}

/// What every route shares; made once at start.
public struct Services: Sendable {
  public let pool: Pool
  public let clock: WallClock
  /// Signs cursors and derives refresh tokens; the same on every process of an installation.
  public let secret: [UInt8]
  /// Where the bytes of files are.
  public let storage: any BlobStorage
  /// Whether a proxy of ours stands before the server, whose `X-Forwarded-For` names the caller.
  public let trustsForwardedFor: Bool
  /// Of large bodies under way.
  let bodies: BodyBudget
  /// Makes files of the mission's papers; nil where this process cannot.
  public let renderer: (any MissionRenderer)?
  /// Nil where this process sends no mail.
  public let mail: (any MailTransport)?

  public init(
    pool: Pool, clock: WallClock, secret: [UInt8], storage: any BlobStorage, trustsForwardedFor: Bool = false,
    bodyBytes: Int = 256 << 20, renderer: (any MissionRenderer)? = nil, mail: (any MailTransport)? = nil
  ) {
    bodies = BodyBudget(bytes: bodyBytes)
    self.renderer = renderer
    self.mail = mail
    self.pool = pool
    self.clock = clock
    self.secret = secret
    self.storage = storage
    self.trustsForwardedFor = trustsForwardedFor
  }
}

/// One request as received, before anything is known of its sender.
public struct Call: Sendable {
  public let services: Services
  public let method: HTTPRequest.Method
  /// The path as the contract writes it: `/v1/contacts/{id}`.
  public let template: String
  public let path: String
  public let parameters: [String: String]
  public let query: QueryParameters
  public let headers: HTTPFields
  public internal(set) var body: [UInt8]
  public let requestID: String
  public let remoteAddress: String?
  public let token: BearerToken?

  public var clock: WallClock { services.clock }

  /// The organization that the token names. It is proven only once the principal is.
  public var organization: UUID {
    get throws {
      guard let token else { throw Problem.unauthorized }
      return token.organization
    }
  }

  /// A UUID from the path; a malformed one is as unknown as any other.
  public func id(_ name: String = "id") throws -> UUID {
    guard let text = parameters[name], let id = UUID(uuidString: text) else { throw Problem.notFound }
    return id
  }

  /// What the body says that it is, without parameters.
  var mediaType: String? {
    headers[.contentType]?.split(separator: ";").first.map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
  }

  private var isJSON: Bool {
    if headers[.contentType] == "application/json" { return true }
    let type = mediaType
    return type == "application/json" || (method == .patch && type == "application/merge-patch+json")
  }

  /// The JSON body; its syntax, depth and media type checked.
  public func json() throws -> JSONValue {
    guard isJSON else {
      throw Problem(
        .unsupportedMediaType, "unsupported-media-type", "Type de contenu non pris en charge",
        headers: method == .patch ? [.init("Accept-Patch")!: "application/merge-patch+json"] : [:])
    }
    do { return try JSONValue.parse(body) } catch {
      throw Problem(.badRequest, "malformed-json", "JSON illisible", detail: "\(error)")
    }
  }

  /// The body's fields as column values, every fault of it reported at once.
  public func fields(_ set: FieldSet, as use: FieldSet.Use) throws -> [String: JSONValue] {
    let body = try json()
    do { return try set.checked(body, as: use) } catch { throw Problem(error) }
  }

  /// The version that the caller has seen, from `If-Match: "v12"`; nil for `*`.
  public func ifMatch() throws -> Int64? {
    guard let header = headers[.ifMatch] else { throw Problem.preconditionRequired }
    if header == "*" { return nil }
    guard header.hasPrefix("\"v"), header.hasSuffix("\""), let version = Int64(header.dropFirst(2).dropLast())
    else {
      throw Problem(.badRequest, "malformed-if-match", "En-tête If-Match illisible")
    }
    return version
  }
}

/// A request that only reads. The credential is checked in the same round trip as its first statements.
public struct ReadCall: Sendable {
  public let call: Call
  let access: Access
  private let known = Box()

  private final class Box: Sendable { let principal = Mutex<Principal?>(nil) }

  init(call: Call, access: Access) {
    self.call = call
    self.access = access
  }

  var isAuthenticated: Bool { known.principal.withLock { $0 != nil } }

  /// The statements' results, in one implicit transaction of one round trip, as the caller's organization sees them.
  public func query(_ statements: [SQL]) async throws -> [QueryResult] {
    guard let token = call.token else { throw Problem.unauthorized }
    let results = try await call.services.pool.pipeline(
      [PrincipalStore.authenticate(token, channel: "api")] + statements)
    guard let principal = try PrincipalStore.principal(from: results[0], organization: token.organization)
    else {
      throw Problem.unauthorized
    }
    guard access.allows(principal) else { throw Problem.forbidden }
    known.principal.withLock { $0 = principal }
    return Array(results.dropFirst())
  }

  public func query(_ statement: SQL) async throws -> QueryResult { try await query([statement])[0] }

  public func principal() async throws -> Principal {
    if let principal = known.principal.withLock({ $0 }) { return principal }
    _ = try await query([])
    return known.principal.withLock { $0 }!
  }
}

/// A request that writes: one transaction, opened with the credential's check, committed before the answer leaves.
public struct WriteCall: Sendable {
  public let call: Call
  public let principal: Principal
  public let transaction: Transaction
  /// Results of the statements that the route sent along with BEGIN.
  public let opened: [QueryResult]

  public var organization: UUID { principal.organization }

  /// Runs `body` in a transaction of the call's principal: BEGIN, the credential and the `opening` statements are one
  /// round trip. Run again when it lost against another transaction, so `body` must have no effect but the database's.
  static func run<T: Sendable>(
    _ call: Call, access: Access, channel: String, opening: (Call) throws -> [SQL] = { _ in [] },
    _ body: @Sendable (WriteCall) async throws -> T
  ) async throws -> T {
    guard let token = call.token else { throw Problem.unauthorized }
    var first = [PrincipalStore.authenticate(token, channel: channel)]
    var malformed: Problem?
    do { first += try opening(call) } catch let problem as Problem { malformed = problem }
    var attempt = 1
    while true {
      do {
        let malformed = malformed
        return try await call.services.pool.transaction(opening: first) { transaction, results in
          guard
            let principal = try PrincipalStore.principal(from: results[0], organization: token.organization)
          else {
            throw Problem.unauthorized
          }
          guard access.allows(principal) else { throw Problem.forbidden }
          // Who is unknown is told so before what is wrong with the request.
          if let malformed { throw malformed }
          return try await body(
            WriteCall(
              call: call, principal: principal, transaction: transaction, opened: Array(results.dropFirst())))
        }
      } catch let error as PostgresError where error.isTransient && attempt < 4 {
        attempt += 1
      }
    }
  }
}
