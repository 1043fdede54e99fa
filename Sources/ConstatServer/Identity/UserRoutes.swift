import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// The accounts of an organization (IDN-03, IDN-04). Administrators manage them; whoever is a
/// super-administrator is managed by super-administrators only, and the last of them cannot leave. The
/// accounts of contacts are opened on the contact, and changed here.
struct UserRoutes {
  let hashing: PasswordHashing

  /// Staff only: `kind` and `contact_id` are not the caller's to say.
  static let fields = UserAccount.fields.without("kind", "contact_id")
  static let creation = fields + FieldSet([UserAccount.password])

  func register(in routes: inout Routes) {
    let administrators = Access.staff(.admin)
    routes.get("/v1/users", .staff) { reading in
      let page = try Page(reading.call, filters: ["kind", "profile"])
      return try .list(
        await reading.query(UserStore.page(reading.call.organization, reading.call.query, page)), page: page)
    }
    routes.get("/v1/users/{id}", .staff) { reading in
      try .resource(await reading.query(UserStore.one(reading.call.organization, reading.call.id())))
    }
    routes.post("/v1/users", administrators, preparing: hashed) { try await Self.create($0, $1) }
    routes.patch("/v1/users/{id}", administrators) { try await Self.change($0) }
    routes.post("/v1/users/{id}/deactivation", administrators) { try await Self.deactivate($0) }
    routes.delete("/v1/users/{id}/deactivation", administrators) { writing in
      let id = try writing.call.id()
      let store = UserStore(transaction: writing.transaction, organization: writing.organization)
      guard let found = try await store.find(id) else { throw Problem.notFound }
      try Self.allow(writing.principal, before: found.profiles, after: [])
      try await store.enable(id)
      return try await Self.answer(writing, id)
    }
    routes.post("/v1/users/{id}/password", Access.staff.or(.client), preparing: proven) { writing, change in
      let id = try writing.call.id()
      let store = UserStore(transaction: writing.transaction, organization: writing.organization)
      guard try await store.renew(id, from: change.old, to: change.new) else {
        throw Problem.conflict("password-changed", "Mot de passe modifié entre-temps")
      }
      try await SessionStore(transaction: writing.transaction, organization: writing.organization)
        .revokeAll(of: id, except: writing.call.token?.hash)
      return .noContent
    }
  }

  // MARK: Before the transaction

  /// The column values of a new account, its password hashed.
  @Sendable private func hashed(_ reading: ReadCall) async throws -> [String: JSONValue] {
    _ = try await reading.principal()
    var values = try reading.call.fields(Self.creation, as: .creation)
    if let password = values.removeValue(forKey: "password")?.string {
      values["password_hash"] = .string(try await hashing.hash(password))
    }
    return values
  }

  private struct PasswordChange: Sendable {
    let old: String?
    let new: String
  }

  /// A change of password by its owner, who knows the present one; an administrator may only give the first.
  @Sendable private func proven(_ reading: ReadCall) async throws -> PasswordChange {
    let principal = try await reading.principal()
    let id = try reading.call.id()
    let own = id == principal.accountID
    let found = try await reading.query(UserStore.found(principal.organization, id)).first(
      UserStore.Found.self)
    guard let found, own || principal.profiles.isAdministrator else { throw Problem.notFound }
    let fields = try reading.call.fields(Credentials.passwordChange, as: .creation)
    if let known = found.passwordHash {
      guard own else {
        throw Problem(
          .forbidden, "password-not-yours", "Seul son titulaire change un mot de passe",
          detail: "Un administrateur ne donne que le premier.")
      }
      guard let current = fields["current_password"]?.string else {
        throw Problem.field("/current_password", "required", "le mot de passe actuel est attendu")
      }
      try await prove(current, known, id, reading.call)
    } else {
      try Self.allow(principal, before: found.profiles, after: [])
    }
    return PasswordChange(
      old: found.passwordHash, new: try await hashing.hash(fields["password"]?.string ?? ""))
  }

  /// Guessing through a stolen access token is slowed down as sign-in is.
  private func prove(_ password: String, _ stored: String, _ id: UUID, _ call: Call) async throws {
    let subjects = [SignInStore.Subject(.addressAndNetwork, "password", id.uuidString)]
    let opening = [PrincipalStore.enter(SignInStore.nowhere, actor: "anonymous")]
    let wait = try await call.services.pool.transaction(opening: opening) { transaction, _ in
      try await SignInStore(transaction: transaction).attempt(subjects)
    }
    guard wait <= 0 else {
      throw Problem(
        .tooManyRequests, "too-many-attempts", "Trop de tentatives : patientez",
        headers: [.retryAfter: String(wait)])
    }
    guard try await hashing.matches(password, stored) else {
      throw Problem.field("/current_password", "wrong-password", "ce n'est pas le mot de passe actuel")
    }
    try await call.services.pool.transaction(opening: opening) { transaction, _ in
      try await SignInStore(transaction: transaction).succeed(subjects)
    }
  }

  // MARK: Writes

  private static func create(_ writing: WriteCall, _ values: [String: JSONValue]) async throws -> Reply {
    var values = values
    values["kind"] = "staff"
    try allow(writing.principal, before: [], after: profiles(values))
    let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
    let rows = RowStore(transaction: writing.transaction)
    let inserted = try await wording {
      try await rows.insert("user_account", organization: writing.organization, id: id, values)
    }
    if inserted {
      return try await answer(
        writing, id, status: .created, location: "/v1/users/\(id.uuidString.lowercased())")
    }
    // A salted hash never repeats, so a retry is compared without it.
    values["password_hash"] = nil
    guard try await rows.matches("user_account", id: id, values) else {
      throw Problem.idTaken
    }
    return try await answer(writing, id)
  }

  private static func change(_ writing: WriteCall) async throws -> Reply {
    let id = try writing.call.id()
    let expected = try writing.call.ifMatch()
    let values = try writing.call.fields(fields, as: .patch)
    let store = UserStore(transaction: writing.transaction, organization: writing.organization)
    let superAdministrators = try await store.superAdministrators()
    guard let found = try await store.find(id) else { throw Problem.notFound }
    let after = values["profiles"] == nil ? found.profiles : profiles(values)
    if found.kind == .client, !after.isEmpty {
      throw Problem.field("/profiles", "inconsistent", "le compte d'un contact n'a pas de profil")
    }
    try allow(writing.principal, before: found.profiles, after: after)
    if found.isEnabled, found.profiles.contains(.superAdmin), !after.contains(.superAdmin) {
      try notTheLast(superAdministrators)
    }
    try await wording {
      try await RowStore(transaction: writing.transaction).update(
        "user_account", id: id, expected: expected, values)
    }
    return try await answer(writing, id)
  }

  private static func deactivate(_ writing: WriteCall) async throws -> Reply {
    let id = try writing.call.id()
    let store = UserStore(transaction: writing.transaction, organization: writing.organization)
    let superAdministrators = try await store.superAdministrators()
    guard let found = try await store.find(id) else { throw Problem.notFound }
    try allow(writing.principal, before: found.profiles, after: [])
    if found.isEnabled, found.profiles.contains(.superAdmin) { try notTheLast(superAdministrators) }
    try await store.disable(id)
    try await SessionStore(transaction: writing.transaction, organization: writing.organization).revokeAll(
      of: id)
    return try await answer(writing, id)
  }

  private static func answer(
    _ writing: WriteCall, _ id: UUID, status: HTTPResponse.Status = .ok, location: String? = nil
  ) async throws -> Reply {
    try .resource(
      await writing.transaction.query(UserStore.one(writing.organization, id)), status: status,
      location: location)
  }

  // MARK: Rules

  private static func profiles(_ values: [String: JSONValue]) -> Set<Profile> {
    Set((values["profiles"]?.array ?? []).compactMap { $0.string.flatMap(Profile.init(rawValue:)) })
  }

  /// Nobody makes himself, or unmakes another, super-administrator without being one.
  private static func allow(_ principal: Principal, before: Set<Profile>, after: Set<Profile>) throws {
    guard before.contains(.superAdmin) || after.contains(.superAdmin) else { return }
    guard principal.profiles.contains(.superAdmin) else {
      throw Problem(.forbidden, "super-admin-only", "Réservé au super-administrateur")
    }
  }

  private static func notTheLast(_ superAdministrators: Int) throws {
    guard superAdministrators > 1 else {
      throw Problem.conflict("last-super-admin", "Dernier super-administrateur : il ne peut partir")
    }
  }

  /// Words the one constraint that callers meet: an address signs in once per organization.
  @discardableResult
  static func wording<T>(_ body: () async throws -> T) async throws -> T {
    do { return try await body() } catch let error as PostgresError
      where error.constraint == "user_account_email_key"
    {
      throw Problem.conflict("email-taken", "Adresse déjà utilisée par un autre compte")
    }
  }
}
