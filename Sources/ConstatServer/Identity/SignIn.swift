import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Signs a person in by address and password. Whether the address is known shows neither in the answer nor in
/// the time that it takes (ASVS 6.3.8); failures make the next attempt wait.
struct SignIn: Sendable {
  let services: Services
  let hashing: PasswordHashing
  let email: String
  let password: String
  /// The slug, for who has accounts in several organizations.
  let organization: String?
  let remoteAddress: String?

  func perform() async throws -> Reply {
    let network = Self.network(of: remoteAddress)
    let (candidates, subjects) = try await heard(network)
    let matching: [SignInStore.Candidate]
    do {
      matching = try await proven(candidates)
    } catch {
      try await services.pool.transaction(opening: [nowhere]) { transaction, _ in
        try await SignInStore(transaction: transaction).forget(subjects)
      }
      throw error
    }
    guard let candidate = matching.first else {
      throw Problem(.unauthorized, "invalid-credentials", "Adresse ou mot de passe incorrect")
    }
    guard matching.count == 1 else {
      throw Problem.conflict(
        "organization-required", "Précisez l'organisation",
        detail: "Cette adresse a un compte dans plusieurs organisations.")
    }
    let renewed =
      PasswordHash.isOutdated(candidate.passwordHash) ? try await hashing.hash(password) : nil
    return try await opened(candidate, subjects, network, renewed: renewed)
  }

  private var nowhere: SQL { PrincipalStore.enter(SignInStore.nowhere, actor: "anonymous") }

  /// Who may be meant, provided that the attempt need not wait.
  private func heard(_ network: String) async throws -> ([SignInStore.Candidate], [SignInStore.Subject]) {
    let address = email.lowercased()
    let outcome = try await services.pool.transaction(opening: [nowhere]) { transaction, _ in
      let store = SignInStore(transaction: transaction)
      let candidates = try await store.candidates(email, organization, network: network)
      var subjects = [
        SignInStore.Subject(.addressAndNetwork, address, network), SignInStore.Subject(.network, network),
      ]
      if !candidates.contains(where: \.familiar) { subjects.append(.init(.address, address)) }
      return (wait: try await store.attempt(subjects), candidates: candidates, subjects: subjects)
    }
    guard outcome.wait <= 0 else {
      throw Problem(
        .tooManyRequests, "too-many-attempts", "Trop de tentatives : patientez",
        headers: [.retryAfter: String(outcome.wait)])
    }
    return (outcome.candidates, outcome.subjects)
  }

  /// The accounts whose password this is. An unknown address costs one hash like any other.
  private func proven(_ candidates: [SignInStore.Candidate]) async throws -> [SignInStore.Candidate] {
    guard !candidates.isEmpty else {
      _ = try await hashing.matches(password, nil)
      return []
    }
    var matching: [SignInStore.Candidate] = []
    for candidate in candidates where try await hashing.matches(password, candidate.passwordHash) {
      matching.append(candidate)
    }
    return matching
  }

  private func opened(
    _ candidate: SignInStore.Candidate, _ subjects: [SignInStore.Subject], _ network: String, renewed: String?
  ) async throws -> Reply {
    let tokens = SessionTokens(
      organization: candidate.organization, session: services.clock.newID(), secret: services.secret)
    return try await services.pool.transaction(opening: [nowhere]) { transaction, _ in
      try await SignInStore(transaction: transaction).succeed(subjects)
      _ = try await transaction.query(
        PrincipalStore.enter(
          candidate.organization, actor: "user:\(candidate.account.uuidString.lowercased())"))
      if let renewed {
        try await UserStore(transaction: transaction, organization: candidate.organization)
          .renew(candidate.account, from: candidate.passwordHash, to: renewed)
      }
      try await SessionStore(transaction: transaction, organization: candidate.organization)
        .open(tokens, account: candidate.account, ipAddress: remoteAddress, network: network)
      let identity = try await transaction.query(
        SignInStore.identity(candidate.organization, candidate.account))
      return try SessionReply.make(tokens, generation: 0, identity: identity)
    }
  }

  /// The part of an address that neighbours share: /24 of IPv4, /64 of IPv6.
  static func network(of address: String?) -> String {
    guard let address = address?.split(separator: "%").first else { return "unknown" }
    if address.contains(".") {
      let dotted = address.split(separator: ":").last ?? address
      return dotted.split(separator: ".").prefix(3).joined(separator: ".") + ".0/24"
    }
    let halves = String(address).components(separatedBy: "::").map {
      $0.split(separator: ":").map(String.init)
    }
    var groups = halves[0]
    if halves.count > 1 {
      groups += Array(repeating: "0", count: max(0, 8 - groups.count - halves[1].count)) + halves[1]
    }
    return groups.prefix(4).joined(separator: ":") + "::/64"
  }
}

/// What sign-in and refresh answer.
enum SessionReply {
  static func make(_ tokens: SessionTokens, generation: Int, identity: QueryResult) throws -> Reply {
    guard identity.rowCount == 1 else { throw Problem.unauthorized }
    return .json([
      "access_token": .string(tokens.access(generation).text),
      "refresh_token": .string(tokens.refresh(generation).text), "token_type": "Bearer",
      "expires_in": .integer(Int64(SessionTokens.accessSeconds)),
      "account": try JSONValue.parse(identity[0].get("account") as String),
      "organization": try JSONValue.parse(identity[0].get("organization") as String),
    ])
  }
}
