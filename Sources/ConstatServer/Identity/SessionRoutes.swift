import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Signing in and out, and the sessions that a person has open (IDN-01, ASVS 7.5.2).
struct SessionRoutes {
  let hashing: PasswordHashing

  func register(in routes: inout Routes) {
    let person = Access.staff.or(.client)
    routes.open(.post, "/v1/auth/login") { [hashing] call in
      let fields = try call.fields(Credentials.signIn, as: .creation)
      return try await SignIn(
        services: call.services, hashing: hashing,
        email: (fields["email"]?.string ?? "").trimmingCharacters(in: .whitespaces),
        password: fields["password"]?.string ?? "", organization: fields["organization"]?.string,
        remoteAddress: call.remoteAddress
      ).perform()
    }
    routes.open(.post, "/v1/auth/refresh") { call in
      let fields = try call.fields(Credentials.refresh, as: .creation)
      return try await RefreshSession(services: call.services, text: fields["refresh_token"]?.string ?? "")
        .perform()
    }
    routes.post("/v1/auth/logout", person.or(.device)) { writing in
      try await SessionStore(transaction: writing.transaction, organization: writing.organization)
        .revoke(accessHash: writing.call.token?.hash ?? [])
      return .noContent
    }
    routes.get("/v1/me", person.or(.device).or(Access(scopes: Set(Scope.allCases)))) { reading in
      let principal = try await reading.principal()
      let identity = try await reading.query(
        SignInStore.identity(principal.organization, principal.accountID))
      guard identity.rowCount == 1 else { throw Problem.unauthorized }
      return .json([
        "kind": .string(principal.kind.rawValue),
        "device_id": JSONValue(principal.deviceID?.uuidString.lowercased()),
        "scopes": .array(principal.scopes.map(\.rawValue).sorted().map(JSONValue.string)),
        "account": try JSONValue.parse(identity[0].get("account") as String),
        "organization": try JSONValue.parse(identity[0].get("organization") as String),
      ])
    }
    registerSessions(in: &routes, person)
  }

  private func registerSessions(in routes: inout Routes, _ person: Access) {
    routes.get("/v1/sessions", person) { reading in
      try reading.call.query.only("account_id")
      let principal = try await reading.principal()
      let account = try reading.call.query.uuid("account_id") ?? principal.accountID
      guard account == principal.accountID || principal.profiles.isAdministrator else {
        throw Problem.forbidden
      }
      return .items(
        try await reading.query(
          SessionStore.list(
            principal.organization, account: account, accessHash: reading.call.token?.hash ?? [])))
    }
    routes.delete("/v1/sessions/{id}", person) { writing in
      let account = writing.principal.profiles.isAdministrator ? nil : writing.principal.accountID
      guard
        try await SessionStore(transaction: writing.transaction, organization: writing.organization)
          .revoke(writing.call.id(), of: account)
      else { throw Problem.notFound }
      return .noContent
    }
  }
}
