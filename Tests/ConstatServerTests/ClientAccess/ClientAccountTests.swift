import ConstatCore
import Foundation
import HTTPTypes
import Support
import Testing

@Suite struct ClientAccountTests {
  @Test func `a contact's e-mail becomes its login, with a password drawn and shown once IDN-08 IDN-17`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let contact = try await server.post(
        "/v1/contacts", as: org.office.token,
        ["last_name": "Agence", "kind": "agency", "email": "nive@example.test"])
      let path = "/v1/contacts/\(contact["id"].string ?? "")/account"
      #expect(try await server.get(path, as: org.office.token).status == 404)
      let made = try await server.post(path, as: org.office.token)
      #expect(made.status == 201, "\(made.text)")
      #expect(made["email"] == "nive@example.test" && made["last_signed_in_at"] == .null)
      let password = made["password"].string ?? ""
      #expect(password.count == 19)
      let signedIn = try await server.signIn("nive@example.test", password: password, from: "203.0.113.9")
      #expect(signedIn["account"]["kind"] == "client" && signedIn["account"]["contact_id"] == contact["id"])
      let read = try await server.get(path, as: org.office.token)
      #expect(read["last_signed_in_ip"] == "203.0.113.9" && read["last_signed_in_at"] != .null)
      #expect(read["password"] == .null)
      let again = try await server.post(path, as: org.office.token)
      #expect(again.status == 409 && again["code"] == "account-exists")
    }
  }

  @Test func `a password is given by hand, and a new one ends the client's sessions IDN-09 IDN-10`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let contact = try await server.post("/v1/contacts", as: org.office.token, ["last_name": "Sans adresse"])
      let path = "/v1/contacts/\(contact["id"].string ?? "")/account"
      let without = try await server.post(path, as: org.office.token)
      #expect(without.status == 422 && without["errors"].array?.first?["pointer"] == "/email")
      #expect(try await server.post(path + "/password", as: org.office.token).status == 404)
      let made = try await server.post(
        path, as: org.office.token, ["email": "x@example.test", "password": "donné à la main"])
      #expect(made.status == 201 && made["password"] == .null, "\(made.text)")
      let signedIn = try await server.signIn("x@example.test", password: "donné à la main")
      let renewed = try await server.post(path + "/password", as: org.office.token)
      #expect(renewed.status == 200)
      #expect(try await server.get("/v1/me", as: signedIn["access_token"].string).status == 401)
      #expect(
        try await server.signIn("x@example.test", password: renewed["password"].string ?? "").status == 200)
      let taken = try await server.post(
        "/v1/contacts", as: org.office.token, ["last_name": "Double", "email": "X@example.test"])
      let double = try await server.post(
        "/v1/contacts/\(taken["id"].string ?? "")/account", as: org.office.token)
      #expect(double.status == 409 && double["code"] == "email-taken")
    }
  }

  @Test func `a client reaches the portal and nothing of the staff's, technicians open no accounts`()
    async throws
  {
    try await TestServer.run { server in
      let org = try await server.organization()
      let rows = try await server.rows(in: org)
      for path in ["/v1/contacts", "/v1/users", "/v1/history", "/v1/documents/\(rows["document"])/content"] {
        #expect(try await server.get(path, as: rows.agencyToken).status == 403)
      }
      #expect(try await server.get("/v1/portal/dossiers", as: org.admin.token).status == 403)
      #expect(
        try await server.post("/v1/contacts/\(rows["contact"])/account", as: org.marc.token).status == 403)
    }
  }
}
