import ConstatCore
import ConstatDemo
import ConstatServer
import Foundation
import Postgres
import Support
import Testing

@Suite struct StoryTests {
  @Test func `the main job runs end to end, from the phone call to the accountant's file`() async throws {
    try await TestServer.run(poolSize: 8, overHTTP: true) { server in
      let file = FileManager.default.temporaryDirectory.appending(path: "story-\(UUID().uuidString).sqlite")
        .path
      defer {
        for suffix in ["", "-wal", "-shm", "-attachments"] {
          try? FileManager.default.removeItem(atPath: file + suffix)
        }
      }
      let password = "un mot de passe de test"
      let found = FoundOrganization(owner: server.owner, clock: .system)
      for slug in ["demo", "voisin"] {
        _ = try await found(
          slug: slug, name: slug,
          members: {
            [
              .init(
                email: "admin@\(slug).test", firstName: nil, lastName: "Admin",
                profiles: [.superAdmin, .admin],
                passwordHash: PasswordHash.make(password))
            ]
          })
      }
      func signIn(_ name: String, _ slug: String = "demo") -> Story.SignIn {
        .init(email: "\(name)@\(slug).test", password: password)
      }
      let cast = Story.Cast(
        server: server.address, admin: signIn("admin"), office: signIn("claire"),
        accountant: signIn("compta"),
        marc: signIn("marc"), nadia: signIn("nadia"), neighbour: signIn("admin", "voisin"), deviceFile: file)
      try await DemoOrganization(cast: cast).setUp()
      do {
        try await Story(cast: cast, tell: { _ in }).play()
      } catch let departure as Story.Departure {
        Issue.record(Comment(rawValue: departure.description))
      }
    }
  }
}
