import ConstatCore
@testable import ConstatServer
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

@Suite struct SignInTests {
  @Test func `a person signs in, is known by the token, and signs out IDN-01`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      let signedIn = try await server.signIn(org.office.email)
      #expect(signedIn.status == 200, "\(signedIn.text)")
      #expect(signedIn["expires_in"] == 900)
      let token = signedIn["access_token"].string ?? ""
      let me = try await server.get("/v1/me", as: token)
      #expect(me["kind"] == "staff")
      #expect(me["account"] == signedIn["account"])
      #expect(me["account"]["profiles"] == ["office"])
      #expect(me["organization"]["slug"] == "cabinet-basque")
      #expect(try await server.send(.post, "/v1/auth/logout", as: token).status == 204)
      #expect(try await server.get("/v1/me", as: token).status == 401)
    }
  }

  @Test func `a wrong password and an unknown address get the same answer`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      let wrong = try await server.signIn(org.office.email, password: "not the password")
      let unknown = try await server.signIn("nobody@example.test", password: "not the password")
      let passwordless = try await server.signIn(org.sales.email)
      let elsewhere = try await server.signIn(org.office.email, organization: "no-such-cabinet")
      for answer in [wrong, unknown, passwordless, elsewhere] {
        #expect(answer.status == 401)
        #expect(answer["code"] == "invalid-credentials")
        #expect(
          Set(answer.json.object?.keys.map { $0 } ?? []) == Set(wrong.json.object?.keys.map { $0 } ?? []))
      }
    }
  }

  @Test func `failures make an address wait on that network, and leave its owner's own network alone`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      // The owner has signed in from home before.
      #expect(try await server.signIn(org.office.email, from: "203.0.113.7").status == 200)
      try await server.fail(.addressAndNetwork, org.office.email, "198.51.100.0/24", times: 6)
      try await server.fail(.address, org.office.email, times: 25)
      let stranger = try await server.signIn(org.office.email, from: "198.51.100.200")
      #expect(stranger.status == 429 && stranger["code"] == "too-many-attempts")
      #expect((1...32).contains(Int(stranger.headers[.retryAfter] ?? "") ?? 0))
      let otherStranger = try await server.signIn(org.office.email, from: "192.0.2.1")
      #expect(otherStranger.status == 429)
      let owner = try await server.signIn(org.office.email, from: "203.0.113.99")
      #expect(owner.status == 200, "the /24 of the owner's last sign-in")
    }
  }

  @Test func `a network that guesses many addresses has to wait for all of them`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      try await server.fail(.network, "2001:db8:1:2::/64", times: 56)
      let answer = try await server.signIn(org.office.email, from: "2001:db8:1:2:aaaa::1")
      #expect(answer.status == 429)
      #expect(try await server.signIn(org.office.email, from: "2001:db8:1:3::1").status == 200)
    }
  }

  @Test func `a success forgets the address's failures, and an unheard attempt is none`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      try await server.givePassword(org.id, org.office.id)
      try await server.fail(.addressAndNetwork, org.office.email, "203.0.113.0/24", times: 5)
      #expect(try await server.signIn(org.office.email, from: "203.0.113.7").status == 200)
      #expect(try await server.signIn(org.office.email, password: "wrong", from: "203.0.113.7").status == 401)
      #expect(try await server.signIn(org.office.email, from: "203.0.113.7").status == 200)
    }
  }

  @Test func `the same address and password in two organizations need the organization`() async throws {
    try await TestServer.run { server in
      let first = try await server.organization("premier")
      let second = try await server.organization("second")
      for (organization, account) in [(first.id, first.office.id), (second.id, second.office.id)] {
        try await server.givePassword(organization, account)
        try await server.asOwner(organization) { transaction in
          _ = try await transaction.execute(
            """
            UPDATE user_account SET email = 'both@example.test'
            WHERE organization_id = \(organization) AND id = \(account)
            """)
        }
      }
      let unclear = try await server.signIn("both@example.test")
      #expect(unclear.status == 409 && unclear["code"] == "organization-required")
      let clear = try await server.signIn("BOTH@example.test", organization: "second")
      #expect(clear["organization"]["slug"] == "second")
    }
  }

  @Test func `who signs in outside the cores' capacity is told to come back`() async throws {
    let hashing = PasswordHashing(cores: 1)
    let gate = DispatchSemaphore(value: 0)
    await withTaskGroup(of: String.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do {
            return try await hashing.run {
              gate.wait()
              return "done"
            }
          } catch { return (error as? Problem)?.code ?? "?" }
        }
      }
      var outcomes: [String: Int] = [:]
      // One runs and four wait in line; the other fifteen come back first.
      for _ in 0..<15 { if let outcome = await group.next() { outcomes[outcome, default: 0] += 1 } }
      for _ in 0..<5 { gate.signal() }
      for await outcome in group { outcomes[outcome, default: 0] += 1 }
      #expect(outcomes == ["busy": 15, "done": 5])
    }
  }

  @Test func `a password is kept as a salted scrypt string and matches in either composition`() {
    let kept = PasswordHash.make("mot de passé")
    #expect(kept.hasPrefix("$scrypt$ln=15,r=8,p=3$"))
    #expect(PasswordHash.matches("mot de passe\u{301}", kept))
    #expect(!PasswordHash.matches("mot de passe", kept))
    #expect(PasswordHash.isOutdated(kept) == false)
    #expect(PasswordHash.isOutdated("$scrypt$ln=14,r=8,p=1$AAAA$AAAA"))
  }

  @Test(arguments: [
    ("{\"email\":1,\"password\":\"x\"}", 422), ("{\"email\":\"a@b.fr\"}", 422), ("{}", 422), ("[]", 422),
    ("{\"email\":\"a@b.fr\",\"password\":\"x\",\"admin\":true}", 422), ("{\"email\":", 400), ("", 400),
    ("{\"email\":\"a@b.fr\",\"password\":\"x\",\"organization\":7}", 422),
  ])
  func `Bad input: sign-in refuses what is not its form`(body: String, status: Int) async throws {
    try await TestServer.run { server in
      let answer = try await server.send(.post, "/v1/auth/login", bytes: Array(body.utf8))
      #expect(answer.status == status, "\(answer.text)")
      #expect(answer.headers[.contentType] == "application/problem+json")
    }
  }

  @Test(arguments: ["", "cst_at_", "cst_rt_AAAA", "Bearer", "cst_at_" + String(repeating: "A", count: 64)])
  func `Bad input: a malformed or made-up token is a plain 401`(token: String) async throws {
    try await TestServer.run { server in
      for path in ["/v1/me", "/v1/users", "/v1/sessions"] {
        let answer = try await server.get(path, as: token)
        #expect(answer.status == 401 && answer["code"] == "unauthorized")
      }
    }
  }
}

extension TestServer {
  @discardableResult
  func signIn(
    _ email: String, password: String = TestServer.password, organization: String? = nil,
    from address: String? = nil
  ) async throws -> Answer {
    var body: [String: JSONValue] = ["email": .string(email), "password": .string(password)]
    if let organization { body["organization"] = .string(organization) }
    return try await send(
      .post, "/v1/auth/login", bytes: JSONValue.object(body).serialized(),
      headers: address.map { [.init("X-Forwarded-For")!: $0] } ?? [:])
  }

  /// Failures that have just happened.
  func fail(_ delay: SignInDelay, _ parts: String..., times: Int) async throws {
    let key: String =
      switch parts.count {
      case 1: SignInStore.Subject(delay, parts[0]).key
      default: SignInStore.Subject(delay, parts[0], parts[1]).key
      }
    try await asOwner(SignInStore.nowhere) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO system.sign_in_failure (organization_id, subject, failures, last_at)
        VALUES (\(SignInStore.nowhere), \(key), \(times), now())
        """)
    }
  }
}
