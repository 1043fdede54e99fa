import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// The account of a contact: its e-mail is its login; its first password is given by hand or drawn, and shows
/// once (IDN-08, IDN-09). Staff can give a new one (IDN-10), and never learn the present one (IDN-21).
struct ClientAccountRoutes {
  let hashing: PasswordHashing

  private static let opening = FieldSet([.optional("email", .email), UserAccount.password])
  private static let renewal = FieldSet([UserAccount.password])
  private static let readers = Access.staff(.admin, .office, .sales, .accountant)
  private static let writers = Access.staff(.admin, .office)

  func register(in routes: inout Routes) {
    routes.get("/v1/contacts/{id}/account", Self.readers) { reading in
      try .resource(
        await reading.query(ClientAccountStore.one(reading.call.organization, contact: reading.call.id())))
    }
    routes.post("/v1/contacts/{id}/account", Self.writers, preparing: opened) { writing, credentials in
      let contact = try writing.call.id()
      let inserted = try await UserRoutes.wording {
        try await RowStore(transaction: writing.transaction).insert(
          "user_account", organization: writing.organization, id: writing.call.clock.newID(),
          [
            "kind": "client", "contact_id": .string(contact.uuidString),
            "email": JSONValue(credentials.email),
            "first_name": JSONValue(credentials.subject.firstName),
            "last_name": .string(credentials.subject.lastName),
            "password_hash": .string(credentials.hash),
          ])
      }
      guard inserted else { throw Problem.internalError }
      return try await Self.answer(writing, contact, credentials, status: .created)
    }
    routes.post("/v1/contacts/{id}/account/password", Self.writers, preparing: renewed) {
      writing, credentials in
      guard let account = credentials.subject.account else { throw Problem.notFound }
      let store = UserStore(transaction: writing.transaction, organization: writing.organization)
      guard try await store.renew(account, from: credentials.subject.passwordHash, to: credentials.hash)
      else {
        throw Problem.conflict("password-changed", "Mot de passe modifié entre-temps")
      }
      try await SessionStore(transaction: writing.transaction, organization: writing.organization)
        .revokeAll(of: account)
      return try await Self.answer(writing, try writing.call.id(), credentials, status: .ok)
    }
  }

  /// A password for an account, hashed; in the clear only when it was drawn here.
  private struct Credentials: Sendable {
    let subject: ClientAccountStore.Subject
    let email: String?
    let drawn: String?
    let hash: String
  }

  @Sendable private func opened(_ reading: ReadCall) async throws -> Credentials {
    let subject = try await subject(reading)
    let fields = try reading.call.fields(Self.opening, as: .creation)
    guard subject.account == nil else {
      throw Problem.conflict("account-exists", "Ce contact a déjà un compte")
    }
    guard let email = fields["email"]?.string ?? subject.email else {
      throw Problem.field("/email", "required", "ce contact n'a pas d'adresse électronique : indiquez-en une")
    }
    return try await credentials(subject, email, given: fields["password"]?.string, reading.call.clock)
  }

  @Sendable private func renewed(_ reading: ReadCall) async throws -> Credentials {
    let subject = try await subject(reading)
    guard subject.account != nil else { throw Problem.notFound }
    let fields = try reading.call.fields(Self.renewal, as: .creation)
    return try await credentials(subject, nil, given: fields["password"]?.string, reading.call.clock)
  }

  private func subject(_ reading: ReadCall) async throws -> ClientAccountStore.Subject {
    let result = try await reading.query(
      ClientAccountStore.subject(reading.call.organization, contact: reading.call.id()))
    guard let subject = try result.first(ClientAccountStore.Subject.self) else { throw Problem.notFound }
    return subject
  }

  private func credentials(
    _ subject: ClientAccountStore.Subject, _ email: String?, given: String?, _ clock: WallClock
  ) async throws -> Credentials {
    let drawn = given == nil ? Self.drawPassword(clock) : nil
    return Credentials(
      subject: subject, email: email, drawn: drawn, hash: try await hashing.hash(given ?? drawn ?? ""))
  }

  private static func answer(
    _ writing: WriteCall, _ contact: UUID, _ credentials: Credentials, status: HTTPResponse.Status
  ) async throws -> Reply {
    var reply = try Reply.resource(
      await writing.transaction.query(ClientAccountStore.one(writing.organization, contact: contact)),
      status: status,
      location: "/v1/contacts/\(contact.uuidString.lowercased())/account")
    reply.show(secret: "password", credentials.drawn)
    return reply
  }

  /// Sixteen letters and digits that nobody confuses when read aloud: 78 bits, in fours.
  static func drawPassword(_ clock: WallClock) -> String {
    let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")
    var letters: [Character] = []
    while letters.count < 16 {
      // 248 is the last multiple of 31 below 256: above it some letters would come more often.
      letters += clock.random(32).filter { $0 < 248 }.map { alphabet[Int($0) % alphabet.count] }
    }
    return stride(from: 0, to: 16, by: 4).map { String(letters[$0..<($0 + 4)]) }.joined(separator: "-")
  }
}
