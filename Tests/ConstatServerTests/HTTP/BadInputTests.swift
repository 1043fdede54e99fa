import ConstatCore
import ConstatServer
import Foundation
import HTTPTypes
import Support
import Testing

/// Each bad input is a clear problem and changes nothing.
@Suite struct BadInputTests {
  @Test func `Bad input: a value of the wrong type`() async throws {
    try await refusing { server, org in
      let answer = try await server.post(
        "/v1/contacts", as: org.office.token, ["last_name": 7, "additional_emails": "x"])
      #expect(answer.isProblem(422, "invalid-fields"))
      #expect(answer.faults == ["/additional_emails wrong-type", "/last_name wrong-type"])
    }
  }

  @Test func `Bad input: a field that does not exist, or is not the caller's to write`() async throws {
    try await refusing { server, org in
      let answer = try await server.post(
        "/v1/contacts", as: org.office.token,
        ["last_name": "X", "organization_id": .string(UUID().uuidString), "version": 9, "lastname": "Y"])
      #expect(answer.isProblem(422, "invalid-fields"))
      #expect(
        answer.faults == [
          "/lastname unknown-field", "/organization_id unknown-field", "/version unknown-field",
        ])
    }
  }

  @Test func `Bad input: a body beyond one mebibyte`() async throws {
    try await refusing { server, org in
      let body: JSONValue = ["last_name": .string(String(repeating: "x", count: 1_048_576))]
      let answer = try await server.post("/v1/contacts", as: org.office.token, body)
      #expect(answer.isProblem(413, "body-too-large") && answer["limit_bytes"] == 1_048_576)
    }
  }

  @Test func `Bad input: JSON nested too deep`() async throws {
    try await refusing { server, org in
      let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
      let answer = try await server.send(.post, "/v1/contacts", as: org.office.token, bytes: Array(deep.utf8))
      #expect(answer.isProblem(400, "malformed-json"))
    }
  }

  @Test(arguments: [
    "{", "", "{\"last_name\":\"X\",}", "{\"last_name\":\"X\"}}", "{'last_name':'X'}", "NaN",
    "{\"last_name\":\"X\",\"last_name\":\"Y\"}", "{\"last_name\":\"\\u0000\"}", "{\"last_name\":\"\\ud800\"}",
  ])
  func `Bad input: malformed JSON`(text: String) async throws {
    try await refusing { server, org in
      let answer = try await server.send(.post, "/v1/contacts", as: org.office.token, bytes: Array(text.utf8))
      #expect(answer.isProblem(400, "malformed-json"), "\(answer.text)")
    }
  }

  @Test func `Bad input: text that is not UTF-8`() async throws {
    try await refusing { server, org in
      let bytes = Array("{\"last_name\":\"".utf8) + [0xc3, 0x28] + Array("\"}".utf8)
      let answer = try await server.send(.post, "/v1/contacts", as: org.office.token, bytes: bytes)
      #expect(answer.isProblem(400, "malformed-json"))
    }
  }

  @Test func `Bad input: a media type that the route does not take`() async throws {
    try await refusing { server, org in
      let bytes = Array("{\"last_name\":\"X\"}".utf8)
      let posted = try await server.send(
        .post, "/v1/contacts", as: org.office.token, bytes: bytes, headers: [.contentType: "text/plain"])
      #expect(posted.isProblem(415, "unsupported-media-type"))
      let patched = try await server.send(
        .patch, "/v1/organization", as: org.admin.token, bytes: bytes,
        headers: [.contentType: "application/json-patch+json", .ifMatch: "*"])
      #expect(patched.isProblem(415, "unsupported-media-type"))
      #expect(patched.headers[.init("Accept-Patch")!] == "application/merge-patch+json")
    }
  }

  @Test func `Bad input: a stale If-Match`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let made = try await server.post("/v1/contacts", as: org.office.token, ["last_name": "X"])
      let path = "/v1/contacts/\(made["id"].string ?? "")"
      try await server.patch(path, as: org.office.token, ["last_name": "Y"], ifMatch: made.etag)
      let before = try await server.fingerprint()
      let answer = try await server.patch(path, as: org.sales.token, ["last_name": "Z"], ifMatch: made.etag)
      #expect(answer.isProblem(412, "stale-version"))
      #expect(answer["current_version"] == 2 && answer.etag == "\"v2\"")
      #expect(try await server.fingerprint() == before)
      #expect(try await server.get(path, as: org.office.token)["last_name"] == "Y")
    }
  }

  @Test func `Bad input: no If-Match, or one that is none`() async throws {
    try await refusing { server, org in
      let bytes = Array("{\"name\":\"X\"}".utf8)
      let absent = try await server.send(.patch, "/v1/organization", as: org.admin.token, bytes: bytes)
      #expect(absent.isProblem(428, "if-match-required"))
      for header in ["v1", "\"1\"", "W/\"v1\"", "\"v1\", \"v2\"", "\"v\""] {
        let answer = try await server.send(
          .patch, "/v1/organization", as: org.admin.token, bytes: bytes, headers: [.ifMatch: header])
        #expect(answer.isProblem(400, "malformed-if-match"), "\(header)")
      }
    }
  }

  @Test
  func `Bad input: an idempotency key used again for something else; used again for the same, it replays`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let first = try await server.post("/v1/contacts", as: org.office.token, ["last_name": "X"], key: "k-1")
      #expect(first.status == 201 && first.headers[.init("Idempotency-Replayed")!] == nil)
      let before = try await server.fingerprint()
      let other = try await server.post("/v1/contacts", as: org.office.token, ["last_name": "Y"], key: "k-1")
      #expect(other.isProblem(422, "idempotency-key-reused"))
      let replay = try await server.post("/v1/contacts", as: org.office.token, ["last_name": "X"], key: "k-1")
      #expect(replay.status == 201 && replay.body == first.body && replay.etag == first.etag)
      #expect(replay.headers[.init("Idempotency-Replayed")!] == "true")
      #expect(try await server.fingerprint() == before)
      let someoneElse = try await server.post(
        "/v1/contacts", as: org.sales.token, ["last_name": "Y"], key: "k-1")
      #expect(someoneElse.status == 201, "keys are each caller's own")
    }
  }

  @Test func `Bad input: a key whose first use failed is free again`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      let failed = try await server.post("/v1/contacts", as: org.office.token, ["last_name": ""], key: "k-2")
      #expect(failed.status == 422)
      let mended = try await server.post("/v1/contacts", as: org.office.token, ["last_name": "X"], key: "k-2")
      #expect(mended.status == 201)
    }
  }

  @Test func `Bad input: no idempotency key where money, numbers or messages come out, or a malformed one`()
    async throws
  {
    try await refusing { server, org in
      let routes = server.app.routes.all.filter { $0.requiresIdempotencyKey && !$0.access.profiles.isEmpty }
      for route in routes {
        let path = route.path.replacing(/\{[a-z_]+\}/, with: UUID().uuidString)
        let answer = try await server.post(path, as: org.admin.token)
        #expect(answer.isProblem(400, "idempotency-key-required"), "\(route.path): \(answer.text)")
      }
      for key in ["", "avec espace", String(repeating: "x", count: 256)] {
        let answer = try await server.post("/v1/contacts", as: org.office.token, ["last_name": "X"], key: key)
        #expect(answer.isProblem(400, "malformed-idempotency-key"))
      }
    }
  }

  @Test func `Bad input: another organization's id, or a token that claims one`() async throws {
    try await TestServer.run { server in
      let mine = try await server.organization("mine")
      let theirs = try await server.organization("theirs")
      let made = try await server.post("/v1/contacts", as: theirs.office.token, ["last_name": "X"])
      let before = try await server.fingerprint()
      let path = "/v1/contacts/\(made["id"].string ?? "")"
      #expect(try await server.get(path, as: mine.admin.token).isProblem(404, "not-found"))
      #expect(
        try await server.patch(path, as: mine.admin.token, ["last_name": "Y"]).isProblem(404, "not-found"))
      let reference = try await server.post(
        "/v1/contacts", as: mine.admin.token,
        ["last_name": "Y", "kind": "agency", "main_account_id": made["id"]])
      #expect(reference.isProblem(422, "invalid-fields"))
      let known = BearerToken(mine.admin.token)!
      let forged = BearerToken(.access, organization: theirs.id, secret: known.secret).text
      #expect(try await server.get("/v1/contacts", as: forged).isProblem(401, "unauthorized"))
      #expect(try await server.fingerprint() == before)
    }
  }

  @Test func `Bad input: a cursor that was made up, or is another list's`() async throws {
    try await refusing { server, org in
      let real = try await server.get("/v1/users?limit=1", as: org.admin.token)["next_cursor"].string ?? ""
      #expect(!real.isEmpty)
      var tampered = Array(real)
      tampered[10] = tampered[10] == "A" ? "B" : "A"
      for cursor in [
        "x", "AAAA", String(tampered), String(real.dropLast(4)), String(repeating: "A", count: 5000),
      ] {
        let answer = try await server.get("/v1/users?limit=1&cursor=\(cursor)", as: org.admin.token)
        #expect(answer.isProblem(400, "invalid-parameters"))
        #expect(answer.faults == ["?cursor malformed-cursor"])
      }
      for path in ["/v1/contacts?limit=1", "/v1/users?limit=1&kind=staff"] {
        #expect(try await server.get("\(path)&cursor=\(real)", as: org.admin.token).status == 400)
      }
    }
  }

  @Test func `Bad input: a query parameter that does not exist, or has no such value`() async throws {
    try await refusing { server, org in
      let expected = [
        "/v1/contacts?citty=Bayonne": "?citty unknown-parameter",
        "/v1/contacts?limit=0": "?limit malformed-parameter",
        "/v1/contacts?limit=201": "?limit malformed-parameter",
        "/v1/users?kind=robot": "?kind malformed-parameter",
        "/v1/contacts?main_account_id=7": "?main_account_id malformed-parameter",
        "/v1/history?from=2026-02-30T00:00:00Z": "?from malformed-parameter",
      ]
      for (path, fault) in expected {
        let answer = try await server.get(path, as: org.admin.token)
        #expect(answer.isProblem(400, "invalid-parameters"), "\(path)")
        #expect(answer.faults == [fault])
      }
    }
  }

  @Test func `Bad input: a path, an id or a method that does not exist`() async throws {
    try await refusing { server, org in
      #expect(try await server.get("/v1/unicorns", as: org.admin.token).isProblem(404, "not-found"))
      #expect(try await server.get("/", as: org.admin.token).isProblem(404, "not-found"))
      for id in ["x", "00000000-0000-0000-0000-000000000000", "1%27%20OR%201=1"] {
        #expect(try await server.get("/v1/contacts/\(id)", as: org.admin.token).isProblem(404, "not-found"))
      }
      let collection = try await server.send(.delete, "/v1/contacts", as: org.admin.token)
      #expect(collection.isProblem(405, "method-not-allowed"))
      #expect(collection.headers[.allow] == "GET, POST")
      #expect(try await server.send(.put, "/v1/contacts/\(UUID())", as: org.admin.token).status == 405)
      #expect(try await server.send(.trace, "/v1/contacts", as: org.admin.token).status == 405)
    }
  }

  @Test func `Bad input: who is unknown is told only that, whatever else is wrong`() async throws {
    try await TestServer.run { server in
      for route in server.app.routes.all where !route.access.anonymous {
        let path = route.path.replacing(/\{[a-z_]+\}/, with: "x") + "?nonsense=1"
        let answer = try await server.send(route.method, path, bytes: Array("{".utf8))
        // A HEAD says it by its status alone.
        let isTold = route.method == .head ? answer.status == 401 : answer.isProblem(401, "unauthorized")
        #expect(isTold, "\(route.method) \(route.path): \(answer.text)")
      }
    }
  }

  /// Runs requests that must leave no trace in the database.
  private func refusing(_ requests: @escaping @Sendable (TestServer, TestOrganization) async throws -> Void)
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let before = try await server.fingerprint()
      try await requests(server, org)
      #expect(try await server.fingerprint() == before)
    }
  }
}

extension TestServer.Answer {
  /// Whether this is the problem (RFC 9457) with this status and code, complete.
  func isProblem(_ status: Int, _ code: String) -> Bool {
    self.status == status && headers[.contentType] == "application/problem+json"
      && self["code"] == .string(code)
      && self["status"] == .integer(Int64(status)) && self["title"].string?.isEmpty == false
      && self["instance"].string == headers[.init("X-Request-Id")!]
  }

  /// Where and what, in order.
  var faults: [String] {
    (self["errors"].array ?? []).map { "\($0["pointer"]?.string ?? "") \($0["code"]?.string ?? "")" }.sorted()
  }
}
